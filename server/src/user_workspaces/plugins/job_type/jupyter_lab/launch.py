"""The files of a session's directory, and the script that starts it."""

import json
import os
import shlex
from dataclasses import asdict
from functools import cache
from pathlib import Path

from user_workspaces.interfaces.values import JobContext, JobFile, JobScript
from user_workspaces.plugins.job_type.jupyter_lab.options import JupyterLabDetails

SESSION_FOLDER = Path(__file__).with_name("session")
START = "start.py"
CONFIGURATION = "jupyter_session_config.py"
KERNELS = "session_kernels.py"
STATIC_FILES = "session_static_files.py"
TERMINAL = "terminal.sh"
PYTHON = "python/sitecustomize.py"
VALUES = "session.json"
REANA = "reana.json"
REANA_VARIABLE = "REANA_CREDENTIALS_FILE"
"""The variable that the REANA extension reads."""
PURPOSE = "session authorization"
SOCKET = "s"
"""One letter, because the path of a Unix socket is limited to 107 bytes."""

# UWS_SITE_PATH is PATH without the user's own installations. The interpreter beside jupyter-lab, if there is one, is
# the one with its packages.
START_FROM_MODULES = """\
if ! jupyter=$(PATH="${{UWS_SITE_PATH:-$PATH}}" command -v jupyter-lab); then
  echo 'The modules of this server do not provide jupyter-lab. Please contact your administrator.' >&2
  exit 1
fi
python=$(dirname "$jupyter")/python3
[ -x "$python" ] || python=$(PATH="${{UWS_SITE_PATH:-$PATH}}" command -v python3)
exec "$python" -s {start}
"""


def session_script(context: JobContext, details: JupyterLabDetails, *, python: Path | None) -> JobScript:
    """Return the script; `python` is that of a prepared environment, None: the modules provide one.

    The secret is in a file only: command lines are world-readable, and kernels and terminals inherit the environment.
    """
    start = shlex.quote(str(context.job_directory / START))
    # -I: PYTHONPATH and the user's packages are for kernels, not for the process that protects the session.
    isolated = f"exec {shlex.quote(str(python))} -I {start}\n"
    text = START_FROM_MODULES.format(start=start) if python is None else isolated
    environment = ((REANA_VARIABLE, str(context.job_directory / REANA)),) if context.reana else ()
    files = session_files(context, details)
    return JobScript(text=text, files=files, environment=environment, modules=details.modules)


def session_files(context: JobContext, details: JupyterLabDetails) -> tuple[JobFile, ...]:
    """Return the files of a session; two are specific to it and hold secrets: `session.json` and `reana.json`."""
    values = {
        "authorization": authorization(context),
        "user": context.account.name,
        "base_path": context.base_path,
        "workspace": str(context.workspace),
        "message_limit": details.message_limit_mb << 20,
        "shares_machine": os.geteuid() == 0,  # else all jobs run as the server's account
    }
    files = (
        *(JobFile(name, _static(name)) for name in (START, CONFIGURATION, KERNELS, STATIC_FILES, PYTHON, TERMINAL)),
        JobFile(VALUES, json.dumps(values).encode()),
    )
    return (*files, JobFile(REANA, json.dumps(asdict(context.reana)).encode())) if context.reana else files


def authorization(context: JobContext) -> str:
    """Return the `Authorization` header that identifies the proxy; it is derived, and valid for nothing else."""
    return f"token {context.derive(PURPOSE)}"


@cache
def _static(name: str) -> bytes:
    return (SESSION_FOLDER / name).read_bytes()
