"""Health checks run at an interval, and a hanging dependency delays no request for long."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.api.health import MAX_AGE, MIN_INTERVAL, HealthCheck, health_of_dependencies
from user_workspaces.interfaces.plugin import Plugin, PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.django_db  # the database is one of the dependencies
UNRESPONSIVE = Health(connected=False, message="The health check does not respond.")
HEALTHY = Health(connected=True, message="fine")


class BlockedDependency(Plugin):
    """A dependency whose check blocks until the test releases it."""

    Options = PluginOptions

    def __init__(self) -> None:
        nowhere = Path("/nonexistent")
        super().__init__(PluginContext("x", nowhere, nowhere, nowhere, lambda _: None), PluginOptions())
        self.released = threading.Event()
        self.started = 0
        self.ended = 0
        self.waits = 30.0

    def check(self) -> Health:
        self.started += 1
        assert self.released.wait(self.waits)
        self.ended += 1
        return HEALTHY


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dependency() -> Iterator[BlockedDependency]:
    found = BlockedDependency()
    yield found
    found.released.set()


@pytest.fixture
def check(dependency: BlockedDependency, clock: Clock) -> HealthCheck:
    return HealthCheck(dependency, timeout=0.02, clock=clock)


def health_of(check: HealthCheck) -> Health:
    check.start()
    return check.health()


def test_result_is_kept_for_the_interval(dependency: BlockedDependency, check: HealthCheck, clock: Clock) -> None:
    dependency.released.set()
    check.start()
    eventually(lambda: dependency.ended)
    assert [check.health(), health_of(check)] == [HEALTHY, HEALTHY]
    clock.now += MIN_INTERVAL - 0.1
    assert (health_of(check), dependency.started) == (HEALTHY, 1)
    clock.now += 0.2
    check.start()
    assert eventually(lambda: dependency.ended == 2)


def test_unresponsive_dependency_is_down(dependency: BlockedDependency, check: HealthCheck, clock: Clock) -> None:
    assert health_of(check) == UNRESPONSIVE
    clock.now += 1000
    assert health_of(check) == UNRESPONSIVE
    assert eventually(lambda: dependency.started == 1)


def test_hanging_dependency_keeps_its_last_health_until_it_expires(
    dependency: BlockedDependency, check: HealthCheck, clock: Clock
) -> None:
    dependency.released.set()
    check.start()
    eventually(lambda: check.health() == HEALTHY)
    dependency.released.clear()
    clock.now += MIN_INTERVAL + 0.1
    assert health_of(check) == HEALTHY
    clock.now += MAX_AGE
    assert health_of(check) == UNRESPONSIVE
    dependency.released.set()
    assert eventually(lambda: health_of(check) == HEALTHY)


def test_simultaneous_requests_share_one_check(dependency: BlockedDependency, check: HealthCheck) -> None:
    assert at_once(8, lambda: health_of(check)) == [UNRESPONSIVE] * 8
    assert eventually(lambda: dependency.started == 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_check_that_raises_is_reported(dependency: BlockedDependency, clock: Clock) -> None:
    dependency.waits = 0
    check = HealthCheck(dependency, timeout=30, clock=clock)
    assert health_of(check) == Health(connected=False, message="The health check failed.")


def test_dependencies_are_checked_simultaneously(site: Registry) -> None:
    """Two checks that wait for each other both end."""
    meeting = threading.Barrier(2)

    class Meets(FakeResource):
        def check(self) -> Health:
            meeting.wait(30)
            return HEALTHY

    for name in ("one", "two"):
        site.resources.add(name, Meets.build(name))
    registry.install(site, registry.site())
    found = health_of_dependencies()
    assert (found["resource.one"], found["resource.two"]) == (HEALTHY, HEALTHY)
