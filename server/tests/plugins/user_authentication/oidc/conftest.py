"""A provider that can be made to do anything wrong, and the plug-in that talks to it."""

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
    Memory,
    SignIn,
    handler_of,
)
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.user_authentication.oidc import OIDCUserAuthentication


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    """A provider that does all well until it is told otherwise."""
    found = HostileProvider()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(found)) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def sign_in(provider: HostileProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SignIn]:
    """Make the plug-in with these options."""
    monkeypatch.setenv("OIDC_TEST_SECRET", "s3cret")

    def make(**details: Any) -> SignIn:
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
        return SignIn(OIDCUserAuthentication(context, options), provider, memory)

    return make
