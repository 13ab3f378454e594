"""What the work of a moment is about, and the marks of requests."""

import re
import threading

import pytest

from user_workspaces.accounts.tokens import new_token
from user_workspaces.observability.correlation import (
    Subject,
    accepted_request_id,
    bind_context,
    bind_user,
    current_request_id,
    new_request_id,
    subject,
)


def test_what_is_given_is_known_inside_and_forgotten_outside() -> None:
    with bind_context(request="outer-request", user=1):
        with bind_context(job=7, user=0):
            assert subject() == Subject(request="outer-request", user=0, job=7)
        assert subject() == Subject(request="outer-request", user=1)
        bind_user(5)
        assert subject().user == 5
    assert subject() == Subject()


def test_it_is_forgotten_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="x"), bind_context(job=7):
        raise RuntimeError("x")
    assert subject() == Subject()


def test_threads_do_not_share_it() -> None:
    seen = list[Subject]()
    with bind_context(job=7):
        thread = threading.Thread(target=lambda: seen.append(subject()))
        thread.start()
        thread.join()
    assert seen == [Subject()]


@pytest.mark.parametrize("sent", ["0123abcd", "a" * 64, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "req_1.2-3x"])
def test_a_well_formed_request_id_is_taken(sent: str) -> None:
    assert accepted_request_id(sent) == sent


@pytest.mark.parametrize(
    "sent",
    ["", "short", "a" * 65, "has space", "new\nline99", '"quote"99', "é" * 10, "../../etc", "-leading9", "a;b=c;d=e"]
)  # fmt: skip
def test_any_other_is_replaced(sent: str) -> None:
    found = accepted_request_id(sent)
    assert found != sent
    assert re.fullmatch("[0-9a-f]{16}", found)


def test_a_token_is_no_request_id() -> None:
    token = new_token().text
    assert accepted_request_id(token) != token


def test_request_ids_are_unique() -> None:
    assert len({new_request_id() for _ in range(1000)}) == 1000
    assert current_request_id() != current_request_id()
    with bind_context(request="this-request"):
        assert current_request_id() == current_request_id() == "this-request"
