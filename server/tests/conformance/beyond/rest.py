"""Quotas, tickets for live status, exact bounds, copies told in detail, and moments that only we can hold still."""

from conformance.floor.launching import clean_up, make, start
from conformance.floor.sharing import MADE, offer
from conformance.patterns import ANYTHING, NUMBER, Every, Exactly, Known, Matching, OneOf
from conformance.rows import OPEN, Call, scenario

START = "PUT /workspaces/{id}/start/"
STANDING = {"limit": ANYTHING, "used": ANYTHING, "reserved": ANYTHING, "left": ANYTHING, "frees_at": ANYTHING}
WRONG_TYPE = "num_cpus: Value 'one' of type str does not match required type int."
EXACT: dict[str, tuple[dict[str, object], list[str]]] = {
    "a text for a number": (
        {"num_cpus": "one"},
        [f"{WRONG_TYPE} Skipping further validation of parameter num_cpus."],
    ),
    "too little memory": ({"memory_mb": 1}, ["memory_mb: Value '1' not above minimum of 1024."]),
    "too much time": ({"time_limit_min": 481}, ["time_limit_min: Value '481' above maximum of 480."]),
    "too much time by its other name": (
        {"time_limit_minutes": 481},
        ["time_limit_min: Value '481' above maximum of 480."],
    ),
    "all at once": (
        {"num_cpus": 0, "memory_mb": 1, "time_limit_min": 481},
        [
            "num_cpus: Value '0' not above minimum of 1.",
            "memory_mb: Value '1' not above minimum of 1024.",
            "time_limit_min: Value '481' above maximum of 480.",
        ],
    ),
}
COPY = {"state": OneOf("waiting", "copying", "ready", "failed"), "percent": ANYTHING, "message": str}

SCENARIOS = (
    scenario(
        "quotas",
        Call(
            "mine",
            "GET /quotas/",
            data={
                "quotas": {
                    "disk": STANDING,
                    "core_hours": {**STANDING, "period_days": int},
                    "running_sessions": STANDING,
                },
                "contact": ANYTHING,
            },
        ),
        Call("nobody's", "GET /quotas/", who="nobody", status=401),
        Call("are not written", "PUT /quotas/", json={}, status=405),
    ),
    scenario(
        "live tickets",
        make(),
        start("launched"),
        Call(
            "ticket",
            "POST /live_tickets/",
            data={"ticket": str, "expires_in": 30},
            keep={"ticket": "data.ticket"},
            answers={"cache-control": "no-store"},
        ),
        Call(
            "opens",
            "WS /jobs/{job}/?ticket={ticket}",
            who="nobody",
            status=OPEN,
            both=False,
            body={"status": str, "current_job_details": {"message": str}},
        ),
        Call("only once", "WS /jobs/{job}/?ticket={ticket}", who="nobody", status=401),
        Call("without the slash", "POST /live_tickets", data={"ticket": str}),
        Call("for nobody", "POST /live_tickets/", who="nobody", status=401),
        Call(
            "by a sub-protocol",
            "WS /jobs/{job}/",
            who="nobody",
            status=OPEN,
            body={"status": str},
            headers={"Sec-WebSocket-Protocol": "uws-token, {ada_token}"},
        ),
        Call("from a page of elsewhere", "WS /jobs/", headers={"Origin": "https://evil.example.org"}, status=403),
        Call("from a portal", "WS /jobs/", headers={"Origin": "{origin}"}, status=OPEN, body={"id": int}),
        *clean_up("id"),
    ),
    scenario(
        "exact bounds",
        make(),
        *(
            Call(
                name,
                START,
                status=422,
                says=f"Invalid resource options found: {problems!r}",
                json={"job_type": "{job_type}", "resource_options": {"project": "p", **options}},
            )
            for name, (options, problems) in EXACT.items()
        ),
        Call(
            "what is missing",
            START,
            json={"job_type": "{job_type}", "resource_options": {}},
            status=422,
            says="Invalid resource options found: ['Missing required: project']",
        ),
        Call(
            "the largest time by its other name",
            START,
            json={"job_type": "{job_type}", "resource_options": {"project": "p", "time_limit_minutes": 480}},
            data={"job": {"status": "pending"}},
        ),
        *clean_up("id"),
    ),
    scenario(
        "before the resource has a job",
        make(),
        start("launched"),
        Call(
            "waits",
            "GET /jobs/{job}/",
            data={
                "jobs": [
                    {
                        "status": "pending",
                        "resource_job_id": -1,
                        "datetime_start": None,
                        "datetime_end": None,
                        "core_hours": Matching(r"^0(\.0+)?$"),
                        "job_details": {
                            "metrics": Exactly({}),
                            "current_job_details": {"message": "Waiting for the resource."},
                        },
                    }
                ]
            },
        ),
        Call(
            "is told live",
            "WS /jobs/{job}/",
            status=OPEN,
            body={"status": "pending", "current_job_details": {"message": "Waiting for the resource."}},
        ),
        Call("stopped", "PUT /jobs/{job}/stop/", says="Successful stop."),
        Call("has ended", "GET /jobs/{job}/", data={"jobs": [{"status": "complete", "resource_job_id": -1}]}),
        start("launched once more"),
        Call("stopped, without the slash", "PUT /jobs/{job}/stop", says="Successful stop."),
        Call("the workspace is idle", "GET /workspaces/{id}/", data={"workspaces": [{"status": "idle"}]}),
        start("launched a third time"),
        Call("deleted by force", "DELETE /workspaces/{id}/?force=true", says="Workspace {id} queued for deletion."),
        Call(
            "once more, which does nothing twice",
            "DELETE /workspaces/{id}/?force=true",
            says="Workspace {id} queued for deletion.",
        ),
        Call("and without force", "DELETE /workspaces/{id}/", says="Workspace {id} queued for deletion."),
        Call("is being deleted", "GET /workspaces/{id}/", data={"workspaces": [{"status": "deleting"}]}),
        Call(
            "takes no launch", START, json={"job_type": "{job_type}", "resource_options": Known("options")}, status=400
        ),
        Call("takes no files", "PUT /workspaces/{id}/upload/", files=(("f", "a", b"x"),), status=400),
        Call("all its jobs have ended", "GET /jobs/?workspace_id={id}", data={"jobs": Every({"status": "complete"})}),
        paused=True,
    ),
    scenario(
        "copies in detail",
        *MADE,
        offer(),
        Call(
            "not a stranger's",
            "DELETE /shared_workspaces/{copy}/",
            who="mallory",
            status=403,
            says="User does not have permissions for shared workspace {copy}.",
        ),
        Call("told", "GET /shared_workspaces/{copy}/", data={"original_workspaces": [{"copy_details": COPY}]}),
        Call(
            "waits",
            "GET /shared_workspaces/{copy}/",
            who="grace",
            data={
                "shared_workspaces": [{"copy_details": {"state": "waiting", "percent": NUMBER}, "is_accepted": False}]
            },
        ),
        Call("nothing to retry", "PUT /shared_workspaces/{copy}/retry/", status=400),
        Call(
            "offered twice",
            "POST /shared_workspaces/",
            json={"original_workspace_id": Known("id"), "shared_user_ids": [Known("grace")]},
            data={"shared_workspaces": [{"shared_workspace_id": {"id": Known("copy")}}]},
        ),
        Call("cancelled", "DELETE /shared_workspaces/{copy}/", says="Shared workspace {copy} queued for deletion."),
        Call("the original can go", "DELETE /workspaces/{id}/"),
        paused=True,
    ),
)
