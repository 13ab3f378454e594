"""The Jupyter configuration of one session, read by Jupyter from the session's directory, beside `session.json`.

Every setting that protects the session is set here, also if its default is right: neither configuration that was read
before nor a later change of a default can open the session.
"""

import hmac
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_core.paths import jupyter_config_path
from jupyter_server.auth.identity import IdentityProvider, User
from jupyterlab.commands import get_app_dir

HERE = Path(__file__).absolute().parent
SESSION = json.loads((HERE / "session.json").read_text())
EXPECTED = SESSION["authorization"].encode()
THEMES = "@jupyterlab/apputils-extension:themes"
NEWS = "@jupyterlab/apputils-extension:announcements"
FROM_PROXY = "_is_from_the_proxy"
"""An attribute of requests with the right header; a client cannot set it."""
KERNELS = "session_kernels"
OVERRIDES = "default_setting_overrides.json"
OWN_THEME = re.compile(r'(?:^|[{,])\s*"(?:adaptive-)?theme"\s*:', re.MULTILINE)
"""A user's choice of theme; JupyterLab writes defaults as comments, with two slashes before each line."""
STATIC_FILES = "session_static_files"


class SessionIdentity(IdentityProvider):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Authenticates requests with the secret, which only the proxy has, as the user of the session.

    Jupyter's own provider could check a token, but treats such requests as those of scripts: it skips the checks of
    origin and XSRF, sets a login cookie, and writes the token into the page.
    """

    token = ""
    auth_enabled = True
    login_available = False
    logout_available = False

    async def get_user(self, handler: Any) -> User | None:  # noqa: ANN401  any handler of Jupyter
        """Return the user for a request from the proxy; cookies and arguments do not count."""
        if not getattr(handler.request, FROM_PROXY, False):
            return None
        name = SESSION["user"]
        return User(username=name, name=name, display_name=name)

    def guard(self, application: Any) -> None:  # noqa: ANN401  Jupyter has no types here
        """Check the header before a handler of Jupyter or an add-on gets the request, and remove it.

        Add-ons pass headers on to the user's programs, which may show them to the browser.
        """
        find_handler: Callable[..., Any] = application.find_handler

        def check_and_find(request: Any, **kwargs: Any) -> Any:  # noqa: ANN401  tornado defines the arguments
            given = request.headers.get("Authorization", "").encode("utf-8", "replace")
            is_from_proxy = hmac.compare_digest(given, EXPECTED)
            setattr(request, FROM_PROXY, is_from_proxy)
            if is_from_proxy:
                del request.headers["Authorization"]
            return find_handler(request, **kwargs)

        application.find_handler = check_and_find

    def is_token_authenticated(self, handler: Any) -> bool:  # noqa: ANN401, ARG002  Jupyter defines the arguments
        """Return False: every request comes from a browser, so the XSRF check stays on."""
        return False

    def should_check_origin(self, handler: Any) -> bool:  # noqa: ANN401, ARG002  Jupyter defines the arguments
        """Return True: always check the origin."""
        return True


def page_config_hook(handler: object, page_config: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  Jupyter defines the arguments
    """Disable the question about news, also against the user's settings, and remove any token."""
    disabled = page_config.get("disabledExtensions", [])
    page_config["disabledExtensions"] = [*disabled, NEWS]
    page_config["token"] = ""
    return page_config


def follow_the_system(settings: Path) -> None:
    """Follow the system's light or dark mode, unless the user or the operator has chosen a theme."""
    own = settings.joinpath(*THEMES.replace(":", "/").split("/")).with_suffix(".jupyterlab-settings")
    operators = [Path(folder, "labconfig", OVERRIDES) for folder in jupyter_config_path()]
    operators += [Path(get_app_dir(), "settings", name) for name in ("overrides.json", "overrides.json5")]
    if OWN_THEME.search(text_of(own)) or any(THEMES in text_of(file) for file in operators):
        return
    (HERE / "config" / "labconfig").mkdir(exist_ok=True)
    (HERE / "config" / "labconfig" / OVERRIDES).write_text(json.dumps({THEMES: {"adaptive-theme": True}}))


def text_of(file: Path) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def load(name: str) -> ModuleType:
    """Import a module from the session's directory, which is not on Python's search path."""
    found = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    if found is None or found.loader is None:
        raise ImportError(name)
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


c: Any = globals()["c"]  # set by Jupyter, which executes this file

# Authentication and network
c.ServerApp.identity_provider_class = SessionIdentity
c.IdentityProvider.updatable_fields = []
c.ServerApp.sock = str(HERE / "s")
c.ServerApp.sock_mode = "0600"
c.ServerApp.base_url = SESSION["base_path"]
c.ServerApp.allow_remote_access = True  # the proxy checks the session host
c.ServerApp.allow_unauthenticated_access = False
c.ServerApp.disable_check_xsrf = False
c.ServerApp.allow_origin = ""
c.ServerApp.allow_origin_pat = ""
c.ServerApp.allow_credentials = False
c.ServerApp.allow_password_change = False
c.ServerApp.trust_xheaders = True  # the proxy removes these headers from browsers
c.ServerApp.cookie_secret = os.urandom(32)  # specific to this session, and not on disk
static_files = load(STATIC_FILES)
c.ServerApp.tornado_settings = {
    "static_handler_class": static_files.CompressedFiles,
    "websocket_max_message_size": SESSION["message_limit"],
    "page_config_hook": page_config_hook,
    # Sessions that are served by path share an origin, so the cookie is limited to the path of this one.
    "xsrf_cookie_kwargs": {"path": SESSION["base_path"], "samesite": "Strict"},
}

# JupyterLab refers to the handler for files of extensions by name
importlib.import_module("jupyterlab_server.handlers").FileFindHandler = static_files.CompressedFiles  # type: ignore[attr-defined]  # Jupyter has no types here

# Workspace and terminals
c.ServerApp.root_dir = SESSION["workspace"]
c.ServerApp.open_browser = False
c.ServerApp.quit_button = False  # sessions are stopped in the portal
c.ServerApp.shutdown_no_activity_timeout = 0
c.ServerApp.terminals_enabled = True
c.ServerApp.terminado_settings = {
    "shell_command": [shutil.which("bash") or "/bin/bash", "--rcfile", str(HERE / "terminal.sh")]
}
c.LabApp.workspaces_dir = str(HERE / "workspaces")  # the default folder is shared by all of a user's sessions
c.LabApp.user_settings_dir = os.environ["USER_WORKSPACES_SETTINGS_DIR"]  # themes and shortcuts are the user's
follow_the_system(Path(os.environ["USER_WORKSPACES_SETTINGS_DIR"]))

# The user's packages: kernels, and the parts of widgets that run in the page; nothing that runs in this process
ALL, OF_THE_SITE = (os.environ.get(name, "").split(os.pathsep) for name in ("UWS_JUPYTER_PATH", "JUPYTER_PATH"))
c.LabApp.extra_labextensions_path = [str(Path(one, "labextensions")) for one in ALL if one and one not in OF_THE_SITE]

# Other accounts of the machine cannot reach kernels; a debugger that they could reach is disabled
kernels = load(KERNELS)
c.KernelManager.transport = kernels.SOCKETS
c.MappingKernelManager.kernel_manager_class = f"{KERNELS}.{kernels.SocketKernelManager.__name__}"
c.ServerApp.kernel_spec_manager_class = kernels.WorkspaceKernels
if SESSION["shares_machine"] and os.environ.get("UWS_NETWORK") != "isolated":
    c.WorkspaceKernels.has_debugger = False
    c.MappingKernelManager.allowed_message_types = kernels.ALLOWED_MESSAGES

# No requests to other hosts
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
