"""Exceptions of the client, as one tree.

ReanaError
├── NotConnected        no server address or no token is set
├── CredentialsRejected REANA rejected the token
├── ConnectionChanged   the request is for another connection than the active one
├── Forbidden           REANA understood the request and denies it
├── BadRequest          the request is invalid for the extension or for REANA
├── NotFound            no such run or file
├── Conflict            the run is in another state, or the file exists already
├── TooManyRequests     REANA limits the rate of requests
├── NotSupported        this REANA does not support it
├── Unreachable         the server does not respond
│   ├── InvalidResponse the response is not one of REANA
│   ├── UntrustedCertificate  its certificate is signed by an unknown authority
│   ├── WrongScheme     it uses HTTPS and the address HTTP, or vice versa
│   └── OutcomeUnknown  the response to a change was lost, and its outcome cannot be queried
├── TooSlow             REANA did not respond in time
└── LocalFailure        the local disk: full, read-only, permission denied

Every message is a sentence for users and never contains a token.
"""


class ReanaError(Exception):
    """Base class; `message` is for users.

    `unanswered`: REANA may have done the request. `file`: the file that failed to upload ('': none).
    `detail`: REANA's message if it is for administrators only; it is logged.
    """

    def __init__(self, message: str, *, unanswered: bool = False, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.unanswered = unanswered
        self.detail = detail
        self.file = ""


class NotConnected(ReanaError):
    """No server address or no token is set."""

    def __init__(self, message: str = "Not connected: set the address of a REANA server and an access token.") -> None:
        super().__init__(message)


class CredentialsRejected(ReanaError):
    """REANA rejected the token."""


class ConnectionChanged(ReanaError):
    """The request is for another connection than the active one."""

    def __init__(self, message: str = "Another REANA account is now connected.") -> None:
        super().__init__(message)


class Forbidden(ReanaError):
    """REANA understood the request and denies it."""


class BadRequest(ReanaError):
    """The request is invalid for the extension or for REANA."""


class NotFound(ReanaError):
    """No such run or file."""


class Conflict(ReanaError):
    """The run is in another state, or the file exists already."""


class TooManyRequests(ReanaError):
    """REANA limits the rate of requests."""


class NotSupported(ReanaError):
    """This REANA does not support it."""


class Unreachable(ReanaError):
    """The server does not respond."""


class InvalidResponse(Unreachable):
    """The response is not one of REANA."""


class UntrustedCertificate(Unreachable):
    """The server's certificate is signed by an unknown authority."""


class WrongScheme(Unreachable):
    """The server uses HTTPS and the address HTTP, or vice versa."""


class OutcomeUnknown(Unreachable):
    """The response to a change was lost, and its outcome cannot be queried."""


class TooSlow(ReanaError):
    """REANA did not respond in time."""


class LocalFailure(ReanaError):
    """The local disk failed: full, read-only, permission denied."""

    def __init__(self, message: str, *, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full
