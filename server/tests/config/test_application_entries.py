"""The entries of web applications in `config.json`: valid ones are read, and errors name their key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.test_load_config import Change, _build, mistakes_of, read

__all__ = ["mistakes_of"]


def entry_of(job_type: str, **more: Any) -> Change:
    """Return a change that adds a job type with the id `app`."""
    return lambda config: config["available_job_types"].update(app={"name": "An app", "job_type": job_type, **more})


@pytest.mark.parametrize(
    ("job_type", "application", "message"),
    [
        (
            "WebApplicationJob",
            {"command": []},
            "available_job_types.app.application.command: Value error, the command must name a program",
        ),
        ("AppyterJob", {"command": ["x"], "port": 1}, "available_job_types.app.application.port: Extra inputs"),
        (
            "YACJob",
            {"command": ["{no}"]},
            "available_job_types.app.application.command.0: Value error, {no} is not",
        ),
        ("LocalTestJob", {"command": ["x"]}, "available_job_types.app.application: Extra inputs"),
    ],
)
def test_mistake_in_an_application_is_reported_with_its_key(
    mistakes_of: Callable[[bytes | Change], list[str]], job_type: str, application: dict[str, Any], message: str
) -> None:
    [line] = mistakes_of(entry_of(job_type, application=application))
    assert line.startswith(message)


@pytest.mark.parametrize("job_type", ["AppyterJob", "YACJob"])
def test_entry_of_an_earlier_release_is_read(job_type: str, tmp_path: Path) -> None:
    details = {"local": {"module_manager": "lmod", "modules": ["appyter"], "environment_name": "An app"}}
    assert "app" in read(entry_of(job_type, environment_details=details), tmp_path).job_types
    _build(tmp_path / "config.json", tmp_path)
