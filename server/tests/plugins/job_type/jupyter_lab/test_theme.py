"""The page follows the system's dark mode, unless a theme was chosen."""

from collections.abc import Callable
from typing import Any

import pytest

from plugins.job_type.jupyter_lab.driver import Session

pytestmark = [pytest.mark.environment, pytest.mark.slow]
THEMES = "@jupyterlab/apputils-extension:themes"
SETTINGS = "home/.jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
DEFAULTS = """{
    // Theme
    // "theme": "JupyterLab Light",
    // "adaptive-theme": false
    "theme-scrollbars": true
}"""


@pytest.mark.parametrize(
    ("chosen", "follows"),
    [
        (None, True),
        (DEFAULTS, True),
        ('{"theme": "JupyterLab Light"}', False),
        ('{\n    // Theme\n    "theme": "JupyterLab Dark"\n}', False),
        ('{"theme-scrollbars": true, "adaptive-theme": false}', False),
    ],
)
def test_theme_follows_the_system_unless_the_user_chose_one(
    new_session: Callable[[], Session], chosen: str | None, *, follows: bool
) -> None:
    session = new_session()
    if chosen is not None:
        session.write(SETTINGS, chosen)
    session.start()
    session.wait_until_ready()
    found: Any = session.request("GET", f"lab/api/settings/{THEMES}").json()
    assert found["schema"]["properties"]["adaptive-theme"]["default"] is follows
