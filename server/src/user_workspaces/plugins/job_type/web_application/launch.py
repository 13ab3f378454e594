"""The files of an application's job directory, and the script that starts it."""

import json
import os
import shlex
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from user_workspaces.interfaces.file_names import name_of
from user_workspaces.interfaces.values import JobContext, JobFile, JobScript
from user_workspaces.plugins.job_type.web_application.options import Application, Base
from user_workspaces.plugins.job_type.web_application.placeholders import filled

SESSION_FOLDER = Path(__file__).with_name("session")
SOCKET = "s"
"""One letter, because the path of a Unix socket is limited to 107 bytes."""
STATE, RUNTIME, PYTHON = "state", "r", "python"
VALUES = "application.json"
START = "run.py"
PORT = 8000
"""Fixed, because it is used only in a job's own network."""


def prefix_of(application: Application, base_path: str) -> str:
    """Return the path prefix of the application in browsers; empty at the root of an origin."""
    return "" if application.base is Base.NONE else base_path.rstrip("/")


def page(application: Application, template: str, *, file: str, base_path: str) -> str:
    """Return an address within the application, quoted."""
    base = prefix_of(application, base_path)
    return filled(template, _of_files(file, quoted=True) | {"base": base, "base_rel": f"{base}/".lstrip("/")})


def application_script(
    context: JobContext,
    application: Application,
    *,
    file: str,
    environment: Path | None,
    interpreter: Path,
    modules: tuple[str, ...],
) -> JobScript:
    """Return the script; `interpreter` starts it, `environment` holds the application's packages."""
    directory = context.job_directory
    values = _values(context, application, file=file, environment=environment)
    # -I: the user's PYTHONPATH and packages in the home are for the application, not for its start.
    start = f"exec {shlex.quote(str(interpreter))} -I {shlex.quote(str(directory / START))}\n"
    written = (
        JobFile(f"{STATE}/{path}", os.fsencode(filled(text, values))) for path, text in application.files.items()
    )
    return JobScript(
        text=start,
        modules=modules,
        files=(
            JobFile(START, _static(START)),
            *(JobFile(f"session/{name}", _static(name)) for name in ("__init__.py", "start.py", *_PARTS)),
            JobFile(VALUES, json.dumps(_plan(context, application, values, file=file, env=environment)).encode()),
            *written,
        ),
    )


_PARTS = ("bridge.py", "interpreter.py", "own_network.py")


def _values(context: JobContext, application: Application, *, file: str, environment: Path | None) -> dict[str, str]:
    directory, base = context.job_directory, prefix_of(application, context.base_path)
    return {
        **_of_files(file),
        "socket": str(directory / SOCKET),
        "port": str(PORT),
        "base": base,
        "base_rel": f"{base}/".lstrip("/"),
        "host": urlsplit(context.origin).netloc,
        "origin": context.origin,
        "workspace": str(context.workspace),
        "state": str(directory / STATE),
        "env": str(environment / "bin") if environment else "",
        "python": str(directory / PYTHON / "bin" / "python"),
    }


def _of_files(file: str, *, quoted: bool = False) -> dict[str, str]:
    """Return the file as an argument (never read as an option) or as part of an address, and its stem.

    `file` is in the text form of `file_names`.
    """
    file = name_of(file)
    if quoted:
        return {"file": quote(os.fsencode(file)), "module": quote(os.fsencode(Path(file).stem))}
    return {"file": f"./{file}" if file.startswith("-") else file, "module": Path(file).stem}


def _plan(
    context: JobContext, application: Application, values: dict[str, str], *, file: str, env: Path | None
) -> dict[str, object]:
    base_args = application.base_args if values["base"] else ()
    command = (*application.command, *base_args, *application.command_tail)
    return {
        "command": [filled(part, values) for part in command],
        "variables": {name: filled(text, values) for name, text in application.env.items()},
        "listen": application.listen.value,
        "socket": values["socket"],
        "port": PORT,
        "file": str(context.workspace / name_of(file)) if file else "",
        "environment": str(env) if env else "",
        "python": str(context.job_directory / PYTHON) if "{python}" in "".join(_all(application)) else "",
    }


def _all(application: Application) -> tuple[str, ...]:
    own = (*application.command, *application.base_args, *application.command_tail)
    return (*own, *application.env.values(), *application.files.values())


@cache
def _static(name: str) -> bytes:
    return (SESSION_FOLDER / name).read_bytes()
