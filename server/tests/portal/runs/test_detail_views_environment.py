"""The environment of a run on its pages, and what is missing from it."""

from collections.abc import Iterator

import pytest
from django.test import Client

from portal.runs.test_detail_views import page_of
from support.runs import Runner, controlled, queued, workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource

DIGEST = "0123456789abcdef" * 4
MISSING = "The command <python> is missing from the environment of this machine."
SHOWN = "The command &lt;python&gt; is missing from the environment of this machine."


@pytest.fixture(autouse=True)
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site) as found:
        yield found


@pytest.fixture
def started(ada: User, resource: FakeResource) -> Runner:
    run = queued(ada)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    controlled()
    return runner


def test_environment_of_a_run_is_shown_with_its_lock(browser: Client, started: Runner) -> None:
    assert "<dt>Environment</dt>" not in page_of(browser, started.run)
    started.describe_environment(name="workspace <Fit>", packages=12, sha256=DIGEST, file="environment.lock")
    page = " ".join(page_of(browser, started.run).split())
    assert "Workspace &lt;Fit&gt;: 12 Python packages" in page
    assert "in the environment of <strong>workspace &lt;Fit&gt;</strong>." in page
    assert f'<a href="/runs/{started.run.pk}/download/?path=environment.lock">environment.lock</a>' in page
    assert f"lock sha256:{DIGEST} in environment.lock" in page_of(browser, started.run, "logs/")


def test_failed_run_shows_what_is_missing(browser: Client, started: Runner) -> None:
    started.print("/bin/bash: line 1: python: command not found\n")
    started.end("failed", MISSING)
    controlled()
    controlled()
    assert page_of(browser, started.run).count(SHOWN) == 1
    log = page_of(browser, started.run, f"logs/?step={started.command}")
    assert (log.count(SHOWN), "python: command not found" in log) == (1, True)
    assert SHOWN in page_of(browser, started.run, "logs/")
