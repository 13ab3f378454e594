"""Processes that submit or supervise, and die before a given line of the sources is run."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import FrameType
from typing import Any

from plugins.resource.local.worlds import World
from user_workspaces.interfaces.values import JobSpec
from user_workspaces.plugins.resource.local import processes, records, submission, supervisor
from user_workspaces.plugins.resource.local.isolation import Isolation
from user_workspaces.plugins.resource.local.job_directory import JobDirectories
from user_workspaces.plugins.resource.local.options import ConnectionDetails

SOURCES = str(Path(processes.__file__).parent)
FORKS = multiprocessing.get_context("fork")
NEVER = -1


def die_at_line(number: int, work: Callable[[], object], report: Path | None = None) -> None:
    """Do the work in this process, killing it before the given line of the sources is run; writes how many ran."""
    lines = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Callable[[FrameType, str, Any], Any] | None:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        lines += event == "line"
        if lines == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
        if report is not None:
            report.write_text(str(lines))


def in_another_process(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Start the work in a fresh process."""
    process = FORKS.Process(target=work, args=arguments)
    process.start()
    return process


def submit_and_die(world: World, spec: JobSpec, line: int) -> None:
    die_at_line(line, partial(world.resource().submit, spec), world.base / "lines")


def submit_together(world: World, spec: JobSpec, barrier: Barrier) -> None:
    barrier.wait()
    world.resource().submit(spec)


def supervise_and_die(folder: Path, line: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    die_at_line(line, partial(supervisor.main, folder), folder / "lines")


def prepare(world: World, spec: JobSpec) -> Path:
    """Leave a job as a submitter leaves it that dies before it starts the supervisor."""
    directory = world.resource().job_directory(spec.key)
    with world.state(spec.key).exclusively():
        JobDirectories(world.base / "run").make(spec.key, submission.files_of(spec), spec.account)
        details = ConnectionDetails(stop_grace_seconds=world.grace)
        told = submission.instructions(
            spec, directory=directory, options=details, isolation=Isolation(details, "", world.base / "data")
        )
        records.record(world.state(spec.key).folder, records.SPEC, told)
    return world.state(spec.key).folder
