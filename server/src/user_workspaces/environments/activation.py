"""The lines before a job's script that activate the environment of the workspace."""

import shlex
from dataclasses import replace
from functools import cache
from pathlib import Path

from user_workspaces.environment_store.modules import load_modules
from user_workspaces.interfaces.environment import Base, WorkspaceEnvironment
from user_workspaces.interfaces.values import JobFile, JobScript

OVERLAY_PROGRAM = "uws_overlay.py"
JOB_FILES = Path(__file__).with_name("job_files")

# The variables have entries in `docs/reference/environment.md`.
# `:+` adds the colon only with a folder: an empty entry of PATH means the current folder.
ACTIVATE = """\
export UWS_SYSTEM_PATH="$PATH"
{modules}export UWS_SITE_PATH="$PATH"
export UWS_BASE_PYTHON={python}
export UWS_WORKSPACE_PYTHON="$UWS_BASE_PYTHON"
uws_base="${{UWS_BASE_PYTHON%/bin/*}}"
export PATH={layer_path}"${{uws_base:+$uws_base/bin:}}$PATH"
export UWS_SITE_JUPYTER_PATH="${{uws_base:+$uws_base/share/jupyter}}${{JUPYTER_PATH:+:$JUPYTER_PATH}}"
export JUPYTER_PATH={layer_data}"$UWS_SITE_JUPYTER_PATH"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"""

# R ignores a library folder that does not exist when it starts; each version of R needs packages of its own.
USE_FOLDER = """\
uws_folder={folder}
if [ -d "$uws_folder/conda/bin" ]; then
  export PATH="$uws_folder/conda/bin:$PATH" JUPYTER_PATH="$uws_folder/conda/share/jupyter:$JUPYTER_PATH"
fi
uws_r=$(R --version 2>/dev/null | sed -n '1s/^R version \\([0-9]*\\.[0-9]*\\).*/\\1/p')
if [ -n "$uws_r" ] && mkdir -p -m 700 "$uws_folder/R/$uws_r"; then export R_LIBS_USER="$uws_folder/R/$uws_r"; fi
"""

# `-I` ignores PYTHONPATH and the current folder: no file of the workspace can replace a module of the program.
# Within `if`, a failure does not end the script: the job then runs without the overlay.
USE_OVERLAY = """\
if uws_overlay=$("$UWS_BASE_PYTHON" -I {program} {folder}{layers}); then
  export UWS_WORKSPACE_PYTHON="$uws_overlay/bin/python" VIRTUAL_ENV="$uws_overlay" UV_PROJECT_ENVIRONMENT="$uws_overlay"
  export PATH="$uws_overlay/bin:$PATH" JUPYTER_PATH="$uws_overlay/share/jupyter:$JUPYTER_PATH"
fi
"""


def activate(script: JobScript, environment: WorkspaceEnvironment | None, *, job_directory: Path) -> JobScript:
    """Return the script with the activation before it; the job creates its overlay if there is none."""
    if environment is None:
        return replace(script, text=load_modules(script.modules) + script.text)
    lines = ACTIVATE.format(
        modules=load_modules(tuple(dict.fromkeys((*script.modules, *environment.base.modules)))),
        python=_python_of(environment.base),
        layer_path="".join(f"{shlex.quote(str(layer / 'bin'))}:" for layer in environment.layers),
        layer_data="".join(f"{shlex.quote(str(layer / 'share' / 'jupyter'))}:" for layer in environment.layers),
    )
    if environment.overlay is None:
        return replace(script, text=lines + script.text)
    lines += USE_FOLDER.format(folder=shlex.quote(str(environment.overlay.parent)))
    lines += USE_OVERLAY.format(
        program=shlex.quote(str(job_directory / OVERLAY_PROGRAM)),
        folder=shlex.quote(str(environment.overlay)),
        layers="".join(f" {shlex.quote(str(layer))}" for layer in environment.layers),
    )
    return replace(
        script, text=lines + script.text, files=(*script.files, JobFile(OVERLAY_PROGRAM, _overlay_program()))
    )


def _python_of(base: Base) -> str:
    if base.folder is None:
        return '"$(command -v python3)"'
    return shlex.quote(str(base.folder / "bin" / "python"))


@cache
def _overlay_program() -> bytes:
    return (JOB_FILES / OVERLAY_PROGRAM).read_bytes()
