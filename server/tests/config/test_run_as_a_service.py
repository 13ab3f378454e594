"""The commands of the page "Run as a service": they prepare sessions and report what sessions lack.

Commands that install packages or belong to systemd are left out; the commands of the units run as written.
"""

import configparser
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.live_server import surroundings
from support.server_process import REPOSITORY, environments, free_port
from user_workspaces.plugins.job_type.jupyter_lab.contents import extension
from user_workspaces.testing.waiting import eventually

PAGE = REPOSITORY / "docs" / "how-to" / "run-as-a-service.md"
BLOCK = re.compile(r"^```(sh|ini)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = ("scripts/install ", "systemctl ", "chmod ", "cd ")
LACKS = "Sessions have no REANA extension"

pytestmark = [pytest.mark.slow, pytest.mark.environment, pytest.mark.soak]


@dataclass(frozen=True)
class Service:
    """A server that is set up as the page describes."""

    folder: Path
    port: int

    def written_here(self, text: str) -> str:
        """Replace the folders and the port of the page with those of this test."""
        text = text.replace("/var/lib/user-workspaces", str(self.folder))
        return text.replace("/opt/user-workspaces", str(REPOSITORY)).replace("UWS_PORT=8000", f"UWS_PORT={self.port}")

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the page in the project's folder, with the variable that the page exports."""
        environment = {**surroundings(), "UWS_DATA_DIR": str(self.folder)}
        command = self.written_here(command)
        return subprocess.run(
            ["sh", "-c", command], cwd=REPOSITORY, env=environment, check=False, capture_output=True, text=True
        )


def blocks(kind: str) -> list[str]:
    """Return the code blocks of one language, in order."""
    return [text for found, text in BLOCK.findall(PAGE.read_text()) if found == kind]


def commands() -> list[str]:
    """Return the commands that can be run here."""
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    return [line for line in lines if not line.startswith(LEFT_OUT)]


@contextmanager
def unit(service: Service, text: str, command: str) -> Iterator[None]:
    """Run a command in the environment and the working directory of a unit."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys are case-sensitive
    parser.read_string(service.written_here(text))
    pairs = (pair.partition("=") for pair in shlex.split(parser["Service"]["Environment"]))
    environment = {**surroundings(), **{name: value for name, _, value in pairs}}
    process = subprocess.Popen(
        shlex.split(service.written_here(command)), cwd=parser["Service"]["WorkingDirectory"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Service, dict[str, "subprocess.CompletedProcess[str]"]]]:
    """Run the commands of the page; yield the running server and the result of each command."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="uws-service-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        shared = environments() / "environments"
        shared.mkdir(parents=True, exist_ok=True)
        (folder / "environments").symlink_to(shared)  # JupyterLab is installed once per machine
        here = Service(folder, free_port())
        said = {command: here.run(command) for command in commands() if "login_link" not in command}
        web, controller = blocks("ini")
        starts = re.findall(r"^ExecStart=(.*)$", web + controller, re.MULTILINE)
        for start in starts:
            stack.enter_context(unit(here, web, start))
        eventually(lambda: responses(here))
        yield here, said


def responses(service: Service) -> bool:
    try:
        return bool(httpx.get(f"http://localhost:{service.port}/status/").status_code)
    except httpx.TransportError:
        return False


Set = tuple[Service, dict[str, "subprocess.CompletedProcess[str]"]]


def test_page_installs_the_same_parts_as_make_start() -> None:
    installed = re.findall(r"^(scripts/install \w+)$", "\n".join(blocks("sh")), re.MULTILINE)
    assert installed == ["scripts/install run", "scripts/install extension"]
    makefile = (REPOSITORY / "Makefile").read_text()
    assert "start: run-parts extension-part" in makefile


def test_every_command_works(service: Set) -> None:
    _, said = service
    assert {command: done.returncode for command, done in said.items() if done.returncode} == {}
    prepared = said[".venv/bin/python manage.py prepare_sessions"]
    assert prepared.stdout.strip() == "Sessions are prepared."


@pytest.mark.soak
def test_missing_extension_is_reported_everywhere(service: Set) -> None:
    here, said = service
    expected = extension() is None
    told = said[".venv/bin/python manage.py prepare_sessions"].stderr
    assert (LACKS in told) is expected
    assert (LACKS in said[".venv/bin/python manage.py plugins"].stdout) is expected
    assert (LACKS in here.run(".venv/bin/python manage.py check").stderr) is expected
    status = httpx.get(f"http://localhost:{here.port}/status/").json()
    assert any(LACKS in warning for warning in status["warnings"]) is expected
    assert not any("not prepared" in warning for warning in status["warnings"])


@pytest.mark.soak
def test_first_user_gets_a_working_login_link(service: Set) -> None:
    here, _ = service
    (command,) = [command for command in commands() if "login_link" in command]
    link = here.run(command).stdout.strip()
    assert link.startswith(f"http://localhost:{here.port}/login/")
    assert httpx.get(link).status_code == httpx.codes.OK
