"""Settings of the server that `api.py` measures: the project's, with additional constant views."""

from user_workspaces.config.settings import *  # noqa: F403  all of it, with the constant views added

ROOT_URLCONF = "api_urls"
