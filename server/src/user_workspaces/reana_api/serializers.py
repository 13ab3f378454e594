"""Serialize times, sizes, durations and progress in REANA's formats."""

from collections.abc import Mapping
from datetime import datetime

from user_workspaces.interfaces.sizes import UNITS, scaled
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.progress import RunProgress

UNKNOWN_SIZE: dict[str, object] = {"raw": -1, "human_readable": ""}


def moment(at: datetime | None) -> str | None:
    """Return a time: UTC, without a time zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") if at else None


def second(text: str | None) -> str | None:
    """Return the same for the text of a time in a raw row."""
    # Slices instead of parsing, since lists can be long: both databases write date and time at these positions.
    return f"{text[:10]}T{text[11:19]}" if text else None


def size(raw: int) -> dict[str, object]:
    """Return a number of bytes, raw and as text."""
    return {"raw": raw, "human_readable": human_bytes(raw)}


def human_bytes(raw: int) -> str:
    """Return `250 Bytes`, `4 KiB`, `953.67 MiB`."""
    value, unit = scaled(raw)
    return f"{value:.2f}".rstrip("0").rstrip(".") + f" {UNITS[unit] if unit else 'Bytes'}"


def human_milliseconds(raw: int) -> str:
    """Return `44s`, `10h`, `1d 2h 3m`."""
    minutes, seconds = divmod(raw // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if number
    ]
    return " ".join(parts) or "0s"


def times(*, started: datetime | None, finished: datetime | None, stopped: datetime | None) -> dict[str, object]:
    """Return the times in the progress, which lists always contain."""
    return {
        "run_started_at": moment(started),
        "run_finished_at": moment(finished),
        "run_stopped_at": moment(stopped),
    }


def command_counts(stored: Mapping[str, object]) -> dict[str, object]:
    """Return the counts of commands in the progress, with their UUIDs."""
    return {
        "total": {"total": stored.get("total", 0), "job_ids": []},
        "running": _listed(stored.get("running")),
        "finished": _listed(stored.get("finished")),
        "failed": _listed(stored.get("failed")),
        "current_command": stored.get("current_command"),
        "current_step_name": stored.get("current_step_name"),
    }


def _listed(listed: object) -> dict[str, object]:
    ids = listed if isinstance(listed, list) else []
    return {"total": len(ids), "job_ids": ids}


def progress(run: Run, current: RunProgress) -> dict[str, object]:
    """Return the complete progress of one run."""
    at = times(started=current.started_at, finished=run.datetime_finished, stopped=run.datetime_stopped)
    return {**command_counts(current.counts), **at}
