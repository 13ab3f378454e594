"""Limits of a user: their own, else those of the most generous group, else the configured ones."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from user_workspaces.accounts.models import User
from user_workspaces.quotas.models import DiskReservation, Quota
from user_workspaces.quotas.queries import (
    allowance_of,
    held_disk,
    is_disk_limited,
    targets_of_expired_writes,
)
from user_workspaces.quotas.values import GIBIBYTE, QuotaLimits

pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]
Put = Callable[..., None]


def group(name: str, *users: User, **limits: Any) -> Group:
    made = Group.objects.create(name=name)
    Quota.objects.create(group=made, **limits)
    for user in users:
        user.groups.add(made)
    return made


def test_without_quotas_nothing_is_limited(make_user: MakeUser, limit: Put) -> None:
    assert allowance_of(make_user().pk) == QuotaLimits()


def test_configured_limits_apply_to_every_user(make_user: MakeUser, limit: Put) -> None:
    limit(disk_gb=Decimal("0.5"), core_hours=Decimal(100), running_sessions=3)
    assert allowance_of(make_user().pk) == QuotaLimits(GIBIBYTE // 2, Decimal(100), 3)


def test_limit_of_a_group_overrides_the_configured_one(make_user: MakeUser, limit: Put) -> None:
    limit(disk_gb=Decimal(5), core_hours=Decimal(100), running_sessions=3)
    ada = make_user()
    group("pilots", ada, core_hours=Decimal(20))
    group("strangers", disk_gb=Decimal(9))
    assert allowance_of(ada.pk) == QuotaLimits(5 * GIBIBYTE, Decimal(20), 3)


def test_most_generous_group_wins(make_user: MakeUser, limit: Put) -> None:
    ada = make_user()
    group("a", ada, disk_gb=Decimal(1), core_hours=Decimal(50), running_sessions=1)
    group("b", ada, disk_gb=Decimal(2), unlimited_core_hours=True)
    assert allowance_of(ada.pk) == QuotaLimits(2 * GIBIBYTE, None, 1)


def test_own_limits_override_one_by_one(make_user: MakeUser, limit: Put) -> None:
    limit(disk_gb=Decimal(5), core_hours=Decimal(100), running_sessions=3)
    ada = make_user()
    group("a", ada, disk_gb=Decimal(50), unlimited_sessions=True, core_hours=Decimal(7))
    Quota.objects.create(user=ada, disk_gb=Decimal(1), running_sessions=0)
    assert allowance_of(ada.pk) == QuotaLimits(GIBIBYTE, Decimal(7), 0)
    Quota.objects.filter(user=ada).update(unlimited_disk=True)
    assert allowance_of(ada.pk) == QuotaLimits(None, Decimal(7), 0)


def test_limits_take_one_query_however_many_groups(
    make_user: MakeUser, limit: Put, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada = make_user()
    for number in range(5):
        group(f"g{number}", ada, running_sessions=number)
    with django_assert_num_queries(1):
        assert allowance_of(ada.pk).running_sessions == 4


@pytest.mark.parametrize("both", [True, False])
def test_quota_belongs_to_a_user_or_a_group(make_user: MakeUser, *, both: bool) -> None:
    owner = {"user": make_user(), "group": Group.objects.create(name="g")} if both else {}
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.create(**owner)


def test_expired_reservations_do_not_count(make_user: MakeUser) -> None:
    ada, eve, now = make_user(), make_user("eve"), timezone.now()
    later, before = now + timedelta(hours=1), now - timedelta(seconds=1)
    for user, location, size, expires_at, committed_change in (
        (ada, 1, 1, later, None),
        (ada, 2, 10, before, None),
        (ada, 2, 100, before, None),
        (ada, 3, 1000, before, 7),
        (eve, 4, 10_000, later, None),
    ):
        DiskReservation.objects.create(
            user=user, target=location, size=size, expires_at=expires_at, committed_change=committed_change
        )
    assert held_disk(ada.pk, now=now) == 1001
    assert held_disk(eve.pk, now=now) == 10_000
    assert targets_of_expired_writes(now=now) == [2]


def test_disk_is_limited_by_configuration_or_by_any_quota(make_user: MakeUser, limit: Put) -> None:
    assert not is_disk_limited()
    Quota.objects.create(user=make_user(), running_sessions=1)
    assert not is_disk_limited()
    Quota.objects.update(disk_gb=Decimal(1))
    assert is_disk_limited()
    Quota.objects.all().delete()
    limit(disk_gb=Decimal(1))
    assert is_disk_limited()
