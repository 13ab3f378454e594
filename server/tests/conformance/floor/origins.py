"""Pages of other origins: those that the configuration names may read answers, no others."""

from conformance.patterns import Matching
from conformance.rows import Call, scenario

ASKS = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "uws-authorization,content-type"}
KNOWN, STRANGE = {"Origin": "{origin}"}, {"Origin": "https://evil.example.org"}
ALLOWED = {"access-control-allow-origin": "{origin}"}
NOT_ALLOWED = {"access-control-allow-origin": None}

SCENARIOS = (
    scenario(
        "origins",
        Call(
            "may ask beforehand",
            "OPTIONS /workspaces/",
            who="nobody",
            headers={**KNOWN, **ASKS},
            raw=b"",
            answers={
                **ALLOWED,
                "access-control-allow-headers": Matching("(?i)uws-authorization"),
                "access-control-allow-methods": Matching("PUT"),
            },
            both=True,
        ),
        Call("may read", "GET /workspaces/", headers=KNOWN, answers=ALLOWED),
        Call("may read why not", "GET /workspaces/", who="nobody", headers=KNOWN, status=401, answers=ALLOWED),
        Call("may put", "PUT /workspaces/999999999/", json={}, headers=KNOWN, status=404, answers=ALLOWED),
        Call("a strange one may not read", "GET /workspaces/", headers=STRANGE, answers=NOT_ALLOWED),
        Call(
            "a strange one may not ask beforehand",
            "OPTIONS /workspaces/",
            who="nobody",
            headers={**STRANGE, **ASKS},
            status=(200, 401, 403),
            answers=NOT_ALLOWED,
            raw=b"",
        ),
        Call("null may not", "GET /workspaces/", headers={"Origin": "null"}, answers=NOT_ALLOWED),
    ),
)
