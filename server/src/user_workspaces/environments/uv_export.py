"""Runs `uv export` on copies of `pyproject.toml` and `uv.lock`, without the server's rights and variables.

The lock is untrusted, and only uv reads its format completely. As root, uv runs as `nobody`.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from user_workspaces.environment_store.virtual_environment import installer
from user_workspaces.environments.specifications import UV_LOCK, Specification
from user_workspaces.environments.specifications.project import FILE, read_exported
from user_workspaces.environments.specifications.values import shown
from user_workspaces.errors import InvalidRequest

TIMEOUT_SECONDS = 20
LARGEST_EXPORT = 4 << 20
NOBODY = 65_534
"""The uid and gid of an account that owns no files, on every Linux."""
COMMAND = (
    *("uv", "export", "--frozen", "--no-dev", "--no-emit-project", "--offline", "--quiet"),
    *("--no-header", "--no-annotate", "--no-python-downloads"),
)


def export_locked(project: bytes, lock: bytes) -> Specification:
    """Return the requirements that a project's lock pins, with hashes; raises `InvalidRequest`."""
    with tempfile.TemporaryDirectory(prefix="uws-lock-") as folder:
        Path(folder, FILE).write_bytes(project)
        Path(folder, UV_LOCK).write_bytes(lock)
        ended = _run(Path(folder))
    if ended.returncode != 0 or len(ended.stdout) > LARGEST_EXPORT:
        said = ended.stderr.decode(errors="replace").replace(folder, "").strip()
        reason = said.splitlines()[-1].strip() if said else f"exit code {ended.returncode}"
        raise InvalidRequest(f"{UV_LOCK} cannot be read together with {FILE}: {shown(reason)}")
    return read_exported(ended.stdout)


def _run(folder: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run uv through an open file, since other accounts may not enter its folder."""
    program = os.open(installer(), os.O_RDONLY | os.O_CLOEXEC)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "UV_CACHE_DIR": str(folder / "cache")}
    identity: dict[str, object] = {}
    if os.geteuid() == 0:
        for path in (folder, folder / FILE, folder / UV_LOCK):
            os.chown(path, NOBODY, NOBODY)
        # Without `extra_groups` the process would keep the supplementary groups of root.
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": ()}
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # the account is set only as root
            COMMAND,
            executable=f"/proc/self/fd/{program}",
            pass_fds=(program,),
            cwd=folder,
            env={**environment, "UV_NO_CONFIG": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            **identity,
        )
    except subprocess.TimeoutExpired:
        raise InvalidRequest(f"{UV_LOCK} took longer than {TIMEOUT_SECONDS} seconds to read.") from None
    finally:
        os.close(program)
