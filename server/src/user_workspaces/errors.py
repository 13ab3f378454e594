"""Every error that this server raises on purpose.

    UserWorkspacesError
    |-- ConfigurationError        the operator has to change something; nothing starts
    |-- InvalidRequest            the caller has to change something             (HTTP 400)
    |   |-- InvalidOptions        resource options outside the configured bounds (HTTP 422)
    |   |-- InvalidSpecification  a workflow's specification with mistakes       (HTTP 400)
    |   |-- PreconditionFailed    what the caller made a condition is not so     (HTTP 412)
    |   |-- TooLarge              more than is taken                             (HTTP 413)
    |   `-- WrongType             a body of another type than this needs         (HTTP 415)
    |-- AuthenticationRejected     the credentials are not good                   (HTTP 401)
    |-- NotAllowed                known, but without the right                   (HTTP 403)
    |   `-- QuotaExceeded         it would be more than this person may have     (HTTP 403)
    |-- TooManyAttempts           tried too often; says when to come back        (HTTP 429)
    |-- NotFound                  not there, or not yours                        (HTTP 404)
    |-- StorageError              the file system refused                        (HTTP 507)
    |   |-- DiskFull              the disk of the server is full                 (HTTP 507)
    |   |-- Conflict              what is there is not what the caller expects   (HTTP 409)
    |   |-- AccessDenied          the permissions of a file or folder forbid it  (HTTP 403)
    |   |-- InUse                 somebody else is at it in this moment          (HTTP 423)
    |   |-- UnsafePath            a path that leaves its workspace               (HTTP 400)
    |   `-- PathNotFound          no such file or link target                     (HTTP 400)
    |-- TemporarilyUnavailable  the database does not answer; says when to come back (HTTP 503)
    |-- TooManyAtOnce             this person has too much going on already      (HTTP 429)
    `-- ResourceUnavailable       a resource did not answer: nothing is known    (HTTP 503)
        `-- SubmissionRejected     the resource answered, and said no             (HTTP 400)

Every message is written for the person who reads it: it says what happened and what to do, and holds no
secret and no path outside of the person's own workspace.
"""


class UserWorkspacesError(Exception):
    """The root of the tree above."""

    @property
    def message(self) -> str:
        """What a person may read."""
        return str(self)


class ConfigurationError(UserWorkspacesError):
    """Something in the configuration or in the surroundings of the server has to be changed first."""


class InvalidRequest(UserWorkspacesError):
    """What the caller sent cannot be used."""


class InvalidOptions(InvalidRequest):
    """Resource options that break the configured bounds; `problems` names each of them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"Invalid resource options found: {problems}")


class InvalidSpecification(InvalidRequest):
    """The specification of a workflow that cannot run; `problems` names each mistake with its place."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The specification cannot be used: " + "; ".join(problems))


class PreconditionFailed(InvalidRequest):
    """A condition that the caller named does not hold: nothing was done."""


class TooLarge(InvalidRequest):
    """What the caller sends is more than is taken."""


class WrongType(InvalidRequest):
    """The body is of another type, or encoded in another way, than this can read."""


class AuthenticationRejected(UserWorkspacesError):
    """The credentials were meant for this authentication, and are not good."""


class NotAllowed(UserWorkspacesError):
    """The caller is known, and does not have the right."""


class QuotaExceeded(NotAllowed):
    """It would be more than the person may have; `kind` says of what: `disk`, `core_hours`, `running_sessions`.

    `is_final`: waiting does not help, for it is more than all that is theirs.
    """

    def __init__(self, message: str, *, kind: str, is_final: bool = False) -> None:
        self.kind, self.is_final = kind, is_final
        super().__init__(message)


class TooManyAttempts(UserWorkspacesError):
    """Tried too often; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        unit = "second" if self.retry_after == 1 else "seconds"
        super().__init__(f"Too many attempts. Try again in {self.retry_after} {unit}.")


class NotFound(UserWorkspacesError):
    """There is no such thing for this caller."""


class StorageError(UserWorkspacesError):
    """The storage could not do what it was asked to do."""


class DiskFull(StorageError):
    """The disk that the server keeps its own data on is full."""


class Conflict(StorageError):
    """What is there is not what the caller takes for granted: it exists already, changed, or is of another kind."""


class AccessDenied(StorageError):
    """The permissions of a file or folder do not let its person do this."""


class InUse(StorageError):
    """Somebody else is changing the same thing in this moment; trying again later can help."""


class UnsafePath(StorageError):
    """A path that would leave its workspace, or that no file can have."""


class PathNotFound(StorageError):
    """No such file, directory or link target."""


class TemporarilyUnavailable(UserWorkspacesError):
    """The server cannot use its database for the moment; `retry_after` is in whole seconds."""

    retry_after = 5


class TooManyAtOnce(UserWorkspacesError):
    """One person has as many of these going on as one person may; later there is room again."""


class ResourceUnavailable(UserWorkspacesError):
    """The resource could not be asked; says nothing of the jobs on it."""


class SubmissionRejected(ResourceUnavailable):
    """The resource answered that it will not run this job, and trying again will not change that."""
