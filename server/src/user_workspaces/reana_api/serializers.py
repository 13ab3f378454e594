"""Values as REANA writes them: times, sizes, durations, progress."""

from collections.abc import Mapping
from datetime import datetime

from user_workspaces.interfaces.sizes import UNITS, scaled
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.progress import RunProgress

UNKNOWN_SIZE: dict[str, object] = {"raw": -1, "human_readable": ""}


def moment(at: datetime | None) -> str | None:
    """Return a time: UTC, without a zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") if at else None


def second(text: str | None) -> str | None:
    """Return the same for a time of a raw row."""
    return f"{text[:10]}T{text[11:19]}" if text else None


def size(raw: int) -> dict[str, object]:
    """Return a number of bytes, for programs and for people."""
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
        f"{figure}{unit}" for figure, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if figure
    ]
    return " ".join(parts) or "0s"


def times(*, started: datetime | None, finished: datetime | None, stopped: datetime | None) -> dict[str, object]:
    """Return the part of the progress that is always there."""
    return {
        "run_started_at": moment(started),
        "run_finished_at": moment(finished),
        "run_stopped_at": moment(stopped),
    }


def command_counts(stored: Mapping[str, object]) -> dict[str, object]:
    """Return the other part: how many commands, and which."""
    return {
        "total": {"total": stored.get("total", 0), "job_ids": []},
        "running": _those(stored.get("running")),
        "finished": _those(stored.get("finished")),
        "failed": _those(stored.get("failed")),
        "current_command": stored.get("current_command"),
        "current_step_name": stored.get("current_step_name"),
    }


def _those(listed: object) -> dict[str, object]:
    ids = listed if isinstance(listed, list) else []
    return {"total": len(ids), "job_ids": ids}


def progress(run: Run, usage: RunProgress) -> dict[str, object]:
    """Return all of it for one run."""
    at = times(started=usage.started_at, finished=run.datetime_finished, stopped=run.datetime_stopped)
    return {**command_counts(usage.figures), **at}
