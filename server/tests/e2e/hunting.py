"""Searches all visible places for secrets in all their encodings."""

import base64
import html
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx

Found = frozenset[tuple[str, str]]
"""Names of secrets with the places where they were found."""


def forms_of(secret: str) -> frozenset[bytes]:
    """Return a secret in plain text and encoded for URLs, HTML, JSON and Base64."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret), json.dumps(secret)[1:-1]}
    return frozenset(text.encode() for text in plain) | _in_base64(secret.encode())


def _in_base64(secret: bytes) -> frozenset[bytes]:
    """Return the parts of a Base64 encoding that do not depend on the position in the text."""
    found = set[bytes]()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret)
        end = len(encoded) if (before + len(secret)) % 3 == 0 else -4
        core = encoded[4 if before else 0 : end]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(found)


def hunt(secrets: Mapping[str, str], locations: Mapping[str, bytes]) -> Found:
    """Return which secret is in which place."""
    forms = {name: forms_of(secret) for name, secret in secrets.items()}
    return frozenset(
        (name, location)
        for location, content in locations.items()
        for name, written in forms.items()
        if any(form in content for form in written)
    )


@dataclass
class Witness:
    """Records every response to its clients, under `METHOD path` without the query."""

    responses: dict[str, bytes] = field(default_factory=dict)

    def client(self, base_url: str, **options: object) -> httpx.Client:
        """Return a client whose responses are recorded."""
        hooks = {"response": [self._remember]}
        return httpx.Client(base_url=base_url, event_hooks=hooks, timeout=120, **options)  # type: ignore[arg-type]  # options by name

    def _remember(self, response: httpx.Response) -> None:
        content = response.read()
        fields = b"\n".join(name + b": " + value for name, value in response.headers.raw)
        self.note(f"{response.request.method} {response.request.url.path}", fields + b"\n\n" + content)

    def note(self, location: str, content: bytes) -> None:
        """Record data seen in a place."""
        self.responses[location] = self.responses.get(location, b"") + b"\n" + content


@contextmanager
def watched_command_lines() -> Iterator[dict[str, bytes]]:
    """Poll the command lines of all processes of the machine during a block."""
    seen, over = {"command lines": b""}, threading.Event()
    known = set[bytes]()

    def look() -> None:
        while not over.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    known.add(path.read_bytes())
                except OSError:
                    continue
            seen["command lines"] = b"\n".join(known)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def texts_below(folder: Path, *patterns: str) -> dict[str, bytes]:
    """Return the files of a folder by their paths."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def processes_of(uid: int) -> list[Path]:
    """Return the folders in `/proc` of all processes of an account."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if path.stat().st_uid == uid:
                found.append(path)
        except OSError:
            continue
    return found


def read_as(name: str, path: Path) -> bytes | None:
    """Return what an account reads there; None: it may not."""
    done = subprocess.run(["runuser", "-u", name, "--", "cat", str(path)], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
