"""The errors of this server.

    UserWorkspacesError
    |-- ConfigurationError        the configuration is wrong; the server does not start
    |-- InvalidRequest            the request is invalid                          (HTTP 400)
    |   |-- InvalidOptions        resource options exceed the configured bounds   (HTTP 422)
    |   |-- InvalidSpecification  the specification of a workflow is invalid      (HTTP 400)
    |   |-- PreconditionFailed    a precondition of the request failed            (HTTP 412)
    |   |-- TooLarge              the request exceeds a limit                     (HTTP 413)
    |   `-- WrongType             the body has an unsupported media type          (HTTP 415)
    |-- AuthenticationRejected    the credentials are wrong                       (HTTP 401)
    |-- NotAllowed                the user lacks the permission                   (HTTP 403)
    |   `-- QuotaExceeded         the request would exceed a quota of the user    (HTTP 403)
    |-- TooManyAttempts           a rate limit is exceeded; names the wait        (HTTP 429)
    |-- NotFound                  not found, or owned by another user             (HTTP 404)
    |-- StorageError              the storage failed                              (HTTP 507)
    |   |-- DiskFull              the server's disk is full                       (HTTP 507)
    |   |-- Conflict              the current state conflicts with the request    (HTTP 409)
    |   |-- AccessDenied          the permissions of a file deny the access       (HTTP 403)
    |   |-- InUse                 another request holds the lock                  (HTTP 423)
    |   |-- UnsafePath            the path leaves its workspace                   (HTTP 400)
    |   `-- PathNotFound          no such file or link target                     (HTTP 400)
    |-- TemporarilyUnavailable    the database does not respond; names the wait   (HTTP 503)
    |-- TooManyAtOnce             the user has too many of these in progress      (HTTP 429)
    `-- ResourceUnavailable       the resource does not respond                   (HTTP 503)
        `-- SubmissionRejected    the resource rejected the job                   (HTTP 400)

Messages are for users: they say what happened and what to do next, and hold no secrets and no paths outside of the
user's own workspace.
"""


class UserWorkspacesError(Exception):
    """The base class of all errors of this server."""

    @property
    def message(self) -> str:
        """The text that users may read."""
        return str(self)


class ConfigurationError(UserWorkspacesError):
    """The configuration or the environment of the server is wrong; an operator has to change it."""


class InvalidRequest(UserWorkspacesError):
    """The request is invalid."""


class InvalidOptions(InvalidRequest):
    """Resource options exceed the configured bounds; `problems` lists each problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"Invalid resource options found: {problems}")


class InvalidSpecification(InvalidRequest):
    """The specification of a workflow is invalid; `problems` lists each mistake with its location."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The specification cannot be used: " + "; ".join(problems))


class PreconditionFailed(InvalidRequest):
    """A precondition of the request failed; nothing was changed."""


class TooLarge(InvalidRequest):
    """The request exceeds a size limit."""


class WrongType(InvalidRequest):
    """The body has an unsupported media type or encoding."""


class AuthenticationRejected(UserWorkspacesError):
    """The credentials are wrong, and for this authentication."""


class NotAllowed(UserWorkspacesError):
    """The user is authenticated and lacks the permission."""


class QuotaExceeded(NotAllowed):
    """The request would exceed a quota of the user; `kind`: `disk`, `core_hours` or `running_sessions`.

    `is_final`: waiting does not help, since the request exceeds the whole quota.
    """

    def __init__(self, message: str, *, kind: str, is_final: bool = False) -> None:
        self.kind, self.is_final = kind, is_final
        super().__init__(message)


class TooManyAttempts(UserWorkspacesError):
    """A rate limit is exceeded; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        unit = "second" if self.retry_after == 1 else "seconds"
        super().__init__(f"Too many attempts. Try again in {self.retry_after} {unit}.")


class NotFound(UserWorkspacesError):
    """The object does not exist, or the caller may not see it."""


class StorageError(UserWorkspacesError):
    """The storage failed."""


class DiskFull(StorageError):
    """The disk with the server's own data is full."""


class Conflict(StorageError):
    """The current state conflicts with the request: an object exists, has changed, or is of another kind."""


class AccessDenied(StorageError):
    """The permissions of a file or folder deny the access."""


class InUse(StorageError):
    """Another request is changing the same object; trying again later can help."""


class UnsafePath(StorageError):
    """The path leaves its workspace, or is not a valid file name."""


class PathNotFound(StorageError):
    """The file, the folder or the target of a link does not exist."""


class TemporarilyUnavailable(UserWorkspacesError):
    """The database does not respond; `retry_after` is in whole seconds."""

    retry_after = 5


class TooManyAtOnce(UserWorkspacesError):
    """The user has as many of these in progress as one user may have; trying again later helps."""


class ResourceUnavailable(UserWorkspacesError):
    """The resource does not respond; the state of its jobs is unknown."""


class SubmissionRejected(ResourceUnavailable):
    """The resource rejected the job; trying again does not help."""
