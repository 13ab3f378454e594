"""The directories of jobs' files: created atomically, removed without following a link.

They belong to the users, who may change anything in them at any time while the server may be root. So a directory is
filled while only the server can enter it, and then given to the user; and all calls are relative to directory handles
(openat(2)), so that a path component that is replaced by a link leads nowhere.
"""

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from user_workspaces.errors import SubmissionRejected
from user_workspaces.interfaces.values import JobFile, SystemAccount

SCRIPT = "script.sh"
LONGEST_PATH = 100
"""In bytes: the path of a Unix socket below it must fit into 108, unix(7)."""
MOST_DIRECTORIES = 1_000_000
"""Limit of one removal: a process may create directories as fast as they are removed."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JobDirectories:
    """The directories of all jobs, below one that users can traverse but not list."""

    root: Path

    def path(self, key: str) -> Path:
        """Return the directory of a job's files; its path is short because of the sockets below it."""
        return self.root / key[:16]

    def problem(self) -> str:
        """Return what is wrong with the root, without its path; empty if nothing is, or it does not exist yet."""
        try:
            with _opened(self.root) as root:
                return _problem_of(root)
        except FileNotFoundError:
            return ""
        except OSError:
            return "The server cannot enter its runtime directory."

    def make(self, key: str, files: Iterable[JobFile], account: SystemAccount) -> None:
        """Create a job's directory with its files, if it does not exist. Raises `SubmissionRejected`."""
        self._make_root()
        final, staging = self.path(key).name, f".{key[:16]}"
        with _opened(self.root) as root:
            if _is_directory_of(account, final, root=root):
                return  # from an earlier submission of the same job, and complete
            _empty_and_remove(staging, root)  # of a submission that was killed
            os.mkdir(staging, 0o700, dir_fd=root)
            with _opened(staging, root) as directory:
                for file in files:
                    _write(file, account, directory)
                # The last step: from then on, the user can change the content.
                _hand_over(directory, account)
            # The rename makes the directory visible in one step: a crash before it leaves only the staging directory.
            os.rename(staging, final, src_dir_fd=root, dst_dir_fd=root)

    def remove(self, key: str) -> bool:
        """Remove a job's directory and all its content; False if something is left."""
        try:
            with _opened(self.root) as root:
                staging_is_gone = _empty_and_remove(f".{key[:16]}", root)
                return _empty_and_remove(key[:16], root) and staging_is_gone
        except FileNotFoundError:
            return True

    def _make_root(self) -> None:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            self.root.mkdir(mode=0o700)
        # Where the parent is writable for all, such as /tmp, another account may have created the folder first.
        if problem := self.problem():
            raise SubmissionRejected(problem)
        with _opened(self.root) as root:
            os.fchmod(root, 0o711 if os.geteuid() == 0 else 0o700)  # the umask changed mkdir's mode


@contextmanager
def _opened(path: str | Path, parent: int | None = None) -> Iterator[int]:
    handle = os.open(path, _DIRECTORY, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def _problem_of(root: int) -> str:
    found = os.fstat(root)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return "The runtime directory does not belong to the server: other accounts could replace its content."
    return ""


def _hand_over(handle: int, account: SystemAccount) -> None:
    if os.geteuid() == 0:
        os.fchown(handle, account.uid, account.gid)


def _is_directory_of(account: SystemAccount, name: str, *, root: int) -> bool:
    try:
        found = os.stat(name, dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
        raise SubmissionRejected("The directory for this job's files belongs to another account.")
    return True


def _write(file: JobFile, account: SystemAccount, directory: int) -> None:
    """Write a file below a directory that only the server can enter yet."""
    *parents, name = _parts(file.path)
    handle = os.dup(directory)
    try:
        for parent in parents:
            with suppress(FileExistsError):
                os.mkdir(parent, 0o700, dir_fd=handle)
            inner = os.open(parent, _DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = inner
            _hand_over(handle, account)
        # O_EXCL: two files of one path are an error, and no existing file is ever opened.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=handle), "wb") as target:
            _hand_over(target.fileno(), account)
            target.write(file.content)
    except (FileExistsError, NotADirectoryError):
        raise SubmissionRejected(f"Two of the job's files have the same path: {file.path}") from None
    finally:
        os.close(handle)


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise SubmissionRejected(f"Invalid path for a job's file: {path!r}")
    return parts


def _empty_and_remove(name: str, parent: int) -> bool:
    """Remove a directory tree of any depth, following no link; False if something is left.

    Directories are moved up to the top before they are emptied, so that depth costs neither handles nor stack.
    """
    try:
        top = _open_even_if_locked(name, parent)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    with suppress(OSError):
        _empty(top)
    os.close(top)
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError:
        return False
    return True


def _empty(top: int) -> None:
    waiting = _remove_files(top)
    prefix = f".{secrets.token_hex(8)}-"  # random, so that no entry can be planted at these names
    for number in range(MOST_DIRECTORIES):
        if not waiting:
            return
        name = waiting.pop()
        inner = _open_even_if_locked(name, top)
        try:
            for position, found in enumerate(_remove_files(inner)):
                os.close(_open_even_if_locked(found, inner))  # a directory without permissions cannot be moved
                waiting.append(f"{prefix}{number}-{position}")
                os.rename(found, waiting[-1], src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)


def _remove_files(directory: int) -> list[str]:
    """Remove all entries except directories; return the names of those."""
    with os.scandir(directory) as entries:
        # Read completely before anything is removed: readdir(3) may skip entries of a directory that changes.
        kinds = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name in [name for name, is_directory in kinds if not is_directory]:
        os.unlink(name, dir_fd=directory)
    return [name for name, is_directory in kinds if is_directory]


def _open_even_if_locked(name: str, parent: int) -> int:
    """Open a directory, also one that its owner (the server's account, if not root) closed with chmod."""
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if os.geteuid() != 0:
            # Through /proc, because fchmod(2) does not accept an O_PATH handle.
            Path(f"/proc/self/fd/{handle}").chmod(0o700)
        return os.open(".", _DIRECTORY, dir_fd=handle)
    finally:
        os.close(handle)
