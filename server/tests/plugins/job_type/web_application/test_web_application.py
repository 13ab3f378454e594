"""The job type: what it prepares, writes and refuses, and when an application is ready."""

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.applications import echo_application
from plugins.job_type.web_application.driver import BASE, Job, job_of, make_job_type
from support.server_process import wait_for
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.values import PreparationState
from user_workspaces.plugins.job_type.web_application.options import WebApplicationParameters
from user_workspaces.testing.job_type_contract import JobTypeContract

PLAIN: dict[str, Any] = {"command": ["app", "{socket}"]}
READY = PreparationState.READY


class TestContract(JobTypeContract):
    """The contract of job types."""

    @pytest.fixture
    def job_type(self, tmp_path: Path) -> JobType:
        return make_job_type(tmp_path, echo_application(env={"A": "{state} {origin}"}))


def plan_of(job: Job, file: str = "") -> dict[str, Any]:
    """Return the plan of the start script."""
    [plan] = [one for one in job.script(file).files if one.path == "application.json"]
    found: dict[str, Any] = json.loads(plan.content)
    return found


@pytest.mark.parametrize(("base", "prefix"), [("none", ""), ("keep", BASE[:-1]), ("strip", BASE[:-1])])
def test_placeholders_have_their_values(base: str, prefix: str) -> None:
    names = ("socket", "base", "base_rel", "host", "origin", "workspace", "file", "module", "state", "python")
    entry = {"command": [f"{{{name}}}" for name in names], "command_tail": ["tail", "{{file}}"], "asks_file": "*.py"}
    with job_of({**entry, "base": base, "base_args": ["--base={base}"]}) as job:
        command = plan_of(job, "apps/first.py")["command"]
        directory = job.folder / "job"
        base_args = [f"--base={prefix}"] if prefix else []
        assert command == [
            str(directory / "s"), prefix, f"{prefix}/".lstrip("/"), "s7.localhost:8000", "http://s7.localhost:8000",
            str(job.folder / "workspace"), "apps/first.py", "first", str(directory / "state"),
            str(directory / "python" / "bin" / "python"), *base_args, "tail", "{file}",
        ]  # fmt: skip


def test_file_is_never_an_option_and_never_looked_at_again() -> None:
    with job_of({"command": ["app", "{file}"], "asks_file": "*.py"}) as job:
        assert plan_of(job, "-rf.py")["command"] == ["app", "./-rf.py"]
        assert plan_of(job, "{socket} $(x).py")["command"] == ["app", "{socket} $(x).py"]


def test_file_whose_name_is_not_utf8_is_the_one_that_is_there() -> None:
    """Its text is what the portal shows and a launch names."""
    with job_of({"command": ["app", "{file}", "{module}"], "asks_file": "*", "files": {"f": "{file}"}}) as job:
        (job.folder / "workspace" / "caf\udce9.py").touch()
        plan = plan_of(job, "caf\\xE9.py")
        assert plan["command"] == ["app", "caf\udce9.py", "caf\udce9"]
        assert Path(plan["file"]).is_file()
        assert [one.content for one in job.script("caf\\xE9.py").files if one.path == "state/f"] == [b"caf\xe9.py"]


def test_address_of_a_file_whose_name_is_not_utf8_has_its_bytes(tmp_path: Path) -> None:
    job_type = make_job_type(tmp_path, {**PLAIN, "asks_file": "*", "open": "/show/{file}/{module}"})
    page = job_type.start_page(WebApplicationParameters(file="a/caf\\xE9.py"), BASE)
    assert page == "show/a/caf%E9.py/caf%E9"


def test_modules_are_loaded_before_the_environment(tmp_path: Path) -> None:
    """Additions to PATH do not hide the user's packages."""
    details = {"local": {"modules": ["gcc/13", "r/4"]}}
    job = Job(make_job_type(tmp_path, PLAIN, environment_details=details), tmp_path)
    assert job.script().modules == ("gcc/13", "r/4")
    assert "module load" not in job.script().text


@pytest.mark.parametrize(
    ("pattern", "file", "allowed"),
    [
        ("*.py", "a.py", True), ("*.py", "deep/A.PY", True), ("*.py", "a.ipynb", False), ("*.py", "", False),
        ("apps/*.py", "apps/a.py", True), ("apps/*.py", "a.py", False), ("", "", True), ("", "ignored.txt", True),
    ],
)  # fmt: skip
def test_launch_names_the_file_that_the_application_runs(pattern: str, file: str, *, allowed: bool) -> None:
    with job_of({**PLAIN, "asks_file": pattern}) as job:
        parameters = WebApplicationParameters(file=file)
        if allowed:
            job.job_type.check_launch("local", parameters)
            return
        with pytest.raises(InvalidRequest, match=r"job_details\.file"):
            job.job_type.check_launch("local", parameters)


def test_page_that_is_opened_names_the_file(tmp_path: Path) -> None:
    entry = {**PLAIN, "asks_file": "*", "base": "keep", "open": "/show/{file}?module={module}&at={base_rel}x"}
    job_type = make_job_type(tmp_path, entry)
    page = job_type.start_page(WebApplicationParameters(file="a b/ä?.py"), BASE)
    assert page == "show/a%20b/%C3%A4%3F.py?module=%C3%A4%3F&at=passthrough/local/7/x"


def test_application_is_offered_where_it_is_listed(tmp_path: Path) -> None:
    everywhere, listed = make_job_type(tmp_path, PLAIN), make_job_type(tmp_path, PLAIN, environment_details={"b": {}})
    for resource in ("a", "b"):
        everywhere.check_launch(resource, WebApplicationParameters())
        assert everywhere.prepare(resource).state is READY
    listed.check_launch("b", WebApplicationParameters())
    assert listed.prepare("a").state is READY
    with pytest.raises(InvalidRequest, match="not offered on a"):
        listed.check_launch("a", WebApplicationParameters())


def test_entry_without_an_application_can_be_read_and_not_launched(tmp_path: Path) -> None:
    """As the entries of earlier servers are."""
    job_type = make_job_type(
        tmp_path, None, environment_details={"local": {"module_manager": "lmod", "modules": ["a"]}}
    )
    assert job_type.prepare("local").state is PreparationState.FAILED
    assert not job_type.check().connected
    with pytest.raises(InvalidRequest, match="needs the key application"):
        job_type.check_launch("local", WebApplicationParameters())
    assert job_type.start_page(WebApplicationParameters(), BASE) == ""


def test_missing_packages_of_the_system_are_named_for_the_administrator(tmp_path: Path) -> None:
    entry = {**PLAIN, "packages": {"apt": ["bash", "no-such-package", "nor-this-one"]}}
    job_type = make_job_type(tmp_path, entry)
    preparation, health = job_type.prepare("local"), job_type.check()
    assert preparation.state is PreparationState.FAILED
    assert "`apt install no-such-package nor-this-one`" in preparation.message
    assert "`apt install no-such-package nor-this-one`" in health.advice
    assert (health.connected, "no-such-package" in health.message) == (False, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "mount"),
    [({}, Mount.ROOT), ({"base": "keep"}, Mount.KEEP), ({"base": "strip", "listen": "isolated"}, Mount.STRIP)],
)
def test_application_is_ready_once_it_responds_and_stops_on_request(changes: dict[str, Any], mount: Mount) -> None:
    with job_of(echo_application(strip_headers=["X-One"], **changes)) as job:
        (job.folder / "job").mkdir()
        (job.folder / "job" / "s").symlink_to("/nowhere")  # what was left there is removed
        job.start()
        wait_for(job.responses, within=60)
        endpoint = job.job_type.endpoint(job.context)
        assert endpoint is not None
        assert (endpoint.mount, endpoint.strip_headers) == (mount, ("x-one",))
        assert job.process is not None
        job.process.terminate()
        assert job.ended()[0] in {-15, 143}


@pytest.mark.slow
def test_application_that_cannot_run_says_why() -> None:
    with job_of({"command": ["no-such-program"]}) as job:
        assert job.start().ended() == (126, "Cannot start no-such-program: No such file or directory.\n")
    with job_of({"command": ["true"], "asks_file": "*"}) as job:
        code, log = job.start("gone.py").ended()
        assert code == 1
        assert "does not exist. Choose another file" in log
    with job_of({"command": ["false"], "listen": "port"}) as job:
        code, log = job.start(UWS_NETWORK="shared").ended()
        assert (code, "other accounts could connect to it" in log) == (1, True)
    with job_of({"command": ["no-such-program"], "listen": "port"}) as job:
        assert job.start(UWS_NETWORK="isolated").ended()[0] == 126


@pytest.mark.slow
def test_files_of_the_entry_are_private_and_folders_too() -> None:
    show = 'import os; print(oct(os.stat(os.environ["TMPDIR"]).st_mode), os.environ["A"], open(os.environ["B"]).read())'
    entry = {"command": ["{python}", "-c", show], "files": {"deep/b": "at {base}"}, "base": "keep"}
    with job_of({**entry, "env": {"A": "{state}", "B": "{state}/deep/b"}}) as job:
        code, log = job.start().ended()
        assert (code, log) == (0, f"0o40700 {job.folder}/job/state at {BASE[:-1]}\n")
