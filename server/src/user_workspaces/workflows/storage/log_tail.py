"""Follow the logs of a run: return what is new since the last request, without repetition."""

import codecs
import json
from dataclasses import dataclass
from uuid import UUID

from user_workspaces.errors import NotFound, UserWorkspacesError
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import ENDED, RunStatus
from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.locations import read_state, state_of

PIECE = 256 << 10
"""Bytes, or characters of the engine's log, per response."""


@dataclass(frozen=True, slots=True)
class Tail:
    """A piece of a log."""

    text: str
    end: int
    """The offset of the next piece."""
    skipped: int = 0
    """The omitted amount before it: bytes, or characters of the engine's log."""
    is_last: bool = False
    """True if nothing will follow."""


def engine_tail(run: Run, *, after: int | None = None) -> Tail:
    """Return the end of the engine's log; with `after`, the part from that offset."""
    state, over = read_state(run), RunStatus(run.status) in {*ENDED, RunStatus.DELETED}
    text = state.engine_log if state.steps else _kept(run)["workflow_logs"]
    if over and run.message:
        text += f"{run.message}\n"
    start = max(0, len(text) - PIECE) if after is None else after
    piece = text[start : start + PIECE]
    end = start + len(piece)
    return Tail(piece, end, skipped=start if after is None else 0, is_last=over and end >= len(text))


def step_tail(run: Run, uuid: UUID, *, after: int | None = None) -> Tail:
    """Return the end of a command's log; with `after`, the part from that offset. Raises `NotFound`."""
    state = read_state(run)
    step = next((one for one in state.steps if one.uuid == str(uuid)), None)
    if step is None:
        return _kept_tail(run, str(uuid), after=after)
    over = step.status in journal.ENDED or RunStatus(run.status) in {*ENDED, RunStatus.DELETED}
    raw, start, size = _read(run, step.uuid, after=after)
    # At the end of a complete log no more bytes follow: an incomplete character is replaced.
    text, used = _decoded(raw, is_whole=over and start + len(raw) >= size)
    return Tail(text, start + used, skipped=start if after is None else 0, is_last=over and start + used >= size)


def _read(run: Run, uuid: str, *, after: int | None) -> tuple[bytes, int, int]:
    """Return bytes, their offset, and the size of the file. A file that became shorter is read from its end again."""
    home = state_of(run)
    try:
        with home.storage.open(home.location, f"logs/{uuid}.log") as file:
            size = file.seek(0, 2)
            start = max(0, size - PIECE) if after is None or after > size else after
            file.seek(start)
            return file.read(PIECE), start, size
    except (UserWorkspacesError, OSError):  # not readable for its owner, or not a file
        return b"", 0, 0


def _decoded(raw: bytes, *, is_whole: bool) -> tuple[str, int]:
    """Return text and the bytes consumed. An incomplete character at the end is left for the next request."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(raw, final=is_whole)
    kept = decoder.getstate()[0]
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}"), len(raw) - len(kept)


def _kept(run: Run) -> dict[str, str]:
    kept: dict[str, str] = json.loads(run.kept_logs) if run.kept_logs else {"workflow_logs": ""}
    return kept


def _kept_tail(run: Run, uuid: str, *, after: int | None) -> Tail:
    jobs = json.loads(run.kept_logs)["job_logs"] if run.kept_logs else {}
    if uuid not in jobs:
        raise NotFound("This run has no such step.")
    text: str = jobs[uuid]["logs"]
    return Tail(text[after or 0 :], len(text), is_last=True)
