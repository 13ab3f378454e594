"""Options of an application, and messages about mistakes."""

import json
import subprocess
from typing import Any

import pytest
from pydantic import ValidationError

from support.server_process import REPOSITORY
from user_workspaces.config.config_schema.config_file import JobTypeEntry
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.resource_options import job_parameters
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabOptions
from user_workspaces.plugins.job_type.web_application import WebApplicationOptions
from user_workspaces.plugins.job_type.web_application.options import WebApplicationParameters

SHIPPED: dict[str, Any] = json.loads((REPOSITORY / "docs/applications/applications.json").read_text())


def parsed(**application: Any) -> WebApplicationOptions:
    own = {"command": ["x", "{socket}"], **application}
    return WebApplicationOptions.model_validate_json(json.dumps({"application": own}))


def mistake(**application: Any) -> tuple[str, str]:
    """Return where the first mistake is, and what it is."""
    with pytest.raises(ValidationError) as refused:
        parsed(**application)
    problem = refused.value.errors(include_url=False, include_context=False)[0]
    return ".".join(str(part) for part in problem["loc"]), problem["msg"]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_entry_parses(name: str) -> None:
    entry = JobTypeEntry.model_validate_json(json.dumps(SHIPPED[name]))
    options: dict[str, Any] = {"environment_details": entry.environment_details}
    if entry.application is None:
        assert JupyterLabOptions.model_validate_json(json.dumps(options)).environment_details
        return
    own = WebApplicationOptions.model_validate_json(json.dumps({**options, "application": entry.application}))
    assert own.application is not None


RUNS_NO_CODE = [name for name, entry in SHIPPED.items() if not entry.get("application", {}).get("asks_file")]
"""Applications that are opened without a word of what to run."""


@pytest.mark.parametrize("name", [*RUNS_NO_CODE, "voila"])
def test_shipped_entry_takes_no_module_from_the_workspace(name: str) -> None:
    application = SHIPPED[name].get("application", {})
    command = application.get("command", [])
    assert [command[at - 1] for at, word in enumerate(command) if word == "-m"] in ([], ["-I"])
    if name == "mlflow":  # it starts another Python with -m uvicorn, which looks in the workspace once more
        assert application["env"]["PYTHONSAFEPATH"] == "1"
        assert "--app-dir {state}" in command[-1]


def test_shipped_shell_keeps_the_path_of_the_environment() -> None:
    [shell] = [SHIPPED["terminal_ttyd"]["application"]["command_tail"]]
    environment = {"PATH": "/overlay/bin:/usr/bin:/bin"}
    ran = subprocess.run(shell, input='echo "$PATH"', env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "/overlay/bin:/usr/bin:/bin\n"


def test_entry_of_an_earlier_server_parses() -> None:
    details = {
        "local": {
            "module_manager": "lmod",
            "modules": ["python/3.12"],
            "environment_name": "Appyter",
            "time_limit": 20,
            "python_packages": ["appyter"],
        }
    }
    options = WebApplicationOptions.model_validate_json(json.dumps({"environment_details": details}))
    assert options.application is None


@pytest.mark.parametrize(
    ("application", "where", "what"),
    [
        ({"commands": ["x"]}, "application.commands", "Extra inputs are not permitted"),
        ({"command": []}, "application.command", "the command must name a program"),
        ({"command": "x --port 1"}, "application.command", "valid"),
        ({"command": ["x", "{sockets}"]}, "application.command.1", "{sockets} is not one of {base}, {base_rel}, {env}"),
        ({"env": {"A": "{port}"}}, "application", "{port} requires listen"),
        ({"listen": "port"}, "application", "{socket} requires listen 'socket', not 'port'"),
        ({"env": {"A": "{env}/x"}}, "application", "{env} requires packages.pip or packages.npm"),
        ({"env": {"UWS_NETWORK": "isolated"}}, "application.env.UWS_NETWORK", "reserved for the server"),
        ({"env": {"A=B": "x"}}, "application.env.A=B", "String should match pattern"),
        ({"base_args": ["{file}"]}, "application", "{file} requires asks_file"),
        ({"files": {"../x": ""}}, "application.files.../x", "not a relative path"),
        ({"files": {"/etc/x": ""}}, "application.files./etc/x", "not a relative path"),
        ({"files": {"a//b": ""}}, "application.files.a//b", "not a relative path"),
        ({"ready": "health"}, "application.ready", "String should match pattern"),
        ({"ready": "/{module}", "asks_file": "*"}, "application.ready", "{module} is not one of {base}, {base_rel}"),
        ({"open": "//evil.example"}, "application.open", "String should match pattern"),
        ({"open": "/{socket}"}, "application.open", "{socket} is not one of"),
        ({"ready_s": 0}, "application.ready_s", "greater than or equal to 1"),
        ({"listen": "tcp"}, "application.listen", "'socket', 'port' or 'isolated'"),
        ({"base": "prefix"}, "application.base", "'none', 'keep' or 'strip'"),
        ({"packages": {"pip": ["--index-url=x"]}}, "application.packages.pip.0", "String should match pattern"),
        ({"packages": {"npm": ["-g"]}}, "application.packages.npm.0", "String should match pattern"),
        ({"packages": {"apt": ["a b"]}}, "application.packages.apt.0", "String should match pattern"),
        ({"strip_headers": ["Host"]}, "application.strip_headers.0", "required for the connection"),
        ({"strip_headers": ["Sec-WebSocket-Key"]}, "application.strip_headers.0", "required for the connection"),
    ],
)
def test_mistake_is_reported_with_its_key(application: dict[str, Any], where: str, what: str) -> None:
    found, message = mistake(**application)
    assert found.removesuffix(".[key]").removesuffix(".[key]") == where
    assert what in message


def test_braces_that_are_no_placeholder_are_left_alone() -> None:
    options = parsed(files={"a.json": '{"a": {}}', "b": "{{file}} ${HOME} {0}"}, strip_headers=["X-Secret"])
    assert options.application is not None
    assert options.application.strip_headers == ("x-secret",)


@pytest.mark.parametrize("file", ["", "a.py", "apps/my app.py", "ä.py", "-x.py", "$(touch x).py", "a'b\".py"])
def test_file_below_the_workspace_is_taken(file: str) -> None:
    assert job_parameters(WebApplicationParameters, {"file": file, "other": 1}) == WebApplicationParameters(file=file)


@pytest.mark.parametrize(
    "file", ["/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\nb", "a\0b", "x" * 1001, 3]
)
def test_file_outside_the_workspace_is_refused(file: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^job_details"):
        job_parameters(WebApplicationParameters, {"file": file})
