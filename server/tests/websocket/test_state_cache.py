"""Comparing what is there with what was there: one query a look, and each change reported once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from support.websocket_client import Subscriber, change
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.websocket.state_cache import Diff, StateCache
from user_workspaces.websocket.subscriptions import Topic

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = timezone.now()


@pytest.fixture
def ada(make_user: Callable[[str], User]) -> Subscriber:
    """Without a token: nobody asks here."""
    return Subscriber(make_user("ada"), "")


def reported(read: Diff, topic: Topic) -> list[tuple[int, str]]:
    return [(row.job_id, row.message) for row in read.changed.get(topic, ())]


def test_a_look_is_one_query_however_much_is_watched(
    make_user: Callable[[str], User], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    users = [Subscriber(make_user(f"p{number}"), "") for number in range(50)]
    topics = [Topic(one.user.pk) for one in users] + [Topic(one.user.pk, one.job().pk) for one in users]
    board = StateCache()
    first = board.read(topics=topics, new=topics, now=NOW)
    assert sorted(first.current, key=str) == sorted(topics, key=str)
    with django_assert_num_queries(1):
        assert board.read(topics=topics, new=(), now=NOW) == Diff()


def test_a_change_is_reported_once_to_each_topic(ada: Subscriber) -> None:
    job, own = ada.job(), Topic(ada.user.pk)
    one, board = Topic(ada.user.pk, job.pk), StateCache()
    board.read(topics={own, one}, new={own, one}, now=NOW)
    change(job, message="Changed.")
    read = board.read(topics={own, one}, new=(), now=NOW)
    assert reported(read, own) == reported(read, one) == [(job.pk, "Changed.")]
    assert board.read(topics={own, one}, new=(), now=NOW) == Diff()


def test_an_end_is_reported_and_then_not_read_any_more(ada: Subscriber) -> None:
    job, own = ada.job("running"), Topic(ada.user.pk)
    for _ in range(200):
        ada.job("complete")
    board = StateCache()
    board.read(topics={own}, new={own}, now=NOW)
    change(job, status="complete", datetime_end=NOW, message="Finished.")
    assert reported(board.read(topics={own}, new=(), now=NOW), own) == [(job.pk, "Finished.")]
    change(job, message="Written after the end.")
    assert board.read(topics={own}, new=(), now=NOW) == Diff()


def test_later_jobs_are_found_while_there_are_subscribers(ada: Subscriber) -> None:
    own, board, now = Topic(ada.user.pk), StateCache(), NOW
    board.read(topics={own}, new={own}, now=now)
    for number in range(5):
        now += timedelta(seconds=11)
        job = ada.job(message=f"Number {number}.", datetime_created=now)
        assert reported(board.read(topics={own}, new=(), now=now), own) == [(job.pk, f"Number {number}.")]
    assert len(board.read(topics={own}, new={own}, now=now).current[own]) == 5


def test_job_whose_id_is_older_than_others_that_were_seen_is_found(ada: Subscriber) -> None:
    """Ids are given out before rows can be seen: a transaction may end after that of a later id."""
    own, board = Topic(ada.user.pk), StateCache()
    last = ada.job()
    board.read(topics={own}, new={own}, now=NOW)
    Job.objects.filter(pk=ada.job().pk).update(id=last.pk + 10)
    board.read(topics={own}, new=(), now=NOW)
    late = ada.job("complete", id=last.pk + 5, message="Late.", datetime_end=NOW)
    assert reported(board.read(topics={own}, new=(), now=NOW), own) == [(late.pk, "Late.")]


def test_new_subscriber_gets_all_and_others_nothing(ada: Subscriber) -> None:
    live, ended, own = ada.job(), ada.job("failed"), Topic(ada.user.pk)
    board = StateCache()
    board.read(topics={own}, new={own}, now=NOW)
    read = board.read(topics={own}, new={own}, now=NOW)
    assert [row.job_id for row in read.current[own]] == [live.pk, ended.pk]
    assert read.changed == {}


def test_unwatched_topics_are_dropped(ada: Subscriber) -> None:
    job, own = ada.job(), Topic(ada.user.pk)
    board = StateCache()
    board.read(topics={own}, new={own}, now=NOW)
    board.read(topics=(), new=(), now=NOW)
    change(job, message="Unseen.")
    read = board.read(topics={own}, new={own}, now=NOW)
    assert [row.message for row in read.current[own]] == ["Unseen."]
    assert read.changed == {}


def test_row_that_is_gone_is_reported(ada: Subscriber) -> None:
    job = ada.job()
    topic, board = Topic(ada.user.pk, job.pk), StateCache()
    assert board.read(topics={topic}, new={topic}, now=NOW).gone == []
    job.delete()
    assert board.read(topics={topic}, new=(), now=NOW).gone == [topic]
