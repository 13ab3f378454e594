"""All routes of the extension and their handlers; the README documents them."""

from jupyter_server.utils import url_path_join
from tornado.web import Application, RequestHandler

from reana_jupyterlab.const import SETTINGS_KEY, URL_PREFIX
from reana_jupyterlab.services import Services

from .connection import (
    ConnectionHandler,
    EnvVariablesHandler,
    InfoHandler,
    ProfileHandler,
    ProfilesHandler,
    QuotaHandler,
)
from .drive import DriveHandler
from .files import FileBrowserHandler, ParametersHandler
from .follow import FollowHandler
from .runs import RestartHandler, RunInputsHandler, ShareHandler, StartHandler, StopHandler
from .secrets_and_retention import PruneHandler, RetentionHandler, SecretHandler, SecretsHandler
from .streams import ContentHandler, WorkspaceFileUploadHandler
from .transfers import TransferHandler, TransfersHandler
from .workflows import (
    WorkflowCreateHandler,
    WorkflowDiffHandler,
    WorkflowHandler,
    WorkflowLogsHandler,
    WorkflowsHandler,
    WorkflowSpecificationHandler,
    WorkflowValidateHandler,
    WorkflowWorkspaceHandler,
    WorkspaceFilesHandler,
)
from .workspace import WorkspaceDownloadHandler, WorkspaceMoveHandler, WorkspaceUploadHandler

ONE = r"([^/]+)"
REST = r"(.+)"
RUN = rf"workflows/{ONE}"

# The forms with `?workflow_id=` come first: otherwise their last segment would match as the name of a run.
ROUTES: tuple[tuple[str, type[RequestHandler]], ...] = (
    ("env", EnvVariablesHandler),
    ("connection", ConnectionHandler),
    ("profiles", ProfilesHandler),
    (f"profiles/{ONE}", ProfileHandler),
    ("quota", QuotaHandler),
    ("info", InfoHandler),
    ("secrets", SecretsHandler),
    (f"secrets/{ONE}", SecretHandler),
    ("files", FileBrowserHandler),
    ("parameters", ParametersHandler),
    ("validate", WorkflowValidateHandler),
    ("run", WorkflowCreateHandler),
    ("transfers", TransfersHandler),
    (f"transfers/{ONE}", TransferHandler),
    ("drive/?", DriveHandler),
    (f"drive/{REST}", DriveHandler),
    ("workflows", WorkflowsHandler),
    ("workflows/logs", WorkflowLogsHandler),
    ("workflows/workspace", WorkflowWorkspaceHandler),
    ("workflows/specification", WorkflowSpecificationHandler),
    ("workflows/download", WorkspaceFilesHandler),
    (RUN, WorkflowHandler),
    (f"{RUN}/logs", WorkflowLogsHandler),
    (f"{RUN}/logs/follow", FollowHandler),
    (f"{RUN}/specification", WorkflowSpecificationHandler),
    (f"{RUN}/diff/{ONE}", WorkflowDiffHandler),
    (f"{RUN}/inputs", RunInputsHandler),
    (f"{RUN}/start", StartHandler),
    (f"{RUN}/restart", RestartHandler),
    (f"{RUN}/stop", StopHandler),
    (f"{RUN}/share", ShareHandler),
    (f"{RUN}/prune", PruneHandler),
    (f"{RUN}/retention", RetentionHandler),
    (f"{RUN}/workspace", WorkflowWorkspaceHandler),
    (f"{RUN}/workspace/{REST}", WorkspaceFilesHandler),
    (f"{RUN}/content/{REST}", ContentHandler),
    (f"{RUN}/upload", WorkspaceUploadHandler),
    (f"{RUN}/upload/{REST}", WorkspaceFileUploadHandler),
    (f"{RUN}/download", WorkspaceDownloadHandler),
    (f"{RUN}/move", WorkspaceMoveHandler),
)


def setup_handlers(web_app: Application, services: Services) -> None:
    """Add the routes below the server's base URL."""
    web_app.settings[SETTINGS_KEY] = services
    base_url = web_app.settings["base_url"]
    handlers = [(f"{url_path_join(base_url, URL_PREFIX)}/{route}", handler) for route, handler in ROUTES]
    web_app.add_handlers(".*$", handlers)
