"""Has what sessions need ready before the first of them is launched."""

import time
from collections.abc import Callable
from functools import partial

from user_workspaces import registry
from user_workspaces.interfaces.values import Preparation, PreparationState

LOOK_EVERY = 0.2
Say = Callable[[str], None]


def prepare_sessions(say: Say) -> bool:
    """Prepare all job types and environments for all resources, and say how far it is; return whether all can be had.

    What cannot be prepared is told, and keeps nothing else from being prepared.
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
        time.sleep(LOOK_EVERY)
    if preparation.state is PreparationState.FAILED:
        say(f"{name}: cannot be launched for now. {preparation.message}")
    return preparation.state is not PreparationState.FAILED
