"""What nobody means: refused with JSON, never with an error of the server, a page or a redirect."""

from conformance.floor.launching import NOBODYS_ID
from conformance.patterns import Known
from conformance.rows import REFUSED, Call, scenario

WITH_BODY = (
    "POST /tokens/",
    "POST /workspaces/",
    "PUT /workspaces/{id}/",
    "PUT /workspaces/{id}/start/",
    "POST /shared_workspaces/",
)
BODIES: dict[str, bytes] = {
    "no JSON": b"{",
    "words": b"hello",
    "null": b"null",
    "a list": b"[]",
    "a list of lists": b"[[[]]]",
    "a text": b'"text"',
    "a number": b"7",
    "true": b"true",
    "bytes that are no text": b"\xff\xfe\x00",
    "a NUL": b"\x00",
    "a very deep list": b"[" * 100_000,
    "a number of 10,000 digits": b'{"name": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"name": NaN}',
    "half a character": b'{"name": "\\ud800", "description": ""}',
}
KINDS = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
    "nonsense",
    "application/json; charset=x",
)
PATHS = (
    "/nothing/",
    "/workspaces/abc/",
    "/workspaces/-1/",
    "/workspaces/1.5/",
    "/workspaces/%00/",
    "/workspaces/1/2/3/4/",
    "/jobs/abc/",
    "/jobs/1/stop/now/",
    f"/jobs/{'9' * 40}/",
    f"/workspaces/{'9' * 40}/",
    f"/shared_workspaces/{'9' * 40}/",
    "/shared_workspaces/abc/",
    "/users/1/",
    "/tokens/1/1/1/",
    "/job_types/local/",
    "/parameters/x/",
    "/status/x/",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/WORKSPACES/",
    f"/{'x' * 5000}/",
    "/%ff%fe/",
)
WITHOUT_METHOD = {
    "/status/": ("POST", "PUT", "DELETE", "PATCH"),
    "/job_types/": ("POST", "PUT", "DELETE", "PATCH"),
    "/parameters/": ("POST", "PUT", "DELETE", "PATCH"),
    "/users/": ("POST", "PUT", "DELETE", "PATCH"),
    "/jobs/": ("POST", "PUT", "DELETE", "PATCH"),
    "/jobs/{nobodys}/": ("POST", "PUT", "DELETE", "PATCH"),
    "/jobs/{nobodys}/stop/": ("GET", "POST", "DELETE", "PATCH"),
    "/workspaces/": ("PUT", "DELETE", "PATCH"),
    "/workspaces/{id}/": ("POST", "PATCH"),
    "/workspaces/{id}/start/": ("GET", "POST", "DELETE", "PATCH"),
    "/workspaces/{id}/upload/": ("GET", "POST", "DELETE", "PATCH"),
    "/shared_workspaces/": ("PUT", "DELETE", "PATCH"),
    "/shared_workspaces/{nobodys}/": ("POST", "PUT", "PATCH"),
    "/shared_workspaces/{nobodys}/accept/": ("GET", "POST", "DELETE", "PATCH"),
    "/tokens/": ("PUT", "PATCH"),
}
QUERIES = (
    "/jobs/?workspace_id=abc",
    "/jobs/?workspace_id=",
    "/jobs/?workspace_id=1.5",
    f"/jobs/?workspace_id={'9' * 40}",
    "/jobs/?resource_job_id=abc",
    "/jobs/?workspace_id=%00",
    "/shared_workspaces/?is_accepted=perhaps",
    "/shared_workspaces/?is_accepted=",
)
HARMLESS = (
    "/shared_workspaces/?is_accepted=true",
    "/shared_workspaces/?is_accepted=false",
    "/shared_workspaces/?is_accepted=True",
    "/jobs/?job_type=%00",
    "/jobs/?status=nonsense",
    "/jobs/?conformance=1",
    "/workspaces/?name=%00",
    "/workspaces/?name=%ff%fe",
    f"/workspaces/?name={'x' * 5000}",
    "/workspaces/?name=a&name=b",
    "/workspaces/?id__gt=0",
)
HEADERS: dict[str, dict[str, str]] = {
    "a range": {"Range": "bytes=0-1"},
    "a condition": {"If-None-Match": "*"},
    "another language": {"Accept-Language": "xx"},
    "only pages": {"Accept": "text/html"},
    "only pictures": {"Accept": "image/png"},
    "another method": {"X-HTTP-Method-Override": "DELETE"},
    "a cookie that is none": {"Cookie": "sessionid=nobody; csrftoken="},
}

SCENARIOS = (
    scenario(
        "nonsense in bodies",
        Call("made", "POST /workspaces/", json={"name": "sense-{run}", "description": ""}, keep={"id": "data.id"}),
        *(
            Call(f"{what}: {ask}", ask, content=body, headers={"Content-Type": "application/json"}, status=REFUSED)
            for ask in WITH_BODY
            for what, body in BODIES.items()
            if not (what == "a number of 10,000 digits" and ask == "PUT /workspaces/{id}/")
        ),
        *(
            Call(f"{kind}: {ask}", ask, content=b"name=a&description=b", headers={"Content-Type": kind}, status=REFUSED)
            for ask in WITH_BODY
            for kind in KINDS
        ),
        Call("changed nothing", "GET /workspaces/{id}/", data={"workspaces": [{"name": "sense-{run}"}]}),
    ),
    scenario(
        "nonsense in paths",
        *(
            Call(f"{method} {path[:60]}", f"{method} {path}", status=REFUSED)
            for path in PATHS
            for method in ("GET", "PUT")
        ),
        *(Call(f"{method} /nothing/", f"{method} /nothing/", status=404) for method in ("POST", "DELETE", "PATCH")),
        Call("for a browser, too", "GET /jobs/abc/", headers={"Accept": "text/html"}, status=404),
        Call("without a token", "GET /nothing/", who="nobody", status=404),
        Call("a WebSocket to nowhere", "WS /nothing/", status=404),
        Call("a WebSocket to a list", "WS /workspaces/", status=REFUSED),
    ),
    scenario(
        "methods that are not there",
        Call("made", "POST /workspaces/", json={"name": "verbs-{run}", "description": ""}, keep={"id": "data.id"}),
        *(
            Call(f"{method} {path}", f"{method} {path.replace('{nobodys}', str(NOBODYS_ID))}", status=405)
            for path, methods in WITHOUT_METHOD.items()
            for method in methods
        ),
        Call("changed nothing", "GET /workspaces/{id}/", data={"workspaces": [{"id": Known("id")}]}),
    ),
    scenario(
        "nonsense in queries",
        *(Call(f"{path[:60]}", f"GET {path}", status=REFUSED) for path in QUERIES),
        *(Call(f"{path[:60]}", f"GET {path}") for path in HARMLESS),
    ),
    scenario("odd headers", *(Call(name, "GET /workspaces/", headers=sent) for name, sent in HEADERS.items())),
)
