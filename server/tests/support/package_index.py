"""A package index on loopback, with wheels that tests create."""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def wheel_of(name: str, version: str, files: dict[str, str], tag: str = "py3-none-any") -> bytes:
    """Return the content of a wheel."""
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    made = {
        **files,
        f"{info}/METADATA": about,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/RECORD": "",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in made.items():
            archive.writestr(path, content)
    return packed.getvalue()


@dataclass
class Index:
    """A package index on loopback."""

    port: int = 0
    wheels: dict[str, bytes] = field(default_factory=dict)
    """Wheels by file name."""
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    """Wheels are sent while it is set."""

    def add(
        self, name: str, version: str = "1.0", files: dict[str, str] | None = None, tag: str = "py3-none-any"
    ) -> None:
        """Add a package."""
        content = wheel_of(name, version, files or {f"{name}.py": f"VERSION = '{version}'\n"}, tag)
        self.wheels[f"{name}-{version}-{tag}.whl"] = content

    def response(self, path: str) -> bytes | None:
        """Return the content at a path, if any."""
        self.asked.append(path)
        if path.startswith("/files/"):
            self.gate.wait(60)
            return self.wheels.get(path.removeprefix("/files/"))
        project = path.removeprefix("/simple/").strip("/")
        names = [name for name in self.wheels if name.startswith(f"{project.replace('-', '_')}-")]
        links = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
        return f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if names else None


@contextmanager
def package_index() -> Iterator[Index]:
    """Serve a package index until the end of the block."""
    offered = Index()
    offered.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = offered.response(self.path)
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Length", str(len(content or b"")))
            self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/zip")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content or b"")

        do_HEAD = do_GET  # noqa: N815  http.server names it

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        offered.port = server.server_port
        yield offered
        offered.gate.set()
        server.shutdown()
