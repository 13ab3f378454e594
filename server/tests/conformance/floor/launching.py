"""Launches: what they may say, and every way in which one is refused."""

from conformance.floor.shapes import JOB
from conformance.patterns import Known, Matching, Some
from conformance.rows import REFUSED, Call, scenario

START = "PUT /workspaces/{id}/start/"
NOBODYS_ID = 999_999_999
WITHOUT = "Missing job_type and no default job type set on workspace."
STARTED = {"job": {**JOB, "status": "pending", "workspace_id": Known("id"), "resource_job_id": -1}}
OPTIONS = Known("options")
NO_INT = "{integer}: Value 'one' of type str does not match required type int."
SKIPPING = "Skipping further validation of parameter {integer}."
REFUSED_OPTIONS: dict[str, tuple[object, str]] = {
    "a text for a number": ("one", f"{NO_INT} {SKIPPING}"),
    "true for a number": (True, "{integer}: Value 'True' of type bool does not match required type int. " + SKIPPING),
    "null for a number": (None, "{integer}: Value 'None' of type NoneType does not match"),
    "too little": (Known("below"), "{integer}: Value '{below}' not above minimum of {low}."),
    "too much": (Known("above"), "{integer}: Value '{above}' above maximum of {high}."),
}


def clean_up(*names: str) -> tuple[Call, ...]:
    """Delete workspaces with what runs in them, so that nobody runs out of anything."""
    return tuple(Call(f"{name} is cleared away", f"DELETE /workspaces/{{{name}}}/?force=true") for name in names)


def make(name: str = "made", key: str = "id", **fields: object) -> Call:
    body = {"name": "launch-{run}", "description": "", **fields}
    return Call(name, "POST /workspaces/", json=body, keep={key: "data.id"})


def start(name: str, *, resource: bool = False, **said: object) -> Call:
    """Return a launch that is taken."""
    body: dict[str, object] = {"job_type": "{job_type}", "resource_options": OPTIONS, **said}
    if resource:
        body["resource"] = "{resource}"
    return Call(name, START, json=body, says="Successful start.", data=STARTED, keep={"job": "data.job.id"})


def _escaped(text: str) -> str:
    return text.replace(".", r"\.")


LAUNCHED = scenario(
    "launch",
    make(),
    start("with a job type", job_details={}),
    Call("the job", "GET /jobs/{job}/", data={"jobs": [{"id": Known("job"), "workspace_id": Known("id")}]}),
    Call(
        "its options can be read back",
        "GET /jobs/{job}/",
        data={"jobs": [{"job_details": {"request_job_details": {"resource_options": OPTIONS}}}]},
    ),
    Call(
        "makes the workspace active",
        "GET /workspaces/{id}/",
        data={"workspaces": [{"status": "active", "datetime_last_job_launch": Matching(r"^20")}]},
    ),
    start("an unknown option is no matter", resource_options=Known("odd_options")),
    Call(
        "without the slash",
        "PUT /workspaces/{id}/start",
        json={"job_type": "{job_type}", "resource_options": OPTIONS},
        data={"job": {"job_type": "{job_type}"}},
    ),
    Call("usual one", "PUT /workspaces/{id}/", json={"default_job_type": "{job_type}"}),
    Call(
        "the workspace's usual one",
        START,
        json={"resource_options": OPTIONS},
        data={"job": {"job_type": "{job_type}"}},
    ),
    start("on another resource", resource=True),
    Call("and is listed", "GET /jobs/?workspace_id={id}", data={"jobs": Some({"id": Known("job")})}),
    *clean_up("id"),
)


REFUSED_LAUNCHES = scenario(
    "launch refused",
    make(),
    Call("no job type", START, json={"resource_options": OPTIONS}, status=400, says=WITHOUT),
    Call("an empty one", START, json={"job_type": "", "resource_options": OPTIONS}, status=400, says=WITHOUT),
    Call("nothing", START, json={}, status=400, says=WITHOUT),
    Call(
        "a job type that is none",
        START,
        json={"job_type": "conformance", "resource_options": OPTIONS},
        status=400,
        says="conformance is not in the list of available job types.",
    ),
    *(
        Call(
            f"details are {type(details).__name__}",
            START,
            json={"job_type": "{job_type}", "resource_options": OPTIONS, "job_details": details},
            status=400,
            says="Job details not JSON.",
        )
        for details in ("a text", [1], 7)
    ),
    *(
        Call(
            f"options are {type(options).__name__}",
            START,
            json={"job_type": "{job_type}", "resource_options": options},
            status=400,
            says="Resource options not JSON.",
        )
        for options in ("a text", [1], 7)
    ),
    *(
        Call(
            name,
            START,
            json={"job_type": "{job_type}", "resource_options": {"{integer}": value}},
            status=422,
            says=Matching(rf"^Invalid resource options found: \[.*{_escaped(says)}.*\]$"),
        )
        for name, (value, says) in REFUSED_OPTIONS.items()
    ),
    Call(
        "a required one is missing",
        START,
        json={"job_type": "{job_type}", "resource_options": {}},
        status=422,
        says=Matching(r"^Invalid resource options found: \[.*Missing required: {required}.*\]$"),
    ),
    Call(
        "an option with a NUL",
        START,
        json={"job_type": "{job_type}", "resource_options": {"x": "\0"}},
        status=REFUSED,
    ),
    Call(
        "a resource that is none",
        START,
        json={"job_type": "{job_type}", "resource_options": OPTIONS, "resource": "conformance"},
        status=REFUSED,
    ),
    Call(
        "a resource that is a list",
        START,
        json={"job_type": "{job_type}", "resource_options": OPTIONS, "resource": ["a"]},
        status=REFUSED,
    ),
    Call("a job type that is a number", START, json={"job_type": 7}, status=REFUSED),
    Call(
        "somebody else's",
        START,
        who="mallory",
        json={"job_type": "{job_type}", "resource_options": OPTIONS},
        status=404,
        says="Workspace {id} not found for user.",
    ),
    *(
        Call(
            f"the verb {verb}",
            f"PUT /workspaces/{{id}}/{verb}/",
            json={},
            status=400,
            says="Invalid PUT type passed.",
        )
        for verb in ("stop", "launch", "conformance")
    ),
    Call("left no job", "GET /jobs/?workspace_id={id}", data={"jobs": []}),
    Call("left it as it was", "GET /workspaces/{id}/", data={"workspaces": [{"status": Matching("^i")}]}),
    *clean_up("id"),
)


SCENARIOS = (LAUNCHED, REFUSED_LAUNCHES)
