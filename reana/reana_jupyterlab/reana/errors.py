"""What can go wrong between a person and REANA, as one tree.

ReanaError
├── NotConnected        no server address or no token is set
├── CredentialsRefused  REANA does not take the token
├── ConnectionChanged   another connection is used by now than the one that a request is for
├── Refused             REANA understood, and will not do it
├── BadRequest          what was asked makes no sense, to us or to REANA
├── NotFound            no such run or file
├── Conflict            the run is in another state, or the file is there already
├── TooManyRequests     REANA asks for patience
├── NotOffered          this REANA cannot do it
├── Unreachable         nobody answers there
│   ├── NonsenseAnswer  somebody answers, and it is not REANA's language
│   ├── UntrustedCertificate  its certificate is signed by an authority that is not known here
│   ├── WrongScheme     it takes HTTPS where HTTP was used, or the other way round
│   └── OutcomeUnknown  no answer came to a change, and it cannot be asked whether it happened
├── TooSlow             REANA did not answer in time
└── LocalFailure        the disk on this side: full, read-only, not permitted

Every message is a sentence for a person and never holds a token.
"""


class ReanaError(Exception):
    """Anything in the tree; `message` is for a person.

    `unanswered`: REANA may have done what was asked. `file`: the file that was being uploaded ('' = none).
    `detail`: what REANA said where that is for its administrators alone; it goes to the log.
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


class CredentialsRefused(ReanaError):
    """REANA does not take the token."""


class ConnectionChanged(ReanaError):
    """Another connection is used by now than the one that a request is for."""

    def __init__(self, message: str = "Another REANA account is connected by now.") -> None:
        super().__init__(message)


class Refused(ReanaError):
    """REANA understood, and will not do it."""


class BadRequest(ReanaError):
    """What was asked makes no sense, to us or to REANA."""


class NotFound(ReanaError):
    """No such run or file."""


class Conflict(ReanaError):
    """The run is in another state, or the file is there already."""


class TooManyRequests(ReanaError):
    """REANA asks for patience."""


class NotOffered(ReanaError):
    """This REANA cannot do it."""


class Unreachable(ReanaError):
    """Nobody answers at the server's address."""


class NonsenseAnswer(Unreachable):
    """Somebody answers, and it is not REANA's language."""


class UntrustedCertificate(Unreachable):
    """The server's certificate is signed by an authority that is not known here."""


class WrongScheme(Unreachable):
    """The server takes HTTPS where HTTP was used, or the other way round."""


class OutcomeUnknown(Unreachable):
    """No answer came to a change, and it cannot be asked whether it happened."""


class TooSlow(ReanaError):
    """REANA did not answer in time."""


class LocalFailure(ReanaError):
    """The disk on this side would not: full, read-only, not permitted."""

    def __init__(self, message: str, *, is_full: bool = False) -> None:
        super().__init__(message)
        self.is_full = is_full
