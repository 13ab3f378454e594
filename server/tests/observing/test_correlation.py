"""What the work of a moment is about, and the marks of requests."""

import re
import threading

import pytest

from user_workspaces.accounts.tokens import new_token
from user_workspaces.observing.correlation import (
    Subject,
    about,
    accepted_mark,
    current_mark,
    new_mark,
    note_person,
    subject,
)


def test_what_is_given_is_known_inside_and_forgotten_outside() -> None:
    with about(request="outer-request", person=1):
        with about(job=7, person=0):
            assert subject() == Subject(request="outer-request", person=0, job=7)
        assert subject() == Subject(request="outer-request", person=1)
        note_person(5)
        assert subject().person == 5
    assert subject() == Subject()


def test_it_is_forgotten_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="x"), about(job=7):
        raise RuntimeError("x")
    assert subject() == Subject()


def test_threads_do_not_share_it() -> None:
    seen = list[Subject]()
    with about(job=7):
        thread = threading.Thread(target=lambda: seen.append(subject()))
        thread.start()
        thread.join()
    assert seen == [Subject()]


@pytest.mark.parametrize("sent", ["0123abcd", "a" * 64, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "req_1.2-3x"])
def test_a_well_formed_mark_is_taken(sent: str) -> None:
    assert accepted_mark(sent) == sent


@pytest.mark.parametrize(
    "sent",
    ["", "short", "a" * 65, "has space", "new\nline99", '"quote"99', "é" * 10, "../../etc", "-leading9", "a;b=c;d=e"]
)  # fmt: skip
def test_any_other_is_replaced(sent: str) -> None:
    found = accepted_mark(sent)
    assert found != sent
    assert re.fullmatch("[0-9a-f]{16}", found)


def test_a_token_is_no_mark() -> None:
    token = new_token().text
    assert accepted_mark(token) != token


def test_marks_are_never_the_same() -> None:
    assert len({new_mark() for _ in range(1000)}) == 1000
    assert current_mark() != current_mark()
    with about(request="this-request"):
        assert current_mark() == current_mark() == "this-request"
