"""The lease length is a setting, and all times that depend on it follow it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller.conftest import Driver
from support.fake_copies import offer
from user_workspaces.accounts.models import User
from user_workspaces.controller import copy_worker
from user_workspaces.controller.job_actions import LONGEST_BACK_OFF
from user_workspaces.controller.lease import claim, trusted_for
from user_workspaces.db.leases import lease_length
from user_workspaces.sharing import leases
from user_workspaces.sharing.outbox import mail_lease
from user_workspaces.workspaces import actions as workspaces
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
SHORT = timedelta(seconds=2)


@pytest.fixture
def short_lease(settings: Any) -> None:
    settings.LEASE_SECONDS = int(SHORT.total_seconds())


@pytest.mark.usefixtures("short_lease")
def test_claims_have_the_configured_length(driver: Driver, ours: Callable[[], Workspace], grace: User) -> None:
    job, share = driver.launch(), offer(ours(), grace)
    assert claim(job, now=driver.now)
    assert leases.claim(share, now=driver.now)
    assert workspaces.claim(share.copy, now=driver.now)
    share.copy.refresh_from_db()
    assert {job.next_check_at, share.next_check_at, share.copy.next_check_at} == {driver.now + SHORT}
    later = driver.now + SHORT / 2
    assert leases.renew(share, now=later, percent=1)
    assert share.next_check_at == later + SHORT


@pytest.mark.parametrize("seconds", [2, 10, 60, 3600])
def test_derived_times_fit_into_a_lease(settings: Any, seconds: int) -> None:
    settings.LEASE_SECONDS = seconds
    assert lease_length() == timedelta(seconds=seconds)
    assert trusted_for() < lease_length() < mail_lease()
    assert 4 * copy_worker.beat_seconds() < copy_worker.trusted_seconds() < seconds


@pytest.mark.usefixtures("short_lease")
def test_back_off_is_not_longer_than_a_lease(driver: Driver) -> None:
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.silence(job.key)
    driver.run(passes=8, each=LONGEST_BACK_OFF.total_seconds())
    job.refresh_from_db()
    assert job.failed_checks > 5
    assert job.next_check_at is not None
    assert job.next_check_at - driver.now < SHORT + timedelta(seconds=1)
