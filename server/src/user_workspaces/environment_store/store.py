"""Stores environments; a background process builds each of them once for its content."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from user_workspaces.environment_store import builder
from user_workspaces.environment_store.builder import MARKER, Plan, Status, Step
from user_workspaces.environment_store.interpreter import barrier
from user_workspaces.interfaces.values import Preparation, PreparationState

# `prepare` is called repeatedly; without this pause, each call would start a failed build again.
SECONDS_UNTIL_RETRY = 300
MAX_STARTS = 3
"""A build that was killed this often, for example without memory, counts as failed."""

LOG_SHOWN = 16 * 1024
"""Bytes."""

# Variables for installers. The server's other variables hold secrets, and packages may run code.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy")
TRUST = {"UV_SYSTEM_CERTS": "1"}  # trust the system's certificates, such as those of a site's proxy
PASSED_ON_PREFIXES = ("UV_", "XDG_", "LC_", "HTTP_", "HTTPS_", "ALL_", "http_", "https_", "all_")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The build steps of one environment; recipes with the same fingerprint build the same environment."""

    name: str
    fingerprint: str
    first: tuple[Step, ...]
    """Steps on the folder `stage`, which exists and is empty."""
    last: tuple[Step, ...]
    """Steps on the folder at its final path."""
    seconds: float


class EnvironmentStore:
    """The folder of all environments: `<fingerprint>/`, and beside it `.lock`, `.status` and `.log` of its build."""

    def __init__(
        self, folder: Path, *, for_all_accounts: bool | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._for_all_accounts = os.geteuid() == 0 if for_all_accounts is None else for_all_accounts
        self._clock = clock

    def make_folder(self) -> None:
        """Create the folder if it is missing; raises `OSError`."""
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o755)  # independent of the umask: users run the programs below

    def path_of(self, fingerprint: str) -> Path:
        """Return the path of an environment, which may not be built yet."""
        return self.folder / fingerprint

    def stage(self, fingerprint: str) -> Path:
        """Return the path where an environment is built."""
        return self.folder / f"{fingerprint}.new"

    def is_ready(self, fingerprint: str) -> bool:
        """Return True for a complete environment; costs one `stat`."""
        return (self.path_of(fingerprint) / MARKER).exists()

    def failure(self, recipe: Recipe) -> str:
        """Return why the last build failed, for users; empty if it did not."""
        status = builder.read_status(self.beside(recipe.fingerprint, "status"))
        if status is None or self.is_ready(recipe.fingerprint):
            return ""
        return f"{recipe.name} could not be prepared: {status.message}" if status.failed else ""

    def status(self, fingerprint: str) -> Status | None:
        """Return the state of a running or failed build; None if there is none."""
        return builder.read_status(self.beside(fingerprint, "status"))

    def is_building(self, fingerprint: str) -> bool:
        """Return True while a builder is running."""
        try:
            lock = os.open(self.beside(fingerprint, "lock"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # A shared lock: two calls at the same time must not look like a builder to each other.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def log(self, fingerprint: str) -> str:
        """Return the end of the last build's log, without the store's path and passwords in URLs."""
        try:
            with self.beside(fingerprint, "log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_SHOWN))
                text = file.read(LOG_SHOWN).decode(errors="replace")
        except OSError:
            return ""
        return builder.without_passwords(text).replace(f"{self.folder}/", "")

    def forget_failure(self, fingerprint: str) -> None:
        """Delete a failure, so that the next `prepare` builds at once; raises `OSError`."""
        status = self.status(fingerprint)
        if status is not None and status.failed:
            self.beside(fingerprint, "status").unlink(missing_ok=True)

    def remove(self, fingerprint: str, *, unless: Callable[[], bool]) -> bool:
        """Remove an environment and its files; return True if it was removed. Raises `OSError`.

        It is kept while it is being built, and if `unless` returns True. `unless` is called after the marker is
        removed: a user who selects the environment at the same time is either seen, or builds it again.
        """
        lock = os.open(self.beside(fingerprint, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        marker = self.path_of(fingerprint) / MARKER
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            was_complete = marker.exists()
            marker.unlink(missing_ok=True)
            if unless():
                if was_complete:
                    marker.touch(mode=0o644)
                return False
            for folder in (self.path_of(fingerprint), self.stage(fingerprint)):
                if folder.exists():
                    shutil.rmtree(folder)
            for path in self.folder.glob(f"{fingerprint}.*"):
                if path.suffix != ".lock":  # another process may wait for it
                    path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True

    def prepare(self, recipe: Recipe) -> Preparation:
        """Return the state of an environment, and start its build if necessary; does not wait."""
        if self.is_ready(recipe.fingerprint):
            return Preparation(PreparationState.READY)
        try:
            return self._prepare(recipe)
        except OSError as error:
            return Preparation(
                PreparationState.FAILED, f"{recipe.name} could not be prepared: {error.strerror or 'no access'}"
            )

    def _prepare(self, recipe: Recipe) -> Preparation:
        self.make_folder()
        if self._for_all_accounts and (closed := barrier(self.folder)):
            return Preparation(
                PreparationState.FAILED,
                f"Other accounts cannot enter {closed}. Run `chmod o+x` on it, so that sessions can start.",
            )
        lock = os.open(self.beside(recipe.fingerprint, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._in_progress(recipe)
        else:
            return self._after_lock(recipe, lock)
        finally:
            # This does not release the lock of a started builder: flock(2) locks the open file, which it has inherited.
            os.close(lock)

    def _after_lock(self, recipe: Recipe, lock: int) -> Preparation:
        """Start a build; the caller holds the lock, so no other build is running."""
        # Another process may have finished the build between the first check and the lock.
        if self.is_ready(recipe.fingerprint):
            return Preparation(PreparationState.READY)
        status = builder.read_status(self.beside(recipe.fingerprint, "status"))
        if status and not status.failed and status.starts >= MAX_STARTS:
            status = Status(
                f"the work {builder.KILLED} {MAX_STARTS} times: is there enough memory?", self._clock(), failed=True
            )
            builder.write_status(self.beside(recipe.fingerprint, "status"), status)
        if status and status.failed and self._clock() - status.at < SECONDS_UNTIL_RETRY:
            return Preparation(PreparationState.FAILED, self.failure(recipe))
        starts = status.starts + 1 if status and not status.failed else 1
        # Written before the builder starts, so that a start that is killed at once counts, too.
        builder.write_status(
            self.beside(recipe.fingerprint, "status"), Status("starting", self._clock(), starts=starts)
        )
        self._start(recipe, lock)
        return self._in_progress(recipe)

    def _in_progress(self, recipe: Recipe) -> Preparation:
        status = builder.read_status(self.beside(recipe.fingerprint, "status"))
        return Preparation(
            PreparationState.IN_PROGRESS,
            f"Preparing {recipe.name} (first time only): {status.message if status else 'nearly done'}",
        )

    def _start(self, recipe: Recipe, lock: int) -> None:
        plan = Plan(
            stage=str(self.stage(recipe.fingerprint)),
            destination=str(self.path_of(recipe.fingerprint)),
            status=str(self.beside(recipe.fingerprint, "status")),
            log=str(self.beside(recipe.fingerprint, "log")),
            seconds=recipe.seconds,
            first=recipe.first,
            last=recipe.last,
            lock_fd=lock,
        )
        log = os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(log, "wb") as output, tempfile.TemporaryFile() as plan_file:
            plan_file.write(json.dumps(asdict(plan)).encode())
            plan_file.seek(0)
            builder_process = subprocess.Popen(
                # -I: neither PYTHONPATH nor packages of the account can change this script.
                [sys.executable, "-I", builder.__file__],
                stdin=plan_file,  # not a pipe: this process can be killed before the builder reads it
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                start_new_session=True,  # signals to the server's process group do not reach it
                cwd="/",  # else uv reads settings of a project in the working directory
                env={**TRUST, **{key: value for key, value in os.environ.items() if _passes(key)}},
            )
        threading.Thread(target=builder_process.wait, daemon=True).start()  # reaps the process

    def beside(self, fingerprint: str, suffix: str) -> Path:
        """Return the path of a file beside an environment."""
        return self.folder / f"{fingerprint}.{suffix}"


def _passes(key: str) -> bool:
    return key in PASSED_ON or key.startswith(PASSED_ON_PREFIXES)
