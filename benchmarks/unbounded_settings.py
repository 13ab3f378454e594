"""Settings of the unbounded server of `memory.py`: the project's, without memory bounds."""

from user_workspaces.config.settings import *  # noqa: F403  all of it
from user_workspaces.config.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "unbounded.Unbounded"]
