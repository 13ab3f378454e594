"""`/api/workflows/{id}/...`: start, status, logs, specification, parameters and retention rules of one run."""

import json
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import InvalidRequest, NotAllowed, NotFound
from user_workspaces.reana_api import serializers
from user_workspaces.reana_api.user_ids import user_uuid
from user_workspaces.reana_api.view import ReanaView, json_in, object_in, positive
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.plan import specification_of
from user_workspaces.workflows.lifecycle.retention import rules_of
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run
from user_workspaces.workflows.storage.logs import LogSelection, job_logs, logs_of
from user_workspaces.workflows.storage.progress import progress_of


class StartRun(ReanaView):
    """Start or restart a run."""

    scope = Scope.SESSIONS

    def post(self, request: Request, named: str) -> Response:
        """Queue the run; `restart` creates another one in the same workspace."""
        return _started(find_run(user=self.current_user, named=named), object_in(request))


def _started(run: Run, body: dict[str, Any]) -> Response:
    start = Start(
        parameters=_object(body, "input_parameters"),
        options=_object(body, "operational_options"),
        specification=body.get("reana_specification") or None,
    )
    start_or_restart = restart_run if body.get("restart") is True else start_run
    started = start_or_restart(run=run, start=start, now=timezone.now())
    return Response(
        {
            "message": "Workflow submitted.",
            "workflow_id": str(started.pk),
            "workflow_name": started.name,
            "run_number": started.number,
            "status": started.status,
            "user": user_uuid(started.owner_id),
        }
    )


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidRequest(f"{name} must be an object.")
    return found


class RunStatusView(ReanaView):
    """The status of a run; stop and delete it."""

    scope = Scope.SESSIONS

    def get(self, _request: Request, named: str) -> Response:
        """Return status and progress, and the logs of the commands as JSON in a string."""
        run = find_run(user=self.current_user, named=named)
        current = progress_of(run)
        return Response(
            {
                "id": str(run.pk),
                "name": run.full_name,
                "status": current.status.value,
                "created": serializers.moment(run.datetime_created),
                "user": user_uuid(run.owner_id),
                "logs": json.dumps(job_logs(run, current.steps)),
                "progress": serializers.progress(run, current),
            }
        )

    def put(self, request: Request, named: str) -> Response:
        """Stop, delete or start the run."""
        wanted, body = request.query_params.get("status", ""), object_in(request)
        run, now = find_run(user=self.current_user, named=named), timezone.now()
        match wanted:
            case "stop":
                run, message = stop_run(run=run, now=now), "Workflow successfully stopped."
            case "deleted":
                # The scope of the view covers stopping; a deletion also removes files.
                self.require(Scope.WORKSPACES)
                delete_run(run=run, now=now, all_runs=body.get("all_runs") is True)
                message = "Workflow successfully deleted."
            case "start":
                return _started(run, body)
            case _:
                raise InvalidRequest(f"{wanted[:50]!r} is not one of ['start', 'stop', 'deleted']")
        return Response(
            {
                "message": message,
                "status": run.status,
                "workflow_id": str(run.pk),
                "workflow_name": run.full_name,
                "user": user_uuid(run.owner_id),
            }
        )


class RunLogs(ReanaView):
    """The logs of a run, also while it runs."""

    def get(self, request: Request, named: str) -> Response:
        """Return the logs as JSON in a string; an array of names in the body selects steps."""
        # reana-client sends the names of steps in the body of a GET.
        run, steps = find_run(user=self.current_user, named=named), json_in(request)
        if steps is not None and not (isinstance(steps, list) and all(isinstance(one, str) for one in steps)):
            raise InvalidRequest("The steps must be a list of names.")
        wanted = LogSelection(steps=steps or None, page=positive(request, "page") or 1, size=positive(request, "size"))
        return Response({"logs": json.dumps(logs_of(run, wanted)), **_named(run), "user": user_uuid(run.owner_id)})


class RunSpecification(ReanaView):
    """The specification of a run."""

    def get(self, _request: Request, named: str) -> Response:
        """Return it with the parameters of the start. As in REANA, an unknown run is a 403 here, not a 404."""
        try:
            run = find_run(user=self.current_user, named=named)
        except NotFound as error:
            raise NotAllowed(error.message) from None
        return Response({"specification": json.loads(run.specification), "parameters": run.parameters})


class RunParameters(ReanaView):
    """The values of `${name}` in commands."""

    def get(self, _request: Request, named: str) -> Response:
        """Return the parameters of the specification, overridden by those of the start."""
        run = find_run(user=self.current_user, named=named)
        specification = specification_of(run)
        parameters = {**specification.parameters(), **run.parameters}
        description = {"id": str(run.pk), "name": run.full_name, "type": specification.workflow_type}
        return Response({**description, "parameters": parameters})


class RetentionRules(ReanaView):
    """The retention rules of a run."""

    def get(self, _request: Request, named: str) -> Response:
        """Return the rules with their dates and statuses."""
        run = find_run(user=self.current_user, named=named)
        rules = [
            {
                "id": str(rule.id),
                "workspace_files": rule.pattern,
                "retention_days": rule.days,
                "apply_on": serializers.moment(rule.apply_on),
                "status": rule.status.value,
            }
            for rule in rules_of(run, now=timezone.now())
        ]
        return Response({**_named(run), "retention_rules": rules})


def _named(run: Run) -> dict[str, object]:
    return {"workflow_id": str(run.pk), "workflow_name": run.full_name}
