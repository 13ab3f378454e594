"""Reading complete, truncated and hostile journals."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from user_workspaces.workflows.storage import journal
from user_workspaces.workflows.storage.journal import CommandProgress, JournalStatus, RunState, read

A, B = "d0c30d4a-d89c-40ea-84ea-7890c3892153", "625fd621-2209-4851-9564-87f8ed2d4648"
AT = datetime(2026, 11, 22, 3, 31, 34, tzinfo=UTC)


def line(event: str, after: float = 0.0, **values: object) -> bytes:
    return b"\n" + json.dumps({"event": event, "at": AT.timestamp() + after, **values}).encode() + b"\n"


def about(uuid: str, number: int = 0, **values: object) -> dict[str, object]:
    known = {"uuid": uuid, "step": number, "name": f"s{number}", "command": f"do {number}", "environment": "python:3"}
    return {**known, "compute_backend": "", **values}


RUN = line("run", runtime="none", warning="LOUD", jobs=[about(A), about(B, 1)])
START, END = line("start", 1, uuid=A), line("end", 2, uuid=A, status="finished", exit_code=0)
SECOND = line("start", 3, uuid=B)
FAILURE = line("end", 4, uuid=B, status="failed", exit_code=3, message="Why.") + line("over", 5, status="failed")


def test_empty_journal_gives_created_run() -> None:
    assert read(b"") == RunState()


def test_journal_of_running_run() -> None:
    state = read(RUN + START + END + SECOND)
    assert (state.status, state.started_at, state.finished_at) == (JournalStatus.RUNNING, AT, None)
    assert state.progress == CommandProgress(2, (A, B), (B,), (A,), (), "do 1", "s1")
    first = state.steps[0]
    assert (first.uuid, first.number, first.name, first.command, first.environment) == (A, 0, "s0", "do 0", "python:3")
    assert (first.status, first.exit_code, first.starts) == (JournalStatus.FINISHED, 0, 1)
    assert (first.started_at, first.finished_at) == (
        datetime.fromtimestamp(AT.timestamp() + 1, UTC),
        AT.replace(second=36),
    )


def test_journal_of_failed_run_has_log_lines() -> None:
    state = read(RUN + START + END + SECOND + FAILURE)
    assert (state.status, state.progress.failed, state.steps[1].message) == (JournalStatus.FAILED, (B,), "Why.")
    assert state.engine_log == (
        "2026-11-22 03:31:34,000 | INFO | Total commands: 2; container runtime: none\n"
        "2026-11-22 03:31:34,000 | WARNING | LOUD\n"
        "2026-11-22 03:31:35,000 | INFO | Step 0 (s0): do 0\n"
        "2026-11-22 03:31:36,000 | INFO | Step 0 (s0) finished.\n"
        "2026-11-22 03:31:37,000 | INFO | Step 1 (s1): do 1\n"
        "2026-11-22 03:31:38,000 | ERROR | Step 1 (s1) failed with exit code 3. Why.\n"
        "2026-11-22 03:31:39,000 | ERROR | The workflow has ended: failed.\n"
    )


def test_truncated_journal_is_read_up_to_last_complete_line() -> None:
    whole = RUN + START + END + SECOND + FAILURE
    ends = [at for at in range(1, len(whole) + 1) if whole[at - 1 : at] == b"}" and whole[at : at + 1] == b"\n"]
    for cut in range(len(whole)):
        last = max((end for end in ends if end <= cut), default=0)
        assert read(whole[:cut]) == read(whole[:last])


def test_restarted_command_is_logged() -> None:
    state = read(RUN + START + line("start", 2, uuid=A))
    assert (state.steps[0].starts, state.steps[0].started_at) == (2, AT.replace(second=36))
    assert "Interrupted; runs again from its start: Step 0 (s0)" in state.engine_log


def test_unfinished_command_of_ended_run_is_stopped() -> None:
    assert read(RUN + START + line("over", status="failed")).steps[0].status is JournalStatus.STOPPED


def test_first_record_wins() -> None:
    other_end = line("end", uuid=A, status="failed", exit_code=9)
    state = read(RUN + START + END + other_end + line("run", jobs=[]) + line("over", status="stopped") + START)
    assert (state.steps[0].exit_code, state.progress.total, state.status) == (0, 2, JournalStatus.STOPPED)


@pytest.mark.parametrize(
    "jobs",
    [
        None,
        {},
        "text",
        [None, 7, [], {}],
        [{"uuid": "../../etc/passwd"}],
        [{"uuid": A.upper()}],
        [{"uuid": f"{{{A}}}"}],
        [{"uuid": f"urn:uuid:{A}"}],
        [{"uuid": [A]}],
    ],
)
def test_invalid_jobs_are_ignored(jobs: object) -> None:
    assert read(line("run", jobs=jobs)).steps == ()


def test_duplicate_uuid_counts_once() -> None:
    assert [step.name for step in read(line("run", jobs=[about(A), about(A, name="other")])).steps] == ["s0"]


@pytest.mark.parametrize("at", [True, "now", None, -1, 1e300, [], {}])
def test_invalid_time_is_ignored(at: object) -> None:
    state = read(RUN + line("start", uuid=A).replace(b'"uuid"', b'"at": %s, "uuid"' % json.dumps(at).encode()))
    assert state.steps[0].started_at is None


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"9" * 5000, b"1e999"])
def test_invalid_numbers_are_ignored(number: bytes) -> None:
    state = read(RUN + b'{"event": "start", "uuid": "%s", "at": %s}\n' % (A.encode(), number))
    assert {step.started_at for step in state.steps} == {None}


def test_texts_are_shortened_and_storable() -> None:
    step = read(line("run", jobs=[about(A, name="x" * 100_000, command="a\0b\ud800")])).steps[0]
    assert (len(step.name), step.command) == (journal.LONGEST_TEXT, "a\ufffdb?")


def test_log_text_cannot_forge_second_line() -> None:
    forged = "x\n2026-01-01 00:00:00,000 | INFO | forged\r\u2028\x1b[31m"
    state = read(line("run", runtime=forged, warning=forged, jobs=[about(A, name=forged, command=forged)]) + START)
    assert [part[:23] for part in state.engine_log.splitlines()] == ["2026-11-22 03:31:34,000"] * 2 + [
        "2026-11-22 03:31:35,000"
    ]
    assert "\x1b" not in state.engine_log


def test_number_of_steps_and_starts_is_limited() -> None:
    crowd = [about(f"{number:08x}-d89c-40ea-84ea-7890c3892153") for number in range(journal.MOST_STEPS + 5)]
    assert len(read(line("run", jobs=crowd)).steps) == journal.MOST_STEPS
    assert read(RUN + START * (journal.MOST_STARTS + 50)).steps[0].starts == journal.MOST_STARTS + 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([A, B, "finished", "run"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
RECORD = st.fixed_dictionaries(
    {"event": st.sampled_from(["run", "start", "end", "over"]) | JSON},
    optional={
        "uuid": st.sampled_from([A, B]) | JSON,
        "status": st.sampled_from(["finished", "failed", "stopped", "created"]) | JSON,
        **dict.fromkeys(("at", "exit_code", "message", "runtime", "warning"), JSON),
        "jobs": st.lists(st.fixed_dictionaries({"uuid": st.sampled_from([A, B]) | JSON, "step": JSON, "name": JSON}))
        | JSON,
    },
)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(data: bytes) -> None:
    assert read(data) == read(data)
    read(RUN + data + START + data + END)


@pytest.mark.soak
@pytest.mark.slow
@given(st.lists(RECORD | JSON, max_size=12))
def test_any_records_give_storable_state(records: list[Any]) -> None:
    state = read(RUN + b"\n".join(json.dumps(record).encode() for record in records))
    figures = state.progress
    assert {*figures.finished, *figures.failed, *figures.running} <= {*(step.uuid for step in state.steps)}
    assert figures.total == len(state.steps)
    repr(state).encode()
    state.engine_log.encode()
