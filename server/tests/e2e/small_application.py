"""A small application for tests: a page on a Unix socket that shows the launched file.

It is made known to the processes of a server as a site's own plug-in is: by an entry point, see `install`.
"""

import json
import shutil
import socket
from pathlib import Path
from typing import ClassVar, cast

from pydantic import Field

from user_workspaces.interfaces.job_type import JobParameters, JobType
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.values import Endpoint, Health, JobContext, JobFile, JobScript, PluginContext

ENTRY_POINTS = "[user_workspaces.job_type]\nSmallApplicationJob = small_application:SmallApplicationJob\n"
SOCKET = "s"
SERVER = """\
import json, pathlib, sys
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingUnixStreamServer

values = json.loads(pathlib.Path(sys.argv[1]).read_text())

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        text = pathlib.Path(values["file"]).read_text() if values["file"] else "no file"
        body = f"<title>small</title><h1>{values['name']}</h1><pre>{text}</pre><p>{self.path}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"

ThreadingUnixStreamServer(values["socket"], Page).serve_forever()
"""


class SmallApplicationOptions(PluginOptions):
    """`environment_details.<id>.asks_file`: it runs a file; `.shows_files`: it has a page for each file."""

    environment_details: dict[str, dict[str, bool]] = Field(default_factory=dict)


class SmallApplicationParameters(JobParameters):
    """Parameters of a launch."""

    file: str = ""


class SmallApplicationJob(JobType):
    """Serves one page."""

    Options: ClassVar[type[PluginOptions]] = SmallApplicationOptions
    Parameters: ClassVar[type[JobParameters]] = SmallApplicationParameters

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        details = cast("SmallApplicationOptions", options).environment_details.values()
        self.asks_file = any(one.get("asks_file", False) for one in details)
        self._shows_files = any(one.get("shows_files", False) for one in details)

    def page_of_file(self, path: str) -> str | None:
        """Return a page of its own for each file."""
        return f"files/{path}" if self._shows_files else None

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        """Return the script that starts the page."""
        folder = context.job_directory
        file = cast("SmallApplicationParameters", parameters).file
        values = {"name": self.context.name, "file": file, "socket": str(folder / SOCKET)}
        files = (JobFile("server.py", SERVER.encode()), JobFile("values.json", json.dumps(values).encode()))
        return JobScript(text=f"exec python3 {folder}/server.py {folder}/values.json\n", files=files)

    def endpoint(self, context: JobContext) -> Endpoint | None:
        """Return the socket once something listens on it."""
        path = str(context.job_directory / SOCKET)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0.5)
            try:
                probe.connect(path)
            except OSError:
                return None
        return Endpoint(socket=path, socket_uid=context.account.uid, authorization="")

    def check(self) -> Health:
        """Always healthy: it has no dependencies."""
        return Health(connected=True)


def install(folder: Path) -> None:
    """Install it with its distribution metadata into a folder for `PYTHONPATH`."""
    shutil.copy(__file__, folder / "small_application.py")
    description = folder / "small_application-1.0.dist-info"
    description.mkdir(parents=True)
    (description / "METADATA").write_text("Metadata-Version: 2.1\nName: small-application\nVersion: 1.0\n")
    (description / "entry_points.txt").write_text(ENTRY_POINTS)
