"""A site with workflows."""

from collections.abc import Callable, Iterator

import pytest

from support.runs import workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.registry import Registry


@pytest.fixture
def workflows(site: Registry) -> Iterator[Registry]:
    """A site that runs four runs at a time."""
    with workflows_on(site, runs_at_once=4) as found:
        yield found


@pytest.fixture
def ada(workflows: Registry, make_user: Callable[..., User]) -> User:
    return make_user("ada")
