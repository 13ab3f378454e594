"""Icon, description and file patterns of a job type in the configuration."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

import user_workspaces
from user_workspaces.config import load_config
from user_workspaces.config.config_schema.config_file import Icon, JobTypeEntry
from user_workspaces.interfaces.settings import JobTypeSettings

SPRITE = Path(user_workspaces.__file__).parent / "portal/static/uws/icons.svg"


def entry(**further: Any) -> JobTypeEntry:
    return JobTypeEntry.model_validate_json(
        JobTypeEntry(name="N", job_type="T").model_copy(update=further).model_dump_json()
    )


def test_omitted_keys_have_defaults() -> None:
    assert entry().value() == JobTypeSettings("N", offered=None, icon="app", description="", opens=None)


def test_configured_keys_become_values() -> None:
    said = entry(icon="r", description="R.", opens=("*.R", "app.R"))
    assert said.value() == JobTypeSettings("N", icon="r", description="R.", opens=("*.R", "app.R"))


@pytest.mark.parametrize(
    "further",
    [
        {"icon": "/etc/passwd"},
        {"icon": "data:image/png;base64,"},
        {"description": "x" * 201},
        {"opens": ("a/b",)},
        {"opens": ("",)},
        {"opens": ("a\nb",)},
        {"opens": ("*",) * 51},
        {"opens": ("x" * 201,)},
    ],
)
def test_invalid_value_is_refused(further: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entry(**further)


def test_each_icon_is_drawn_once() -> None:
    drawn = re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text())
    assert len(drawn) == len(set(drawn))
    assert set(get_args(Icon)) - set(drawn) == set()


def test_jupyterlab_has_an_icon_a_description_and_opens_all_files() -> None:
    found = load_config.read(None)[0].job_types["jupyter_lab"]
    assert (found.icon, bool(found.description), found.opens) == ("notebook", True, ("*",))
