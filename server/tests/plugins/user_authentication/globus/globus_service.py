"""A local Globus Auth and Globus Groups that respond as their documentation says.

A token is for one service (`resource_server`); introspection by a client that is not in its audience returns
`{"active": false}`; Groups accepts only its own tokens; a code is valid once, for its client, its redirect URI and
its PKCE verifier.
"""

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from user_workspaces.interfaces.values import Identity

CLIENT, SECRET = "2f7b8a9e-0000-4000-8000-000000000001", "globus-secret"
OTHER_CLIENT = "2f7b8a9e-0000-4000-8000-000000000002"
ADA = "ae2a1750-0000-4000-8000-00000000ada0"
RESEARCHERS = "9d3d1e1c-0000-4000-8000-000000000007"
VIEW_GROUPS = "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"
REDIRECT_TARGET = "/redirect-target"
TRANSFER = "urn:globus:auth:scope:transfer.api.globus.org:all"

ADA_IDENTITY = Identity(
    issuer="https://auth.globus.org",
    subject=ADA,
    username="ada",
    email="ada@uni.example",
    first_name="Ada King",
    last_name="Lovelace",
    is_proven=True,
)


def server_of(scope: str) -> str:
    """Return the service that a scope belongs to."""
    return scope.split(":")[4] if scope.startswith("urn:globus:auth:scope:") else "auth.globus.org"


@dataclass
class GlobusService:
    """Both services in one."""

    url: str = ""
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    memberships: dict[str, str] = field(default_factory=lambda: {RESEARCHERS: "active"})
    responses: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Overridden responses by path."""
    further: dict[str, Any] = field(default_factory=dict)
    """Overridden claims of introspection."""
    calls: list[str] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def issue(self, scope: str = VIEW_GROUPS, *, client: str = CLIENT, seconds: int = 3600, sub: str = ADA) -> str:
        """Issue a token."""
        text = f"Ag-token-{next(self.numbers)}"
        now = int(time.time())
        self.tokens[text] = {
            "sub": sub,
            "scope": scope,
            "client_id": client,
            "aud": [server_of(scope.split(maxsplit=1)[0]), client],
            "iat": now,
            "exp": now + seconds,
        }
        return text

    def code_for(self, address: str) -> str:
        """Log Ada in at this address and return her code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = f"code-{next(self.numbers)}"
        self.codes[code] = query
        return code

    def response(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, object]:
        match path:
            case "/.well-known/openid-configuration":
                return 200, {"issuer": "https://auth.globus.org"}
            case "/v2/oauth2/token/introspect":
                return self._introspect(form, authorization)
            case "/v2/oauth2/token":
                return self._exchange(form, authorization)
            case "/v2/groups/my_groups":
                return self._groups(authorization.removeprefix("Bearer "))
        return 404, {"errors": [{"status": "404", "code": "NOT_FOUND", "title": "Not found", "detail": path}]}

    def _introspect(self, form: dict[str, str], authorization: str) -> tuple[int, object]:
        if authorization != f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}":
            return 401, {"errors": [{"status": "401", "code": "UNAUTHORIZED", "title": "Call must be authenticated"}]}
        token = self.tokens.get(form["token"])
        if token is None or CLIENT not in token["aud"] or token["exp"] < time.time() - 600:
            return 200, {"active": False}
        user = {"username": "ada@uni.example", "name": "Ada King Lovelace", "email": "ada@uni.example"}
        return 200, {
            "active": True,
            "iss": "https://auth.globus.org",
            "nbf": token["iat"],
            **user,
            **token,
            **self.further,
        }

    def _exchange(self, form: dict[str, str], authorization: str) -> tuple[int, object]:
        if authorization != f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}":
            return 401, {"error": "invalid_client"}
        started = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = started and started["redirect_uri"] == form["redirect_uri"] and started["code_challenge"] == challenge
        if not started or not fits:
            return 401, {"error": "invalid_grant"}
        by_server: dict[str, list[str]] = {}
        for scope in started["scope"].split():
            by_server.setdefault(server_of(scope), []).append(scope)
        parts = [
            {"access_token": self.issue(" ".join(scopes)), "resource_server": server, "token_type": "Bearer",
             "expires_in": 3600, "scope": " ".join(scopes)}
            for server, scopes in by_server.items()
        ]  # fmt: skip
        return 200, {**parts[0], "other_tokens": parts[1:]}

    def _groups(self, token: str) -> tuple[int, object]:
        found = self.tokens.get(token)
        if found is None or found["aud"][0] != "groups.api.globus.org":
            return 401, {"code": "INVALID_TOKEN", "detail": "The provided token could not be validated"}
        return 200, [
            {"id": group, "name": "g", "my_memberships": [{"identity_id": ADA, "status": status, "role": "member"}]}
            for group, status in self.memberships.items()
        ]


def handler_of(service: GlobusService) -> type[BaseHTTPRequestHandler]:
    """Return the request handler of the service."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._serve({name: values[0] for name, values in parse_qs(sent).items()})

        def _serve(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            service.calls.append(path)
            status, found = service.responses.get(path) or service.response(
                path, form, self.headers.get("Authorization", "")
            )
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            if status == HTTPStatus.FOUND:
                self.send_header("Location", REDIRECT_TARGET)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
