"""Every error that this server raises on purpose.

    UserWorkspacesError
    |-- ConfigurationError        the operator has to change something; nothing starts
    |-- InvalidRequest            the caller has to change something             (HTTP 400)
    |   `-- InvalidOptions        resource options outside the configured bounds (HTTP 422)
    |-- AuthenticationRefused     the credentials are not good                   (HTTP 401)
    |-- NotAllowed                known, but without the right                   (HTTP 403)
    |-- TooManyAttempts           tried too often; says when to come back        (HTTP 429)
    |-- NotFound                  not there, or not yours                        (HTTP 404)
    |-- StorageError              the file system refused                        (HTTP 507)
    |   |-- UnsafePath            a path that leaves its workspace               (HTTP 400)
    |   `-- PathNotFound          no such file or link target                     (HTTP 400)
    `-- ResourceUnavailable       a resource did not answer: nothing is known    (HTTP 503)
        `-- SubmissionRefused     the resource answered, and said no             (HTTP 400)

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


class AuthenticationRefused(UserWorkspacesError):
    """The credentials were meant for this authentication, and are not good."""


class NotAllowed(UserWorkspacesError):
    """The caller is known, and does not have the right."""


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


class UnsafePath(StorageError):
    """A path that would leave its workspace, or that no file can have."""


class PathNotFound(StorageError):
    """No such file, directory or link target."""


class ResourceUnavailable(UserWorkspacesError):
    """The resource could not be asked; says nothing of the jobs on it."""


class SubmissionRefused(ResourceUnavailable):
    """The resource answered that it will not run this job, and trying again will not change that."""
