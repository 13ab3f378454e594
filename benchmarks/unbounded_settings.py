"""The settings of the server that `memory.py` compares with: our own, and nothing is done to keep the process small."""

from user_workspaces.config.settings import *  # noqa: F403  all of it
from user_workspaces.config.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "unbounded.Unbounded"]
