"""Serializes the client's values for the front end; keys written by users are unchanged."""

from dataclasses import asdict

from reana_jupyterlab.reana.logs import JobLog, LogText, RunLogs
from reana_jupyterlab.reana.parameters import Field
from reana_jupyterlab.reana.responses import with_zone
from reana_jupyterlab.reana.validate import Problem
from reana_jupyterlab.reana.values import Created, FilePage, JsonObject, User, Workflow, WorkflowPage

TIMES = ("started_at", "finished_at")


def workflow_json(workflow: Workflow) -> JsonObject:
    """Return one run."""
    return {
        "id": workflow.id,
        "name": workflow.name.name,
        "run": workflow.name.run,
        "status": workflow.status,
        "createdAt": workflow.created_at,
        "startedAt": workflow.started_at,
        "finishedAt": workflow.finished_at,
        "stoppedAt": workflow.stopped_at,
        "finishedJobs": workflow.finished_jobs,
        "failedJobs": workflow.failed_jobs,
        "totalJobs": workflow.total_jobs,
        "currentStep": workflow.current_step,
        "currentCommand": workflow.current_command,
        "launcherUrl": workflow.launcher_url,
        "size": workflow.size,
        "sessionUri": workflow.session_uri,
        "ownerEmail": workflow.owner_email,
        "sharedWith": list(workflow.shared_with),
    }


def workflow_page_json(page: WorkflowPage) -> JsonObject:
    """Return a page of runs."""
    return {
        "items": [workflow_json(item) for item in page.items],
        "total": page.total,
        "page": page.page,
        "has_next": page.has_next,
        "has_prev": page.has_prev,
    }


def file_page_json(page: FilePage) -> JsonObject:
    """Return a page of files; sizes in bytes."""
    return {
        "files": [{"name": file.name, "lastModified": file.last_modified, "size": file.size} for file in page.items],
        "totalFiles": page.total,
        "total": page.total,
        "page": page.page,
        "has_next": page.has_next,
        "has_prev": page.has_prev,
    }


def logs_json(logs: RunLogs) -> dict[str, object]:
    """Return a run's logs; truncated logs have their end and their full length."""
    jobs = {
        identifier: {**job_json(job), "logs": job.log.text(), **_cut(job.log)} for identifier, job in logs.jobs.items()
    }
    engine = logs.engine.text()
    return {
        "engineLogs": engine,
        "engineLogsTruncated": logs.engine.is_cut,
        "engineSpecific": logs.engine_specific,
        "serviceLogs": {name: log.text() for name, log in logs.services.items()},
        "jobLogs": jobs,
    }


def job_json(job: JobLog) -> dict[str, object]:
    """Return a job's fields with REANA's names; times have a zone."""
    times = {key: with_zone(value) for key in TIMES if isinstance(value := job.fields.get(key), str) and value}
    return {**job.fields, **times}


def user_json(user: User) -> JsonObject:
    """Return the user, without the token."""
    return {"email": user.email, "fullName": user.full_name}


def quota_json(user: User) -> JsonObject:
    """Return the quotas by resource (`cpu` in milliseconds, `disk` in bytes); limit 0 is unlimited."""
    return {
        name: {
            "usage": quota.usage,
            "limit": quota.limit,
            "usageText": quota.usage_text,
            "limitText": quota.limit_text,
            "health": quota.health,
        }
        for name, quota in user.quota.items()
    }


def created_json(created: Created) -> JsonObject:
    """Return a new run."""
    return {"id": created.id, "name": created.name.name, "run": created.name.run}


def problem_json(problem: Problem) -> JsonObject:
    """Return a problem of the validation."""
    return asdict(problem)


def field_json(field: Field) -> JsonObject:
    """Return a field of the form for a run."""
    return {
        "name": field.name,
        "type": field.kind,
        "default": field.default,
        "line": field.line,
        "choices": list(field.choices),
    }


def _cut(log: LogText) -> dict[str, object]:
    return {"logs_truncated": log.is_cut, "logs_length": log.length}
