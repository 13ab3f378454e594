"""Reads a run's logs from REANA's response, JSON within JSON, in bounded memory: long logs keep their end."""

import codecs
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from .errors import InvalidResponse
from .json_stream import JsonStream, Path, Scalar

KEPT_OF_A_TEXT = 1024 * 1024
MAX_JOBS, MAX_SERVICES = 10_000, 100
FIELD_LIMIT = 16 * 1024
LINE_LIMIT = 64 * 1024


class LogText:
    """Keeps the end of a text written in chunks; `search` keeps matching lines only."""

    def __init__(self, *, search: str = "", limit: int = KEPT_OF_A_TEXT) -> None:
        self.length = 0
        self._search = search.lower()
        self._limit = limit
        self._kept = ""
        self._line = ""
        self.is_cut = False

    def write(self, piece: str) -> None:
        """Append a chunk."""
        self.length += len(piece)
        if self._search:
            lines = (self._line + piece).split("\n")
            # The last line is incomplete, and may never end.
            self._line = lines.pop()[-LINE_LIMIT:]
            piece = "".join(f"{line}\n" for line in lines if self._search in line.lower())
        self._kept += piece
        # Truncating at each write would copy the whole text each time.
        if len(self._kept) > 2 * self._limit:
            self._cut()

    def text(self) -> str:
        """Return the kept text."""
        if self._line and self._search in self._line.lower():
            self._kept, self._line = self._kept + self._line, ""
        if len(self._kept) > self._limit:
            self._cut()
        return self._kept

    def _cut(self) -> None:
        self._kept = self._kept[-self._limit :]
        self.is_cut = True


@dataclass
class JobLog:
    """One job: REANA's fields with their original names, and its log."""

    fields: dict[str, object] = field(default_factory=dict)
    log: LogText = field(default_factory=LogText)


@dataclass
class RunLogs:
    """The engine's log and those of the jobs, by job identifier in REANA's order."""

    search: str = ""
    engine: LogText = field(default_factory=LogText)
    engine_specific: str = ""
    services: dict[str, LogText] = field(default_factory=dict)
    jobs: dict[str, JobLog] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = LogText(search=self.search)

    def job(self, identifier: str) -> JobLog:
        """Return a job's entry, creating it if needed."""
        if identifier not in self.jobs:
            if len(self.jobs) >= MAX_JOBS:
                raise InvalidResponse("REANA's response lists too many jobs.")
            self.jobs[identifier] = JobLog(log=LogText(search=self.search))
        return self.jobs[identifier]

    def service(self, name: str) -> LogText:
        """Return the log of a service of the run (Dask), creating it if needed."""
        if name not in self.services and len(self.services) >= MAX_SERVICES:
            raise InvalidResponse("REANA's response lists too many services.")
        return self.services.setdefault(name, LogText(search=self.search))


async def read_logs(chunks: AsyncIterator[bytes], *, search: str = "") -> RunLogs:
    """Parse the response of `.../logs` as it arrives."""
    logs = RunLogs(search=search)
    outer = _Outer(logs)
    stream = JsonStream(outer)
    # A chunk may end within a character; invalid bytes must not make the logs unreadable.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    async for chunk in chunks:
        stream.feed(decoder.decode(chunk))
    stream.feed(decoder.decode(b"", final=True))
    stream.close()
    outer.close()
    return logs


class _Outer:
    """Listener of the response, whose string `logs` is a JSON document."""

    def __init__(self, logs: RunLogs) -> None:
        self._inner = JsonStream(_Inner(logs))
        self._has_logs = False
        self._is_empty = True

    def on_text(self, path: Path, piece: str) -> None:
        if path == ("logs",):
            self._has_logs = True
            self._is_empty = self._is_empty and not piece.strip()
            self._inner.feed(piece)

    def on_scalar(self, path: Path, value: Scalar) -> None:
        if path == ("logs",) and value is None:
            self._has_logs = True

    def close(self) -> None:
        if not self._has_logs:
            raise InvalidResponse("REANA sent an invalid response: it contains no logs.")
        # Without any logs REANA may send an empty string, which is not a JSON document.
        if not self._is_empty:
            self._inner.close()


class _Inner:
    """Listener of the inner document: `workflow_logs`, `job_logs`, `service_logs`, `engine_specific`."""

    def __init__(self, logs: RunLogs) -> None:
        self._logs = logs

    def on_text(self, path: Path, piece: str) -> None:
        match path:
            case ("workflow_logs",):
                self._logs.engine.write(piece)
            case ("engine_specific",):
                self._logs.engine_specific = (self._logs.engine_specific + piece)[-FIELD_LIMIT:]
            case ("service_logs", name, "*", "component" | "content"):
                # The name of a component and its output, each on a new line.
                log = self._logs.service(name)
                log.write(piece if piece or not log.length else "\n")
            case ("job_logs", job, "logs"):
                self._logs.job(job).log.write(piece)
            case ("job_logs", job, name):
                fields = self._logs.job(job).fields
                fields[name] = (str(fields.get(name, "")) + piece)[:FIELD_LIMIT]

    def on_scalar(self, path: Path, value: Scalar) -> None:
        match path:
            case ("job_logs", job, name) if name != "logs":
                self._logs.job(job).fields[name] = value
