"""Log formatters: JSON or plain text, without tokens and query strings."""

import logging
import re
from datetime import UTC, datetime

import orjson

from user_workspaces.observability.correlation import subject

TOKEN = re.compile(r"uws_[A-Za-z0-9_-]{8,}")
QUERY = re.compile(r"\?[A-Za-z0-9_.%\[\]-]+=[^\s\"'<>]*")
TICKET = re.compile(r"\b(ticket|token|code|state|secret|password)=[^\s\"'<>&]+", re.IGNORECASE)
BEARER = re.compile(r"\b(token|bearer|basic)(:?\s+)[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE)


def scrubbed(text: str) -> str:
    """Return the text without tokens, one-time links, and the values of queries."""
    # Lone surrogates, for example in file names, cannot be encoded: writing the line would fail.
    text = TOKEN.sub("uws_***", text.encode(errors="backslashreplace").decode())
    text = QUERY.sub("?***", text)
    text = TICKET.sub(r"\1=***", text)
    return BEARER.sub(r"\1\2***", text)


class WithoutTraceback(logging.Filter):
    """Logs errors that any client can cause, such as a wrong host name, as a warning in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the line."""
        # `exc_text` is the traceback that another formatter may have kept in the record.
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and request, person, job and error if known."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about = subject()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
        }
        known = {"request": about.request or None, "user": about.user, "job": about.job}
        line |= {name: value for name, value in known.items() if value is not None}
        if record.exc_info:
            line["error"] = scrubbed(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str).decode()


class PlainFormatter(logging.Formatter):
    """Plain text for terminals, with tracebacks on separate lines."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname:7} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the request ID."""
        request_id = subject().request
        return scrubbed(super().format(record)) + (f" [{request_id}]" if request_id else "")
