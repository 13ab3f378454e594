"""A local Globus service, and the plug-in that uses it."""

import json
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from plugins.user_authentication.globus.globus_service import CLIENT, SECRET, GlobusService, handler_of
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.plugins.user_authentication.globus import GlobusUserAuthentication

CALLBACK = "https://uws.example.org/login/with/globus/done/"


@pytest.fixture
def globus(monkeypatch: pytest.MonkeyPatch) -> Iterator[GlobusService]:
    """The services, at the addresses that the SDK reads from the environment."""
    service = GlobusService()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(service)) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", service.url)
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_GROUPS", service.url)
        monkeypatch.setenv("GLOBUS_TEST_SECRET", SECRET)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield service
        server.shutdown()
        thread.join()


@pytest.fixture
def plugin(globus: GlobusService, tmp_path: Path) -> Callable[..., GlobusUserAuthentication]:
    """Return a factory of plug-ins with the given options."""

    def make(**details: Any) -> GlobusUserAuthentication:
        kept: dict[str, str] = {}
        context = PluginContext(
            "globus",
            tmp_path,
            tmp_path,
            tmp_path,
            lambda _: None,
            lambda key, value, _: kept.update({key: value}),
            lambda key: kept.pop(key, None),
            CALLBACK,
        )
        given = {"client_id": CLIENT, "client_secret_env": "GLOBUS_TEST_SECRET", "username_domain": "uni.example"}
        text = json.dumps({"connection_details": {**given, **details}})
        return GlobusUserAuthentication(context, GlobusUserAuthentication.Options.model_validate_json(text))

    return make
