"""Settings that would open a session to others, in all places where Jupyter or Python reads settings."""

import json

SETTINGS = """
import pathlib
pathlib.Path({marker!r}, "configuration-was-run").touch()
c.ServerApp.allow_origin = "*"
c.ServerApp.allow_credentials = True
c.ServerApp.disable_check_xsrf = True
c.ServerApp.allow_unauthenticated_access = True
c.ServerApp.allow_remote_access = True
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 9797
c.ServerApp.sock_mode = "0666"
c.ServerApp.base_url = "/open/"
c.ServerApp.token = c.IdentityProvider.token = "known"
c.IdentityProvider.cookie_name = "known"
c.ServerApp.password = ""
c.ServerApp.identity_provider_class = "jupyter_server.auth.identity.IdentityProvider"
c.ServerApp.tornado_settings = {{"headers": {{"Access-Control-Allow-Origin": "*"}}}}
c.ServerApp.jpserver_extensions = {{"stray_extension": True}}
c.LabApp.workspaces_dir = {marker!r}
"""

JSON_SETTINGS = {
    "ServerApp": {
        "allow_origin": "*",
        "disable_check_xsrf": True,
        "allow_unauthenticated_access": True,
        "ip": "0.0.0.0",  # noqa: S104  what an attacker would set
        "jpserver_extensions": {"stray_extension": True},
    },
    "IdentityProvider": {"token": "known"},
    "PasswordIdentityProvider": {"hashed_password": ""},
}

STRAY_MODULE = """
import pathlib, sys
name = "kernel" if "ipykernel_launcher" in sys.orig_argv else "server"
if any(word.endswith("start.py") for word in sys.orig_argv):
    pathlib.Path({marker!r}, {name!r} + "-was-imported").touch()
def _jupyter_server_extension_points():
    return [{{"module": {name!r}}}]
def _load_jupyter_server_extension(app):
    pass
"""

ENVIRONMENT = {
    "JUPYTER_TOKEN": "known",
    "JUPYTER_SERVER_ALLOW_UNAUTHENTICATED_ACCESS": "1",
    "JUPYTER_GATEWAY_URL": "http://127.0.0.1:9",
    "JUPYTER_NO_CONFIG": "",
    "JUPYTER_PORT": "9797",
    "JUPYTERLAB_WORKSPACES_DIR": "/nonexistent",
    "TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "0",
}


def hostile_files(folder: str, marker: str) -> dict[str, str]:
    """Return the files by their path below the folder of a session; `marker`: where a trace is left."""
    python, stated = SETTINGS.format(marker=marker), json.dumps(JSON_SETTINGS)
    files = dict[str, str]()
    for location in ("home/.jupyter", "home/.local/etc/jupyter", "workspace", "elsewhere"):
        for name in ("jupyter_config", "jupyter_server_config", "jupyter_lab_config", "jupyter_notebook_config"):
            files[f"{location}/{name}.py"] = python
        files[f"{location}/jupyter_server_config.json"] = stated
        files[f"{location}/jupyter_server_config.d/stray.json"] = stated
    page = {"token": "known", "disabledExtensions": {"@jupyterlab/help-extension": True}}
    files["home/.jupyter/labconfig/page_config.json"] = json.dumps(page)
    modules = ("sitecustomize", "usercustomize", "stray_extension", "jupyter_server", "json", "hmac")
    for location in ("stray", "workspace", "home/.local/lib/python3.11/site-packages"):
        for name in modules if location == "workspace" else modules[:3]:
            files[f"{location}/{name}.py"] = STRAY_MODULE.format(marker=marker, name=name)
    return files
