"""The settings of the server that `api.py` measures: our own, and constant views beside our paths."""

from user_workspaces.config.settings import *  # noqa: F403  all of it, with the constant views added

ROOT_URLCONF = "api_urls"
