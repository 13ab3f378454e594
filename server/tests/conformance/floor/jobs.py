"""Jobs: from the launch to the end, stopped or by itself, and who hears of them."""

from conformance.floor.launching import NOBODYS_ID, clean_up, make, start
from conformance.floor.shapes import JOB, PAGED, SECONDS
from conformance.patterns import ANYTHING, TIME, Every, Known, Lacking, Matching, OneOf, Some
from conformance.rows import OPEN, Call, scenario

NONE_FOUND = "Job matching given parameters could not be found."
SESSION = "/passthrough/local/{job}"
SHUT = (401, 403, 404)
NOT_RUNNING = "This job is not running or pending."
ONE = {"id": Known("job")}
RUNNING = {**JOB, **ONE, "status": "running", "datetime_start": TIME, "datetime_end": None}
ENDED = {**JOB, **ONE, "status": "complete", "datetime_end": TIME}
TOLD = {"status": OneOf("pending", "running"), "current_job_details": {"message": Matching(".")}}

SCENARIOS = (
    scenario(
        "job stopped",
        make(),
        start("launched"),
        Call("is listed", "GET /jobs/", data={"jobs": Some({**JOB, **ONE}), **PAGED}),
        Call("all are objects of this kind", "GET /jobs/", data={"jobs": Every(JOB)}),
        Call("alone", "GET /jobs/{job}/", data={"jobs": [{**JOB, **ONE}]}),
        Call("is told live at once", "WS /jobs/{job}/", status=OPEN, body=TOLD, both=True),
        Call("is told live among all", "WS /jobs/", status=OPEN, body={**TOLD, **ONE}, until=True, both=True),
        Call("runs", "GET /jobs/{job}/", data={"jobs": [RUNNING]}, until=True),
        Call("was accepted by the resource", "GET /jobs/{job}/", data={"jobs": Lacking({"resource_job_id": -1})}),
        Call(
            "says how long it waited and what is left",
            "GET /jobs/{job}/",
            data={
                "jobs": [
                    {
                        "job_details": {
                            "metrics": {"time_pending": SECONDS},
                            "current_job_details": {"message": Matching("."), "time_left": SECONDS},
                        }
                    }
                ]
            },
        ),
        Call("is told live as running", "WS /jobs/{job}/", status=OPEN, body={**TOLD, "status": "running"}),
        Call(
            "keeps its workspace",
            "DELETE /workspaces/{id}/",
            status=400,
            says="Cannot delete workspace, jobs are running for this workspace.",
        ),
        Call("no other verb", "PUT /jobs/{job}/conformance/", status=400, says="Invalid PUT type passed."),
        Call("no start", "PUT /jobs/{job}/start/", json={}, status=400, says="Invalid PUT type passed."),
        Call(
            "not for others", "PUT /jobs/{job}/stop/", who="mallory", status=404, says="Job {job} not found for user."
        ),
        Call("stop", "PUT /jobs/{job}/stop/", says="Job queued to stop."),
        Call(
            "ends", "WS /jobs/{job}/", status=OPEN, body={"status": "complete", "current_job_details": dict}, until=True
        ),
        Call("has ended", "GET /jobs/{job}/", data={"jobs": [ENDED]}),
        Call("a second stop", "PUT /jobs/{job}/stop/", status=400, says=NOT_RUNNING),
        Call("finished jobs stay", "GET /jobs/", data={"jobs": Some(ENDED)}),
        Call(
            "the workspace is idle again",
            "GET /workspaces/{id}/",
            data={"workspaces": [{"status": "idle"}]},
            until=True,
        ),
        *clean_up("id"),
    ),
    scenario(
        "job stopped without the slash",
        make(),
        start("launched"),
        Call("stop", "PUT /jobs/{job}/stop", says=Matching(r"^(Job queued to stop|Successful stop)\.$")),
        Call("ends", "GET /jobs/{job}", data={"jobs": [{"status": "complete"}]}, until=True),
        *clean_up("id"),
    ),
    scenario(
        "job to its end",
        make(default_job_type="{job_type}"),
        Call(
            "launched",
            "PUT /workspaces/{id}/start/",
            json={"resource_options": Known("options")},
            keep={"job": "data.job.id"},
        ),
        Call("ends by itself", "GET /jobs/{job}/", data={"jobs": [ENDED]}, until=True),
        Call(
            "wrote its log",
            "GET /workspaces/{id}/",
            until=True,
            data={
                "workspaces": [
                    {
                        "workspace_details": {
                            "current_workspace_details": {"files": Some({"name": "/LocalTest_{job}_output.log"})}
                        }
                    }
                ]
            },
        ),
        Call("took core hours", "GET /jobs/{job}/", data={"jobs": [{"core_hours": Matching(r"[1-9]")}]}),
        *clean_up("id"),
        slow=True,
    ),
    scenario(
        "job filters",
        make(),
        start("launched"),
        Call("by workspace", "GET /jobs/?workspace_id={id}", data={"jobs": [ONE], "total": 1}),
        Call("by job type", "GET /jobs/?workspace_id={id}&job_type={job_type}", data={"jobs": [ONE]}),
        Call("of another job type", "GET /jobs/?job_type=conformance", says=NONE_FOUND, data={"jobs": []}),
        Call("runs", "GET /jobs/?workspace_id={id}&status=running", data={"jobs": [ONE]}, until=True),
        Call("number", "GET /jobs/{job}/", keep={"number": "data.jobs.0.resource_job_id"}),
        Call(
            "by the resource's number",
            "GET /jobs/?resource_job_id={number}",
            data={"jobs": Some({**ONE, "resource_job_id": Known("number")})},
        ),
        Call("not accepted yet", "GET /jobs/?resource_job_id=-1", data={"jobs": Every({"resource_job_id": -1})}),
        Call("of another status", "GET /jobs/?workspace_id={id}&status=failed", says=NONE_FOUND, data={"jobs": []}),
        Call("in no workspace", f"GET /jobs/?workspace_id={NOBODYS_ID}", says=NONE_FOUND, data={"jobs": []}),
        Call("nobody's", f"GET /jobs/{NOBODYS_ID}/", says=NONE_FOUND, data={"jobs": []}),
        Call("somebody else's", "GET /jobs/{job}/", who="mallory", says=NONE_FOUND, data={"jobs": []}),
        Call("not in somebody else's list", "GET /jobs/", who="mallory", data={"jobs": Lacking(ONE)}),
        Call(
            "stop nobody's",
            f"PUT /jobs/{NOBODYS_ID}/stop/",
            status=404,
            says=f"Job {NOBODYS_ID} not found for user.",
        ),
        Call("not told live to others", "WS /jobs/{job}/", who="mallory", status=(401, 403, 404), both=True),
        Call("not told live to nobody", "WS /jobs/{job}/", who="nobody", status=401),
        Call("nobody's is not told", f"WS /jobs/{NOBODYS_ID}/", status=404),
        *clean_up("id"),
    ),
    scenario(
        "session for its owner only",
        make(),
        start("launched"),
        Call("runs", "GET /jobs/{job}/", data={"jobs": [RUNNING]}, until=True),
        *(
            Call(
                f"{method} of {who}{query}",
                f"{method} {SESSION}/lab{query}",
                who=who,
                status=SHUT,
                raw=ANYTHING,
                both=False,
            )
            for method in ("GET", "POST", "PUT", "DELETE")
            for who, query in (("nobody", ""), ("mallory", ""), ("ada", ""), ("nobody", "?ticket=forged"))
        ),
        Call("nobody's session", f"GET /passthrough/local/{NOBODYS_ID}/lab", who="nobody", status=SHUT, raw=ANYTHING),
        Call("not by a WebSocket", f"WS {SESSION}/api/events", who="mallory", status=SHUT, raw=ANYTHING),
        *clean_up("id"),
    ),
)
