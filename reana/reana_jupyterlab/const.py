"""Constants shared by several modules."""

URL_PREFIX = "reana_jupyterlab"
FRONT_END = "reana-jupyterlab"

ENV_SERVER = "REANA_SERVER_URL"
ENV_TOKEN = "REANA_ACCESS_TOKEN"  # noqa: S105 - the variable's name
ENV_CA_FILE = "REANA_CA_FILE"
ENV_CREDENTIALS_FILE = "REANA_CREDENTIALS_FILE"

# Defaults of the list of runs.
LIST_SIZE, LIST_SORT = 10, "desc"
WORKSPACE_SIZE = 100
MAX_PER_PAGE = 1000

SETTINGS_KEY = "reana_jupyterlab"
