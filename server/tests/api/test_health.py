"""The health of dependencies: asked once in a while, and one that hangs keeps nobody waiting."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.api.health import BELIEVED_FOR, KEPT_FOR, Watch, health_of_dependencies
from user_workspaces.interfaces.plugin import Plugin, PluginOptions
from user_workspaces.interfaces.values import Health, PluginContext
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.django_db  # the database is one of the dependencies
SILENT = Health(connected=False, message="It does not answer.")
FINE = Health(connected=True, message="fine")


class AnswersWhenLetGo(Plugin):
    """A dependency whose answers come when the test wants them."""

    Options = PluginOptions

    def __init__(self) -> None:
        nowhere = Path("/nonexistent")
        super().__init__(PluginContext("x", nowhere, nowhere, nowhere, lambda _: None), PluginOptions())
        self.may_answer = threading.Event()
        self.asked = 0
        self.answered = 0
        self.waits = 30.0

    def check(self) -> Health:
        self.asked += 1
        assert self.may_answer.wait(self.waits)
        self.answered += 1
        return FINE


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dependency() -> Iterator[AnswersWhenLetGo]:
    found = AnswersWhenLetGo()
    yield found
    found.may_answer.set()


@pytest.fixture
def watch(dependency: AnswersWhenLetGo, clock: Clock) -> Watch:
    return Watch(dependency, patience=0.02, clock=clock)


def looked(watch: Watch) -> Health:
    watch.begin()
    return watch.health()


def test_an_answer_is_kept_for_a_while(dependency: AnswersWhenLetGo, watch: Watch, clock: Clock) -> None:
    dependency.may_answer.set()
    watch.begin()
    eventually(lambda: dependency.answered)
    assert [watch.health(), looked(watch)] == [FINE, FINE]
    clock.now += KEPT_FOR - 0.1
    assert (looked(watch), dependency.asked) == (FINE, 1)
    clock.now += 0.2
    watch.begin()
    assert eventually(lambda: dependency.answered == 2)


def test_one_that_never_answered_is_down(dependency: AnswersWhenLetGo, watch: Watch, clock: Clock) -> None:
    assert looked(watch) == SILENT
    clock.now += 1000
    assert looked(watch) == SILENT
    assert eventually(lambda: dependency.asked == 1)


def test_one_that_hangs_is_what_it_was_until_that_is_too_old(
    dependency: AnswersWhenLetGo, watch: Watch, clock: Clock
) -> None:
    dependency.may_answer.set()
    watch.begin()
    eventually(lambda: watch.health() == FINE)
    dependency.may_answer.clear()
    clock.now += KEPT_FOR + 0.1
    assert looked(watch) == FINE
    clock.now += BELIEVED_FOR
    assert looked(watch) == SILENT
    dependency.may_answer.set()
    assert eventually(lambda: looked(watch) == FINE)


def test_however_many_ask_one_check_runs(dependency: AnswersWhenLetGo, watch: Watch) -> None:
    assert at_once(8, lambda: looked(watch)) == [SILENT] * 8
    assert eventually(lambda: dependency.asked == 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_breaks_its_promise_is_told(dependency: AnswersWhenLetGo, clock: Clock) -> None:
    dependency.waits = 0
    watch = Watch(dependency, patience=30, clock=clock)
    assert looked(watch) == Health(connected=False, message="Its check failed.")


def test_dependencies_are_asked_side_by_side(site: Registry) -> None:
    """Two that wait for each other both answer."""
    meeting = threading.Barrier(2)

    class Meets(FakeResource):
        def check(self) -> Health:
            meeting.wait(30)
            return FINE

    for name in ("one", "two"):
        site.resources.add(name, Meets.build(name))
    registry.install(site, registry.site())
    found = health_of_dependencies()
    assert (found["resource.one"], found["resource.two"]) == (FINE, FINE)
