"""What the tests of live status share: two web processes on one database, people, and jobs to be watched."""

from collections.abc import Callable, Iterator

import pytest

from support.websocket_client import Subscriber, WebProcess, web_process
from user_workspaces.accounts.models import User


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[WebProcess]:
    """A web process on the database of the tests."""
    with web_process() as running:
        yield running


@pytest.fixture(scope="session")
def second_server(django_db_setup: None) -> Iterator[WebProcess]:
    """Another one on the same database."""
    with web_process() as running:
        yield running


@pytest.fixture
def someone(
    transactional_db: None, make_user: Callable[[str], User], token_of: Callable[[User], str]
) -> Callable[[str], Subscriber]:
    """Make (or find) somebody."""

    def make(username: str) -> Subscriber:
        user = make_user(username)
        return Subscriber(user, token_of(user))

    return make


@pytest.fixture
def ada(someone: Callable[[str], Subscriber]) -> Subscriber:
    """The person that most of this is about."""
    return someone("ada")


@pytest.fixture
def mallory(someone: Callable[[str], Subscriber]) -> Subscriber:
    """Somebody else."""
    return someone("mallory")
