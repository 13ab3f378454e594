"""nginx, Caddy and Apache with the configurations that the documentation prints."""

import os
import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.server_process import REPOSITORY, free_port, wait_for

PAGE = REPOSITORY / "docs" / "how-to" / "put-a-web-server-in-front.md"
PROGRAMS = {"nginx": "nginx", "caddy": "caddy", "apache": "apache2"}
"""Programs by the language of their code blocks on the page."""
PORTAL, SESSIONS = "workspaces.test", "sessions.test"
APACHE_MODULES = Path("/usr/lib/apache2/modules")
# As on Debian, they compress responses unless a configuration prevents it.
NGINX = """
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    gzip on; gzip_types text/css text/javascript application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/printed;
}}
"""
APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
User www-data
Group www-data
Listen 127.0.0.1:{port}
{modules}
AddOutputFilterByType DEFLATE text/html text/css text/javascript application/json
Include {folder}/printed
"""
MODULES = (
    *("mpm_event", "alias", "asis", "authz_core", "deflate", "env", "filter", "headers", "proxy", "proxy_http"),
    *("socache_shmcb", "ssl"),
)


@dataclass(frozen=True)
class WebServer:
    """A running web server in front of the server; it responds on loopback under every host name."""

    port: int
    certificate: Path
    folder: Path

    @property
    def url(self) -> str:
        """The address of the portal."""
        return f"https://{PORTAL}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """Return an SSL context that trusts its certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def visitor(self, source: str = "127.0.0.1") -> httpx.Client:
        """Return a client that connects from this address, resolves all names to loopback, and keeps cookies."""
        return httpx.Client(transport=_ByName(self, source), base_url=self.url, timeout=30)


class _ByName(httpx.HTTPTransport):
    def __init__(self, web_server: WebServer, source: str) -> None:
        super().__init__(verify=web_server.context(), local_address=source)
        self._port = web_server.port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Connect to loopback, with the name in the TLS handshake and in the Host header."""
        url = request.url.copy_with(host="127.0.0.1", port=self._port)
        extensions = {**request.extensions, "sni_hostname": request.url.host}
        sent = httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
        return super().handle_request(sent)


def is_installed(kind: str) -> bool:
    """Return whether the program is on this machine."""
    return shutil.which(PROGRAMS[kind], path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def printed(kind: str) -> str:
    """Return the code block of this kind from the page."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Create a certificate for the portal and all sessions; return the paths of it and its key."""
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    names = f"subjectAltName=DNS:{PORTAL},DNS:*.{SESSIONS}"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={PORTAL}"]
    subprocess.run(
        [*command, "-addext", names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    return certificate, key


@contextmanager
def web_server(kind: str, *, in_front_of: int, port: int) -> Iterator[WebServer]:
    """Run a web server in front of the server at port `in_front_of` until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="uws-front-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificate, key = make_certificate(folder)
        text = printed(kind)
        for old, new in (
            ("workspaces.example.org", PORTAL),
            ("sessions.example.org", SESSIONS),
            ("/etc/ssl/workspaces/fullchain.pem", str(certificate)),
            ("/etc/ssl/workspaces/privkey.pem", str(key)),
            ("/etc/apache2/user-workspaces-away.asis", str(folder / "away.asis")),
            ("127.0.0.1:8000", f"127.0.0.1:{in_front_of}"),
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("*:443", f"*:{port}"),
            ("https_port 443", f"https_port {port}"),
            ("http_port 80", f"http_port {free_port()}"),
        ):
            text = text.replace(old, new)
        (folder / "printed").write_text(text)
        command = _COMMANDS[kind](folder, port)
        environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": name, "XDG_DATA_HOME": name}
        with (folder / "output.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            running = WebServer(port, certificate, folder)
            wait_for(lambda: _responds(running, process), within=60, what=kind)
            yield running
        finally:
            process.terminate()
            process.wait(30)


def _responds(running: WebServer, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "\n".join(path.read_text() for path in running.folder.glob("*.log"))
    try:
        with running.visitor() as client:
            return client.get("/status/").status_code > 0
    except httpx.TransportError:
        return False


def _nginx(folder: Path, _port: int) -> list[str]:
    (folder / "main").write_text(NGINX.format(folder=folder))
    return ["nginx", "-c", str(folder / "main"), "-e", str(folder / "error.log")]


def _caddy(folder: Path, _port: int) -> list[str]:
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "printed")]


def _apache(folder: Path, port: int) -> list[str]:
    (folder / "away.asis").write_text(printed("text"))
    modules = "\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in MODULES)
    (folder / "main").write_text(APACHE.format(folder=folder, port=port, modules=modules))
    return ["apache2", "-D", "FOREGROUND", "-f", str(folder / "main")]


_COMMANDS: dict[str, Callable[[Path, int], list[str]]] = {"nginx": _nginx, "caddy": _caddy, "apache": _apache}
