"""The regular responses of the fake REANA."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reana_jupyterlab.tests.fake_diff import diff
from reana_jupyterlab.tests.fake_reana import TOKEN, Exchange, Run, archive, matches
from reana_jupyterlab.tests.fake_sharing import seen_by_owner, share, shared_with_you, shares, unshare

T = TypeVar("T")
Answer = Callable[..., None]
QUOTA = {
    "cpu": {
        "health": "healthy",
        "limit": {"human_readable": "10h", "raw": 36_000_000},
        "usage": {"human_readable": "44s", "raw": 44_667},
    },
    "disk": {"health": "healthy", "usage": {"human_readable": "100 KiB", "raw": 102_400}},
}


def you(exchange: Exchange) -> None:
    value = exchange.one("access_token", TOKEN)
    token = {"value": value, "status": "active", "requested_at": "Sat, 21 Nov 2026 22:17:43 GMT"}
    person = {"email": exchange.reana.accounts[value], "full_name": None, "username": None}
    exchange.json({**person, "reana_server_version": "0.9.4", "reana_token": token, "quota": QUOTA})


def info(exchange: Exchange) -> None:
    told: dict[str, Any] = {"compute_backends": {"title": "Compute backends", "value": ["kubernetes"]}}
    if exchange.reana.engines is not None:
        told["supported_workflow_engines"] = {"title": "Workflow engines", "value": exchange.reana.engines}
    if exchange.reana.runtime is not None:
        told["container_runtime"] = {"title": "Container runtime", "value": exchange.reana.runtime}
    exchange.json(told)


def page_of(exchange: Exchange, items: Sequence[T]) -> tuple[list[T], dict[str, Any]] | None:
    page, size = int(exchange.one("page", "1")), int(exchange.one("size", "10"))
    if page < 1 or size < 1:
        exchange.json({"message": "Field 'page': Must be at least 1."}, 400)
        return None
    shown = list(items[(page - 1) * size : page * size])
    return shown, {"page": page, "total": len(items), "has_next": page * size < len(items), "has_prev": page > 1}


def searched(exchange: Exchange) -> str | None:
    try:
        return str(json.loads(exchange.one("search", '{"name": [""]}'))["name"][0])
    except (ValueError, KeyError, TypeError):
        exchange.json({"message": "Malformed request."}, 400)
        return None


def listed(exchange: Exchange) -> None:
    words = searched(exchange)
    if words is None:
        return
    wanted = exchange.query.get("status")
    found = [
        run
        for run in seen_by_owner(exchange)
        if words in run.name.partition(".")[0] and (not wanted or run.status in wanted)
    ]
    if exchange.one("sort") == "asc":
        found.reverse()
    if page := page_of(exchange, found):
        exchange.json(
            {
                "items": [item(exchange, run) for run in page[0]],
                **page[1],
                "user_has_workflows": bool(exchange.reana.runs),
            }
        )


def item(exchange: Exchange, run: Run) -> dict[str, Any]:
    has_size = "true" in {exchange.one("include_workspace_size"), exchange.one("verbose")}
    done = [job for job, fields in run.jobs.items() if fields.get("status") == "finished"]
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "created": run.created,
        "user": "00000000-0000-0000-0000-000000000000",
        "launcher_url": None,
        "size": {"human_readable": "", "raw": sum(map(len, run.files.values())) if has_size else -1},
        **({"owner_email": run.owner, "shared_with": []} if exchange.reana.sharing else {}),
        "progress": {
            "run_started_at": None if run.status == "created" else run.started,
            "run_finished_at": run.ended if run.status == "finished" else None,
            "run_stopped_at": None,
            "current_command": None,
            "current_step_name": None,
            "finished": {"total": len(done), "job_ids": done},
            "failed": {"total": 0, "job_ids": []},
            "running": {"total": len(run.jobs), "job_ids": list(run.jobs)},
            "total": {"total": len(run.jobs), "job_ids": []},
        },
    }


def status(exchange: Exchange, reference: str) -> None:
    if run := exchange.run(reference):
        exchange.json({**item(exchange, run), "logs": "{}"})


def logs(exchange: Exchange, reference: str) -> None:
    if run := exchange.run(reference):
        inner = {"workflow_logs": run.engine_log, "job_logs": run.jobs, "engine_specific": run.engine_specific}
        inner |= {"service_logs": run.service_logs} if run.service_logs else {}
        exchange.json({"workflow_id": run.id, "workflow_name": run.name, "user": "u", "logs": json.dumps(inner)})


def specification(exchange: Exchange, reference: str) -> None:
    if run := exchange.run(reference, missing=403):
        exchange.json({"parameters": run.parameters, "specification": run.specification})


def workspace(exchange: Exchange, reference: str) -> None:
    run, words = exchange.run(reference), searched(exchange)
    if run is None or words is None:
        return
    if run.status == "deleted":
        exchange.json({"message": "The workspace does not exist."}, 404)
        return
    names = [name for name in run.files if words in name]
    if page := page_of(exchange, names):
        exchange.json({"items": [file(run, name) for name in page[0]], **page[1]})


def file(run: Run, name: str) -> dict[str, Any]:
    size = run.listed.get(name, len(run.files[name]))
    return {
        "name": name,
        "last-modified": "2026-11-21T22:24:05",
        "size": {"raw": size, "human_readable": f"{size} Bytes"},
    }


def download(exchange: Exchange, reference: str, path: str) -> None:
    if not (run := exchange.run(reference)):
        return
    found = matches(run.files, path)
    if not found:
        exchange.json({"message": f"{path} does not exist."}, 404)
    elif list(found) == [path]:
        exchange.chunked(iter([found[path]] if found[path] else []), {"Content-Type": "application/octet-stream"})
    else:
        zipped = archive(found)
        exchange.chunked(iter([zipped]), {"Content-Type": "application/zip"})


def upload(exchange: Exchange, reference: str) -> None:
    if not (run := exchange.run(reference)):
        return
    name = exchange.one("file_name")
    if not name or ".." in name.split("/") or exchange.headers.get("Content-Type") != "application/octet-stream":
        exchange.json({"message": "'..' is not a valid path component"}, 400)
        return
    run.files[name] = exchange.body
    exchange.json({"message": f"{name} has been successfully uploaded."})


def delete_file(exchange: Exchange, reference: str, path: str) -> None:
    if run := exchange.run(reference):
        gone = [name for name in matches(run.files, path) if not name.startswith(f"{path}/")]
        exchange.json({"deleted": {name: {"size": len(run.files.pop(name))} for name in gone}, "failed": {}})


def move(exchange: Exchange, reference: str) -> None:
    if run := exchange.run(reference):
        run.files[exchange.one("target")] = run.files.pop(exchange.one("source"))
        exchange.json({"message": "Files were successfully moved", "workflow_id": run.id, "workflow_name": run.name})


def create(exchange: Exchange) -> None:
    name = exchange.one("workflow_name")
    if "." in name:
        exchange.json({"message": f'Workflow name {name} contains illegal character "."'}, 403)
        return
    number = 1 + sum(run.name.startswith(f"{name}.") for run in exchange.reana.runs)
    if exchange.reana.modern:
        if b'name="bundle"' not in exchange.body:
            exchange.json({"message": "The bundle is missing."}, 400)
            return
        described: dict[str, Any] = {}
    else:
        described = json.loads(exchange.body)
        if "type" not in described.get("workflow", {}):
            exchange.json({"message": "'type'"}, 400)
            return
    run = exchange.reana.add(f"{name}.{number}", status="created", specification=described)
    exchange.json({"message": "Workflow workspace created", "workflow_id": run.id, "workflow_name": run.name}, 201)


def start(exchange: Exchange, reference: str) -> None:
    if not (run := exchange.run(reference)):
        return
    body = json.loads(exchange.body)
    if body.get("restart"):
        run = exchange.reana.add(f"{run.name}.1", files=run.files, specification=run.specification)
    elif run.status != "created":
        exchange.json({"message": f"Workflow {run.name} is already {run.status} and cannot be started again."}, 403)
        return
    run.status, run.parameters = "queued", body["input_parameters"]
    name, _, number = run.name.partition(".")
    said = {"message": "Workflow submitted.", "status": "queued", "user": "u"}
    exchange.json({**said, "workflow_id": run.id, "workflow_name": name, "run_number": number})


def set_status(exchange: Exchange, reference: str) -> None:
    if not (run := exchange.run(reference)):
        return
    wanted = exchange.one("status")
    if wanted == "stop" and run.status not in {"running", "queued", "pending"}:
        exchange.json({"message": f"Workflow {run.id} is not running."}, 409)
        return
    run.status = {"stop": "stopped", "deleted": "deleted"}[wanted]
    exchange.json(
        {"message": "Done.", "status": run.status, "workflow_id": run.id, "workflow_name": run.name, "user": "u"}
    )


def secrets(exchange: Exchange) -> None:
    exchange.json([{"name": name, "type": kept["type"]} for name, kept in exchange.reana.secrets.items()])


def add_secrets(exchange: Exchange) -> None:
    new = json.loads(exchange.body)
    if exchange.one("overwrite") != "true" and new.keys() & exchange.reana.secrets.keys():
        exchange.json({"message": "The submitted secrets already exist."}, 409)
        return
    exchange.reana.secrets.update(new)
    exchange.json({"message": "Secret(s) successfully added."}, 201)


def delete_secrets(exchange: Exchange) -> None:
    names = json.loads(exchange.body)
    missing = [name for name in names if exchange.reana.secrets.pop(name, None) is None]
    exchange.json(missing or names, 404 if missing else 200)


def prune(exchange: Exchange, reference: str) -> None:
    if run := exchange.run(reference):
        kept = {
            "inputs": exchange.one("include_inputs") != "true",
            "outputs": exchange.one("include_outputs") != "true",
        }
        run.files = {name: data for name, data in run.files.items() if kept.get(name.partition("/")[0], False)}
        exchange.json({"message": "The workspace has been correctly pruned."})


def retention(exchange: Exchange, reference: str) -> None:
    if exchange.run(reference):
        exchange.json({"workflow_id": "", "retention_rules": [{"workspace_files": "**/*", "retention_days": 7}]})


_RUN = r"/api/workflows/([^/]+)"
ROUTES: list[tuple[re.Pattern[str], Answer]] = [
    (re.compile(pattern), answer)
    for pattern, answer in (
        ("GET /api/you", you),
        ("GET /api/info", info),
        ("GET /api/secrets", secrets),
        ("POST /api/secrets/", add_secrets),
        ("DELETE /api/secrets/", delete_secrets),
        (f"POST {_RUN}/prune", prune),
        (f"GET {_RUN}/retention_rules", retention),
        ("GET /api/workflows", listed),
        ("POST /api/workflows", create),
        ("PUT /api/workflows/move_files/([^/]+)", move),
        (f"GET {_RUN}/status", status),
        (f"PUT {_RUN}/status", set_status),
        (f"GET {_RUN}/logs", logs),
        (f"GET {_RUN}/specification", specification),
        (f"GET {_RUN}/diff/([^/]+)", diff),
        ("GET /api/users/shared-with-you", shared_with_you),
        (f"POST {_RUN}/start", start),
        (f"POST {_RUN}/share", share),
        (f"GET {_RUN}/share-status", shares),
        (f"POST {_RUN}/unshare", unshare),
        (f"GET {_RUN}/workspace", workspace),
        (f"POST {_RUN}/workspace", upload),
        (f"GET {_RUN}/workspace/(.+)", download),
        (f"DELETE {_RUN}/workspace/(.+)", delete_file),
    )
]
