"""The objects in responses of the API, each described once: as a typed dictionary."""

from functools import partial
from typing import Annotated, Any, NotRequired, TypedDict

from rest_framework import serializers

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.job_serializers import CurrentJobDetailsSerializer, JobRequestSerializer
from user_workspaces.api.serializers import ContentSerializer
from user_workspaces.api.typed_serializers import Json, Time, serializer_for
from user_workspaces.environments.discovery import NAMES
from user_workspaces.environments.models import PreparationStatus
from user_workspaces.environments.packages import Origin
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.jobs.status import JobStatus
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.models import WorkspaceStatus

JOB_STATUSES = [status.value for status in JobStatus]
WORKSPACE_STATUSES = WorkspaceStatus.values
NO_PREPARATION = "none"
"""The status of a workspace without a preparation."""


class User(TypedDict):
    """A user."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str


class Token(TypedDict):
    """An API token, without its text."""

    id: int
    name: str
    prefix: Annotated[str, "First characters of the token."]
    scopes: list[Annotated[str, partial(serializers.ChoiceField, choices=[scope.value for scope in Scope])]]
    is_current: Annotated[bool, "True for the token of this request."]
    datetime_created: Time
    datetime_last_used: Time | None
    datetime_expires: Time


class WorkspaceDetails(TypedDict):
    """The requested content, and the content at the last measurement."""

    request_workspace_details: Annotated[Json, ContentSerializer]
    current_workspace_details: Annotated[
        Json, "At most 10,000 names of each kind; each starts with a slash.", ContentSerializer
    ]


class Workspace(TypedDict):
    """A workspace."""

    id: int
    name: str
    description: str
    disk_space: Annotated[int, "Bytes."]
    datetime_created: Time
    datetime_last_modified: Time
    datetime_last_job_launch: Time | None
    workspace_details: WorkspaceDetails
    status: Annotated[str, partial(serializers.ChoiceField, choices=WORKSPACE_STATUSES)]
    default_job_type: Annotated[str | None, "`null`: the workspace has none."]


class Entry(TypedDict):
    """A file, a folder or a symbolic link."""

    name: str
    path: Annotated[str, "Relative to the workspace."]
    type: Annotated[str, partial(serializers.ChoiceField, choices=[kind.value for kind in EntryKind])]
    size: Annotated[int, "Bytes."]
    modified: Time
    etag: str


class Metrics(TypedDict):
    """Durations in seconds; a key appears when its duration is known."""

    time_pending: NotRequired[Annotated[float, "From the launch to the start."]]
    time_init: NotRequired[Annotated[float, "From the start to the first response of the session."]]


class JobDetails(TypedDict):
    """Details of a job."""

    metrics: Metrics
    request_job_details: Annotated[Json, JobRequestSerializer]
    current_job_details: Annotated[dict[str, object], CurrentJobDetailsSerializer]


class Job(TypedDict):
    """A job."""

    id: int
    workspace_id: int
    resource_job_id: Annotated[int, "-1 until the resource has accepted the job."]
    job_type: str
    status: Annotated[str, partial(serializers.ChoiceField, choices=JOB_STATUSES)]
    datetime_created: Time
    datetime_start: Time | None
    datetime_end: Time | None
    core_hours: Annotated[str, "A decimal number."]
    job_details: JobDetails


class Run(TypedDict):
    """A run of a workflow."""

    id: Annotated[str, serializers.UUIDField]
    name: Annotated[str, "With its number, as `fit.1`."]
    status: Annotated[str, partial(serializers.ChoiceField, choices=[status.value for status in RunStatus])]
    message: str
    workspace_id: Annotated[int, "The run's own workspace, not the one that it was started from."]
    resource: str
    datetime_created: Time
    datetime_start: Time | None
    datetime_end: Time | None


class SharedWorkspace(TypedDict):
    """A workspace as the sender or the receiver of a share sees it."""

    id: int
    user_id: User
    name: str
    description: str
    workspace_details: WorkspaceDetails


class CopyStatus(TypedDict):
    """Progress of the copy."""

    state: Annotated[str, partial(serializers.ChoiceField, choices=["waiting", "copying", "ready", "failed"])]
    percent: int | None
    message: str
    disk_space: Annotated[int, "Bytes; those of the original until the copy is made."]


class Share(TypedDict):
    """A workspace that was offered to a user; its ID is that of the copy."""

    original_workspace_id: SharedWorkspace | None
    shared_workspace_id: SharedWorkspace
    last_resource_options: Annotated[dict[str, Any], serializers.DictField]
    last_job_type: str | None
    is_accepted: bool
    datetime_share_created: Time
    copy_details: CopyStatus


class BaseEnvironment(TypedDict):
    """The server's own environment, below all packages of a workspace."""

    name: Annotated[str, "Empty if the server has none."]
    python: Annotated[str, "As `3.11`; empty if modules provide Python."]
    modules: list[str]


class Package(TypedDict):
    """A package that jobs in the workspace find."""

    name: str
    version: str
    origin: Annotated[
        str,
        "`site`: of the server's own environment; `prepared`: from a file of the workspace; `installed`: by the user.",
        partial(serializers.ChoiceField, choices=[origin.value for origin in Origin]),
    ]
    size: Annotated[int | None, "Bytes; `null` if unknown."]


class Preparation(TypedDict):
    """The preparation that was requested last."""

    status: Annotated[
        str, partial(serializers.ChoiceField, choices=[NO_PREPARATION, *map(str, PreparationStatus.values)])
    ]
    file: str | None
    message: str
    file_has_changed: Annotated[bool, "True if the file has changed since it was prepared."]
    is_outdated: Annotated[bool, "True if launches ignore it because the server's Python has changed since."]
    requirements: Annotated[int, "Number of requirements in the file."]
    log: Annotated[str, "Last lines of the installer's log."]
    job_id: Annotated[int | None, "The job that builds the environment, for conda and R."]
    datetime_requested: Time | None
    datetime_ended: Time | None


class Environment(TypedDict):
    """The environment of a workspace."""

    base: BaseEnvironment
    packages: list[Package]
    specification_files: list[Annotated[str, partial(serializers.ChoiceField, choices=NAMES)]]
    preparation: Preparation
    overlay_size: Annotated[int, "Bytes of the packages that the user installed."]


EntrySerializer = serializer_for(Entry)
EnvironmentSerializer = serializer_for(Environment)
JobSerializer = serializer_for(Job)
PreparationSerializer = serializer_for(Preparation)
RunSerializer = serializer_for(Run)
ShareSerializer = serializer_for(Share)
TokenSerializer = serializer_for(Token)
UserSerializer = serializer_for(User)
WorkspaceSerializer = serializer_for(Workspace)
