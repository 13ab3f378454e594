"""Parse the journal of a run into its state. Pure; users can write to the journal, so it is treated as hostile.

`read` never raises: it ignores lines that are no records, cuts texts, and reads a limited amount. Callers must not use
anything in the result as a path or execute it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from user_workspaces.workflows.environment_record import EnvironmentRecord, read_environment

MOST_BYTES = 32 << 20
"""Bytes that are parsed; callers read no more than this from the file."""
MOST_STEPS = 20_000
MOST_STARTS = 1000
"""Repeated starts of commands in the engine's log, beyond the first one of each command."""
LONGEST_TEXT = 32 << 10
"""Characters; the runner cuts texts at the same length."""
LARGEST_EXIT_CODE = 255
LONGEST_LINE = 2000
"""Characters of a line in the engine's log."""
# `fromtimestamp` raises for years after 9999.
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()

Record = dict[str, object]


class JournalStatus(StrEnum):
    """The status of a run or of one command as the journal records it; the values are REANA's."""

    CREATED = "created"
    """Not started."""
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


ENDS = (
    JournalStatus.FINISHED.value,
    JournalStatus.FAILED.value,
    JournalStatus.STOPPED.value,
)  # a tuple, not a set: the status in a hostile record may be an unhashable list
ENDED = frozenset({JournalStatus.FINISHED, JournalStatus.FAILED, JournalStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class CommandState:
    """One command of a step. REANA shows each command as a job with the name of the step."""

    uuid: str
    """The same after each restart of the runner; the output is in `logs/<uuid>.log`."""
    number: int
    """The index of the step in the workflow, from 0."""
    name: str
    command: str
    environment: str
    compute_backend: str
    status: JournalStatus = JournalStatus.CREATED
    started_at: datetime | None = None
    """The time of the last start, UTC."""
    finished_at: datetime | None = None
    exit_code: int | None = None
    """128 + the signal's number if a signal ended it."""
    message: str = ""
    """The reason of a failure, if the exit code does not say it."""
    starts: int = 0
    """More than 1 if it was interrupted and started again."""
    position: int = 0
    """The index of the command in the run, from 0."""


@dataclass(frozen=True, slots=True)
class CommandProgress:
    """The progress of a run in REANA's terms: UUIDs of commands, in the order of the workflow."""

    total: int
    started: tuple[str, ...]
    """All commands that were started; REANA calls these `running`."""
    running: tuple[str, ...]
    """The commands that are running now."""
    finished: tuple[str, ...]
    failed: tuple[str, ...]
    current_command: str | None
    """The last started command, which may have ended."""
    current_step_name: str | None


@dataclass(frozen=True, slots=True)
class RunState:
    """The state of a run by its journal."""

    status: JournalStatus = JournalStatus.CREATED
    steps: tuple[CommandState, ...] = ()
    progress: CommandProgress = CommandProgress(0, (), (), (), (), None, None)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    environment: EnvironmentRecord | None = None
    """The environment of commands without container images; None if they run in images, or if it is not known yet."""
    engine_log: str = field(default="", repr=False)
    """One line per event, with its time (UTC)."""


@dataclass(slots=True)
class _Command:
    """The records about one command."""

    description: Record
    starts: list[datetime | None] = field(default_factory=list)
    end: Record | None = None


def read(journal: bytes) -> RunState:
    """Return the state of a run; never raises. An incomplete last line is ignored."""
    commands, run_record, lines, over = dict[str, _Command](), Record(), list[str](), Record()
    environment, budget = None, MOST_STARTS
    for record in _records(journal[:MOST_BYTES]):
        event, command = record.get("event"), commands.get(_text(record.get("uuid")))
        # Only the first one counts: a later record cannot redefine commands that have started.
        if event == "run" and not run_record:
            run_record, commands = record, _commands(record)
            lines += _run_lines(record, len(commands))
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
    return replace(_state(commands, run_record, over, lines), environment=environment)


def _records(journal: bytes) -> Iterator[Record]:
    for line in journal.split(b"\n"):
        try:
            record = json.loads(line) if line.startswith(b"{") else None
        except (ValueError, RecursionError):  # RecursionError: too many open brackets
            continue
        if isinstance(record, dict):
            yield record


def _commands(record: Record) -> dict[str, _Command]:
    written = record.get("jobs")
    found = dict[str, _Command]()
    for description in written[:MOST_STEPS] if isinstance(written, list) else []:
        if isinstance(description, dict) and _is_uuid(description.get("uuid")):
            found.setdefault(description["uuid"], _Command(description))
    return found


def _state(commands: dict[str, _Command], run_record: Record, over: Record, lines: list[str]) -> RunState:
    numbered = enumerate(commands.items())
    steps = tuple(_step(uuid, command, position, is_over=bool(over)) for position, (uuid, command) in numbered)
    status = (
        JournalStatus(str(over["status"])) if over else JournalStatus.RUNNING if run_record else JournalStatus.CREATED
    )
    return RunState(
        status=status,
        steps=steps,
        progress=_progress(steps),
        started_at=_time(run_record),
        finished_at=_time(over),
        message=_text(over.get("message")),
        engine_log="".join(lines),
    )


def _step(uuid: str, command: _Command, position: int, *, is_over: bool) -> CommandState:
    description, end = command.description, command.end or {}
    after_start = JournalStatus.STOPPED if is_over else JournalStatus.RUNNING
    return CommandState(
        uuid=uuid,
        number=_number(description),
        name=_text(description.get("name")),
        command=_text(description.get("command")),
        environment=_text(description.get("environment")),
        compute_backend=_text(description.get("compute_backend")),
        status=JournalStatus(str(end["status"])) if end else after_start if command.starts else JournalStatus.CREATED,
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

    started = [step for step in steps if step.starts]
    return CommandProgress(
        total=len(steps),
        started=tuple(step.uuid for step in started),
        running=those(JournalStatus.RUNNING),
        finished=those(JournalStatus.FINISHED),
        failed=those(JournalStatus.FAILED),
        current_command=started[-1].command if started else None,
        current_step_name=started[-1].name if started else None,
    )


def _run_lines(record: Record, total: int) -> list[str]:
    warning = _text(record.get("warning"))
    lines = [_line(record, "INFO", f"Total commands: {total}; container runtime: {_text(record.get('runtime'))}")]
    return [*lines, *([_line(record, "WARNING", warning)] if warning else [])]


def _start_text(command: _Command) -> str:
    name = _text(command.description.get("name")) or "unnamed"
    text = f"Step {_number(command.description)} ({name}): {_text(command.description.get('command'))}"
    again = len(command.starts) > 1
    return f"Interrupted; runs again from its start: {text}" if again else text


def _end_text(command: _Command) -> tuple[str, str]:
    end = command.end or {}
    name = _text(command.description.get("name")) or "unnamed"
    code, message = _exit_code(end), _text(end.get("message"))
    how = f" with exit code {code}" if code else ""
    level = "INFO" if end.get("status") == JournalStatus.FINISHED else "ERROR"
    return level, f"Step {_number(command.description)} ({name}) {_text(end.get('status'))}{how}. {message}".rstrip()


def _over_text(record: Record) -> tuple[str, str]:
    status = _text(record.get("status"))
    level = "INFO" if status == JournalStatus.FINISHED else "ERROR"
    return level, f"The workflow has ended: {status}. {_text(record.get('message'))}".rstrip()


def _line(record: Record, level: str, text: str) -> str:
    """Return one line of the engine's log. Without control characters a text cannot forge a second line."""
    at = _time(record)
    time = at.strftime("%Y-%m-%d %H:%M:%S,%f")[:-3] if at else "-"
    shown = "".join(one if one.isprintable() else " " for one in text[:LONGEST_LINE])
    return f"{time} | {level} | {shown}\n"


def _time(record: Record) -> datetime | None:
    at = record.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < LATEST:
        return None
    return datetime.fromtimestamp(at, UTC)


def _number(description: Record) -> int:
    number = description.get("step")
    # Not `isinstance`: `true` in JSON would count as 1.
    return number if type(number) is int and 0 <= number < MOST_STEPS else 0


def _exit_code(end: Record) -> int | None:
    code = end.get("exit_code")
    return code if type(code) is int and 0 <= code <= LARGEST_EXIT_CODE else None


def _text(value: object) -> str:
    """Return a text that can be stored and sent: without NUL characters and lone surrogates."""
    if not isinstance(value, str):
        return ""
    return value[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _is_uuid(value: object) -> bool:
    try:
        # The UUID is a part of the log's file name: only the canonical form is accepted.
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
