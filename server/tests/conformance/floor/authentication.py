"""Who calls: three forms of the header, and 401 for everybody else at every door."""

from conformance.patterns import Matching
from conformance.rows import Call, scenario

PROTECTED = (
    "GET /workspaces/",
    "POST /workspaces/",
    "GET /workspaces/1/",
    "PUT /workspaces/1/",
    "DELETE /workspaces/1/",
    "PUT /workspaces/1/upload/",
    "PUT /workspaces/1/start/",
    "PUT /workspaces/1/anything/",
    "GET /jobs/",
    "GET /jobs/1/",
    "PUT /jobs/1/stop/",
    "PUT /jobs/1/anything/",
    "GET /users/?search=a",
    "GET /shared_workspaces/",
    "GET /shared_workspaces/1/",
    "POST /shared_workspaces/",
    "PUT /shared_workspaces/1/accept/",
    "PUT /shared_workspaces/1/anything/",
    "DELETE /shared_workspaces/1/",
    "WS /jobs/",
    "WS /jobs/1/",
)
GOOD = {
    "the scheme Token": {"UWS-Authorization": "Token {ada_token}"},
    "the bare token": {"UWS-Authorization": "{ada_token}"},
    "the usual header with Bearer": {"Authorization": "Bearer {ada_token}"},
}
BAD = {
    "nothing": {},
    "an unknown token": {"UWS-Authorization": "Token uws_0000000000000000000000000000000000000000000"},
    "an empty header": {"UWS-Authorization": ""},
    "the scheme alone": {"UWS-Authorization": "Token"},
    "a token with a letter more": {"UWS-Authorization": "Token {ada_token}x"},
    "a name and a password": {"Authorization": "Basic YWRhOmFkYQ=="},
    "an unknown bearer": {"Authorization": "Bearer nobody"},
}
CHALLENGE = {"www-authenticate": Matching(".")}

SCENARIOS = (
    scenario(
        "token in",
        *(
            Call(f"{form}: {ask}", ask, who="nobody", headers=headers)
            for form, headers in GOOD.items()
            for ask in ("GET /workspaces/", "GET /jobs/", "GET /users/", "GET /shared_workspaces/")
        ),
    ),
    scenario(
        "no token",
        *(Call(f"{ask}", ask, who="nobody", status=401, answers=CHALLENGE) for ask in PROTECTED),
    ),
    scenario(
        "bad token",
        *(
            Call(f"{form}: {ask}", ask, who="nobody", headers=headers, status=401, answers=CHALLENGE)
            for form, headers in BAD.items()
            for ask in ("GET /workspaces/", "POST /workspaces/", "PUT /workspaces/1/start/", "GET /jobs/")
        ),
        *(
            Call(f"an unknown token: {ask}", ask, who="nobody", headers=BAD["an unknown token"], status=401)
            for ask in PROTECTED
            if ask not in {"GET /workspaces/", "POST /workspaces/", "PUT /workspaces/1/start/", "GET /jobs/"}
        ),
    ),
)
