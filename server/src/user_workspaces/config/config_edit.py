"""Adds a key to `config.json` atomically; the operator's formatting is kept."""

import json
import os
import secrets
from pathlib import Path

from user_workspaces.errors import ConfigurationError


def add_key(path: Path, key: str, value: object) -> None:
    """Append a key; mode, owner and symlinks are kept. Raises `ConfigurationError` without a change."""
    # The draft is renamed over the file itself: over a symlink, it would replace the link.
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        text = target.read_text(encoding="utf-8")
        # The draft is flushed before it gets the name: after a crash there is the old file or the whole new one.
        _write(draft, _with_key(text, key, value), like=target)
        draft.replace(target)
        _flush(target.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not JSON: {error}") from None


def _with_key(text: str, key: str, value: object) -> str:
    before = json.loads(text)
    if not isinstance(before, dict) or key in before:
        raise ValueError(f"it must be an object without {key!r}")
    written = json.dumps(value, indent=2).replace("\n", "\n  ")
    rest = text.rstrip().removesuffix("}").rstrip()
    return f"{rest}{',' if before else ''}\n  {json.dumps(key)}: {written}\n}}\n"


def _write(draft: Path, text: str, *, like: Path) -> None:
    status = like.stat()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fchmod(descriptor, status.st_mode & 0o7777)
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _flush(folder: Path) -> None:
    """Flush the directory entry, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
