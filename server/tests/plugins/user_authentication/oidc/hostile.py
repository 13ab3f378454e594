"""A provider that can be made to misbehave, and a driver for logins at it."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Identity
from user_workspaces.plugins.user_authentication.oidc import OIDCUserAuthentication

CLIENT = "uws"
CALLBACK = "https://uws.example.org/login/with/oidc/done/"
CLIENT_PAGE = "https://portal.example.org/back"
ACCESS_TOKEN = "an-access-token"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  the plug-in must refuse it
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str, **further: str) -> dict[str, Any]:
    """Return the public key as a JWK of the provider's list."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    algorithm = jwt.algorithms.RSAAlgorithm if is_rsa else jwt.algorithms.ECAlgorithm
    described: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    return {**described, "kid": kid, "use": "sig", **further}


def half_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


@dataclass
class HostileProvider:
    """Sends the configured responses; `sign` makes its ID tokens."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(RSA_KEY, "one")])
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], Any] | None = None
    responses: dict[str, Any] = field(default_factory=dict)
    """Overridden responses by path: a body, or (status, headers, body)."""
    calls: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)
    """The Authorization header that came with each form."""
    nonce: str = ""

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            **self.metadata,
        }

    def id_claims(self) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "248289761001",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "at_hash": half_hash(ACCESS_TOKEN),
            "preferred_username": "ada",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@example.org",
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self) -> dict[str, Any]:
        claims = self.id_claims()
        sign = self.sign or (lambda claims: jwt.encode(claims, RSA_KEY, "RS256", {"kid": "one"}))
        return {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60, "id_token": sign(claims)}

    def response(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.responses:
            override = self.responses[path]
            return override if isinstance(override, tuple) else (200, {"Content-Type": "application/json"}, override)
        bodies: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": self.discovery,
            "/keys": lambda: {"keys": self.keys},
            "/token": self.token,
            "/userinfo": lambda: {"sub": "248289761001", **self.userinfo},
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(bodies[path]()).encode()


def handler_of(provider: HostileProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.calls.append(self.path)
            status, headers, body = provider.response(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.forms.append({name: values[0] for name, values in parse_qs(sent).items()})
            provider.credentials.append(self.headers["Authorization"])
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@dataclass
class Memory:
    """The server's store for plug-ins, in this process."""

    kept: dict[str, str] = field(default_factory=dict)
    seconds: list[int] = field(default_factory=list)

    def remember(self, key: str, value: str, seconds: int) -> None:
        if key in self.kept:
            raise InvalidRequest("Please log in again.")
        self.kept[key] = value
        self.seconds.append(seconds)

    def recall(self, key: str) -> str | None:
        return self.kept.pop(key, None)


@dataclass
class LoginDriver:
    """Drives the plug-in through a login."""

    plugin: OIDCUserAuthentication
    provider: HostileProvider
    memory: Memory

    def begin(self, redirect_url: str = CLIENT_PAGE) -> dict[str, str]:
        """Start a login and return the query of the redirect; the provider learns the nonce."""
        away = self.plugin.redirect({"redirect_url": redirect_url})
        assert away is not None
        query = {name: values[0] for name, values in parse_qs(urlsplit(away.auth_uri).query).items()}
        self.provider.nonce = query["nonce"]
        assert query["state"] == away.state
        return query

    def finish(self, query: dict[str, str], **further: object) -> Identity | None:
        """Return from the provider with a code."""
        credentials = {"redirect_url": query["redirect_uri"], "code": "a-code", "state": query["state"], **further}
        return self.plugin.authenticate(credentials)

    def whole(self) -> Identity | None:
        """Run a complete login."""
        return self.finish(self.begin())
