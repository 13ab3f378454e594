"""What the server says of itself to everybody."""

from conformance.patterns import Every, Matching
from conformance.rows import Call, scenario

STATUS = {"version": str, "build": str, "dependencies": dict}
PARAMETER = {
    "display_name": str,
    "variable_name": str,
    "validation": {"type": Matching("^(int|float|str|bool)$")},
}
STRANGE = {"UWS-Authorization": "Token of nobody"}

SCENARIOS = (
    scenario(
        "site",
        Call("status", "GET /status/", who="nobody", body=STATUS, hides=("{client_token}",)),
        Call("status with a token", "GET /status/", body=STATUS, hides=("{ada_token}",)),
        Call("status with a token that is not good", "GET /status/", who="nobody", headers=STRANGE, body=STATUS),
        Call(
            "job types",
            "GET /job_types/",
            who="nobody",
            data={"job_types": {"{job_type}": {"id": "{job_type}", "name": str}}},
        ),
        Call("job types all have their id", "GET /job_types/", data={"job_types": Every({"id": str, "name": str})}),
        Call("job types with a token that is not good", "GET /job_types/", who="nobody", headers=STRANGE),
        Call("parameters", "GET /parameters/", who="nobody", data={"parameters": Every(PARAMETER)}),
        Call("parameters with a token that is not good", "GET /parameters/", who="nobody", headers=STRANGE),
    ),
)
