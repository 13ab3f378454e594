"""A provider that can be made to misbehave, and the plug-in that uses it."""

import json
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from plugins.user_authentication.oidc.hostile import (
    CALLBACK,
    CLIENT,
    CLIENT_PAGE,
    HostileProvider,
    LoginDriver,
    Memory,
    handler_of,
)
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.user_authentication.oidc import OIDCUserAuthentication


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    """A provider that behaves well unless configured otherwise."""
    found = HostileProvider()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(found)) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def make_driver(
    provider: HostileProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., LoginDriver]:
    """Return a factory of plug-ins with the given options."""
    monkeypatch.setenv("OIDC_TEST_SECRET", "s3cret")

    def make(**details: Any) -> LoginDriver:
        memory = Memory()
        context = PluginContext(
            "oidc", tmp_path, tmp_path, tmp_path, lambda _: None, memory.remember, memory.recall, CALLBACK
        )
        given = {
            "issuer": provider.url,
            "client_id": CLIENT,
            "client_secret_env": "OIDC_TEST_SECRET",
            "allowed_redirect_urls": [CLIENT_PAGE],
            **details,
        }
        options = OIDCUserAuthentication.Options.model_validate_json(json.dumps({"connection_details": given}))
        return LoginDriver(OIDCUserAuthentication(context, options), provider, memory)

    return make
