"""From the bytes of a run's journal to where the run is. Pure; the bytes are the person's, and believed to be hostile.

Whatever stands there, `read` returns: lines that are no records are passed over, texts are cut, and there is an end to
how much is looked at. Nothing that it returns may be taken as a path or run.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from user_workspaces.workflows.environment_record import EnvironmentRecord, read_environment

MOST_BYTES = 32 << 20
"""More is not looked at; read no more than this from the file either."""
MOST_STEPS = 20_000
MOST_STARTS = 1000
"""Beginnings of commands that the log of the engine tells of, beyond one each."""
LONGEST_TEXT = 32 << 10
"""Characters; the runner cuts at the same length."""
LARGEST_EXIT_CODE = 255
LONGEST_LINE = 2000
"""Characters of a text in the log of the engine."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()

Record = dict[str, object]


class JournalStatus(StrEnum):
    """How far a run, or one command of it, is; the values are REANA's."""

    CREATED = "created"
    """Nothing of it has begun."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


ENDS = (
    JournalStatus.FINISHED.value,
    JournalStatus.FAILED.value,
    JournalStatus.STOPPED.value,
)  # no set: what is asked may be a list
ENDED = frozenset({JournalStatus.FINISHED, JournalStatus.FAILED, JournalStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class CommandState:
    """One command of a step: REANA runs each as a job of its own, and shows it under the step's name."""

    uuid: str
    """Stable through all restarts of the runner; its output is in `logs/<uuid>.log`."""
    number: int
    """Of the step in the workflow, from 0."""
    name: str
    command: str
    environment: str
    compute_backend: str
    status: JournalStatus = JournalStatus.CREATED
    started_at: datetime | None = None
    """Of the newest start, UTC."""
    finished_at: datetime | None = None
    exit_code: int | None = None
    """128 and the signal's number where one ended it."""
    message: str = ""
    """Why it did not end well, where that is not the exit code alone."""
    starts: int = 0
    """More than 1: it was torn away and began again."""
    position: int = 0
    """Of the command in the run, from 0."""


@dataclass(frozen=True, slots=True)
class CommandProgress:
    """The figures that REANA tells; in commands, by uuid, in the order of the workflow."""

    total: int
    started: tuple[str, ...]
    """All that ever began: what REANA calls `running`."""
    running: tuple[str, ...]
    """What runs now."""
    finished: tuple[str, ...]
    failed: tuple[str, ...]
    current_command: str | None
    """Of the newest start, also when it is over."""
    current_step_name: str | None


@dataclass(frozen=True, slots=True)
class RunState:
    """All that a journal tells."""

    status: JournalStatus = JournalStatus.CREATED
    steps: tuple[CommandState, ...] = ()
    progress: CommandProgress = CommandProgress(0, (), (), (), (), None, None)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    environment: EnvironmentRecord | None = None
    """Of commands that run without a container image; None: they run in images, or nothing is known yet."""
    engine_log: str = field(default="", repr=False)
    """A line an event, with its time (UTC)."""


@dataclass(slots=True)
class _Command:
    """What is gathered of one command."""

    about: Record
    starts: list[datetime | None] = field(default_factory=list)
    end: Record | None = None


def read(journal: bytes) -> RunState:
    """Return the state of a run; never raises. A torn last line counts as not written."""
    commands, told, lines, over = dict[str, _Command](), Record(), list[str](), Record()
    environment, budget = None, MOST_STARTS
    for record in _records(journal[:MOST_BYTES]):
        event, command = record.get("event"), commands.get(_text(record.get("uuid")))
        if event == "run" and not told:
            told, commands = record, _commands(record)
            lines += _beginning(record, len(commands))
        elif event == "environment" and environment is None:
            environment = read_environment(record)
            lines.append(_line(record, "INFO", environment.line))
        elif event == "start" and command is not None and command.end is None:
            budget -= bool(command.starts)
            if budget >= 0:
                command.starts.append(_time(record))
                lines.append(_line(record, "INFO", _start_text(command)))
        elif event == "end" and command is not None and command.end is None and record.get("status") in ENDS:
            command.end = record
            lines.append(_line(record, *_end_text(command)))
        elif event == "over" and record.get("status") in ENDS:
            over = record
            lines.append(_line(record, *_over_text(record)))
            break
    return replace(_state(commands, told, over, lines), environment=environment)


def _records(journal: bytes) -> Iterator[Record]:
    for line in journal.split(b"\n"):
        try:
            record = json.loads(line) if line.startswith(b"{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _commands(record: Record) -> dict[str, _Command]:
    written = record.get("jobs")
    found = dict[str, _Command]()
    for about in written[:MOST_STEPS] if isinstance(written, list) else []:
        if isinstance(about, dict) and _is_uuid(about.get("uuid")):
            found.setdefault(about["uuid"], _Command(about))
    return found


def _state(commands: dict[str, _Command], told: Record, over: Record, lines: list[str]) -> RunState:
    numbered = enumerate(commands.items())
    steps = tuple(_step(uuid, command, position, is_over=bool(over)) for position, (uuid, command) in numbered)
    status = JournalStatus(str(over["status"])) if over else JournalStatus.RUNNING if told else JournalStatus.CREATED
    return RunState(
        status=status,
        steps=steps,
        progress=_progress(steps),
        started_at=_time(told),
        finished_at=_time(over),
        message=_text(over.get("message")),
        engine_log="".join(lines),
    )


def _step(uuid: str, command: _Command, position: int, *, is_over: bool) -> CommandState:
    about, end = command.about, command.end or {}
    begun = JournalStatus.STOPPED if is_over else JournalStatus.RUNNING
    return CommandState(
        uuid=uuid,
        number=_number(about),
        name=_text(about.get("name")),
        command=_text(about.get("command")),
        environment=_text(about.get("environment")),
        compute_backend=_text(about.get("compute_backend")),
        status=JournalStatus(str(end["status"])) if end else begun if command.starts else JournalStatus.CREATED,
        started_at=command.starts[-1] if command.starts else None,
        finished_at=_time(end),
        exit_code=_exit_code(end),
        message=_text(end.get("message")),
        starts=len(command.starts),
        position=position,
    )


def _progress(steps: tuple[CommandState, ...]) -> CommandProgress:
    def those(*statuses: JournalStatus) -> tuple[str, ...]:
        return tuple(step.uuid for step in steps if step.status in statuses)

    begun = [step for step in steps if step.starts]
    return CommandProgress(
        total=len(steps),
        started=tuple(step.uuid for step in begun),
        running=those(JournalStatus.RUNNING),
        finished=those(JournalStatus.FINISHED),
        failed=those(JournalStatus.FAILED),
        current_command=begun[-1].command if begun else None,
        current_step_name=begun[-1].name if begun else None,
    )


def _beginning(record: Record, total: int) -> list[str]:
    warning = _text(record.get("warning"))
    lines = [_line(record, "INFO", f"Commands in all: {total}; container runtime: {_text(record.get('runtime'))}")]
    return [*lines, *([_line(record, "WARNING", warning)] if warning else [])]


def _start_text(command: _Command) -> str:
    name = _text(command.about.get("name")) or "without a name"
    text = f"Step {_number(command.about)} ({name}): {_text(command.about.get('command'))}"
    again = len(command.starts) > 1
    return f"Interrupted without a recorded end, so it runs again from its start: {text}" if again else text


def _end_text(command: _Command) -> tuple[str, str]:
    end = command.end or {}
    name = _text(command.about.get("name")) or "without a name"
    code, message = _exit_code(end), _text(end.get("message"))
    how = f" with exit code {code}" if code else ""
    level = "INFO" if end.get("status") == JournalStatus.FINISHED else "ERROR"
    return level, f"Step {_number(command.about)} ({name}) {_text(end.get('status'))}{how}. {message}".rstrip()


def _over_text(record: Record) -> tuple[str, str]:
    status = _text(record.get("status"))
    level = "INFO" if status == JournalStatus.FINISHED else "ERROR"
    return level, f"The workflow is over: {status}. {_text(record.get('message'))}".rstrip()


def _line(record: Record, level: str, text: str) -> str:
    """Return one line of the engine's log: no break and no control character in the text makes two of it."""
    at = _time(record)
    moment = at.strftime("%Y-%m-%d %H:%M:%S,%f")[:-3] if at else "-"
    shown = "".join(one if one.isprintable() else " " for one in text[:LONGEST_LINE])
    return f"{moment} | {level} | {shown}\n"


def _time(record: Record) -> datetime | None:
    at = record.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < LATEST:
        return None
    return datetime.fromtimestamp(at, UTC)


def _number(about: Record) -> int:
    number = about.get("step")
    return number if type(number) is int and 0 <= number < MOST_STEPS else 0


def _exit_code(end: Record) -> int | None:
    code = end.get("exit_code")
    return code if type(code) is int and 0 <= code <= LARGEST_EXIT_CODE else None


def _text(value: object) -> str:
    """Return a text that can be stored and sent: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
