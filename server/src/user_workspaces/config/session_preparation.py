"""Prepares the environments of sessions before the first launch."""

import time
from collections.abc import Callable
from functools import partial

from user_workspaces import registry
from user_workspaces.interfaces.values import Preparation, PreparationState

POLL_INTERVAL = 0.2
Say = Callable[[str], None]


def prepare_sessions(say: Say) -> bool:
    """Prepare all job types and environments on all resources; return True if all are ready.

    Progress and failures are reported through `say`; a failure does not stop the others.
    """
    prepared = [
        _prepare(_name_of(name), partial(job_type.prepare, resource), say)
        for name, job_type in registry.current().job_types.items()
        for resource in registry.site().resources
    ]
    prepared += [
        _prepare(registry.site().environments[name], partial(environment.prepare, resource), say)
        for name, environment in registry.current().environments.items()
        for resource in registry.site().resources
        if environment.is_on(resource)
    ]
    return all(prepared)


def _name_of(job_type: str) -> str:
    known = registry.site().job_types.get(job_type)
    return known.name if known else job_type


def _prepare(name: str, prepare: Callable[[], Preparation], say: Say) -> bool:
    said = ""
    while (preparation := prepare()).state is PreparationState.IN_PROGRESS:
        if preparation.message != said:
            said = preparation.message
            say(f"{name}: {said}")
        time.sleep(POLL_INTERVAL)
    if preparation.state is PreparationState.FAILED:
        say(f"{name}: cannot be launched. {preparation.message}")
    return preparation.state is not PreparationState.FAILED
