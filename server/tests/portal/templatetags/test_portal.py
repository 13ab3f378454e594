"""Formats of times, sizes, icons and file names."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from user_workspaces.portal.templatetags.portal import ago, duration, icon, size, span, ticking, visible

NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


def plain(text: str) -> str:
    """Replace no-break spaces by spaces."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "just now"),
        (-5, "just now"),
        (120, "2 min ago"),
        (7300, "2 h ago"),
        (90_000, "1 day ago"),
        (3e5, "3 days ago"),
    ],
)
def test_ago(seconds: float, said: str) -> None:
    assert f">{said}</time>" in plain(str(ago(timezone.now() - timedelta(seconds=seconds))))


def test_ago_has_the_exact_time_on_hover() -> None:
    assert 'title="2030-01-02 12:00:00 UTC"' in str(ago(NOON))


def test_ago_of_never() -> None:
    assert (ago(None), ticking(None), duration(None), span(None, NOON)) == ("", "", "", "")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (61, "1 min"),
        (7800, "2 h 10 min"),
        (86_400 * 2 + 3600, "2 d 1 h"),
    ],
)
def test_duration(seconds: int, said: str) -> None:
    assert plain(duration(seconds)) == said


def test_span() -> None:
    assert plain(span(NOON, NOON + timedelta(seconds=12))) == "12 s"
    assert plain(span(NOON, NOON + timedelta(minutes=12))) == "12 min"


def test_ticking_changes_once_a_minute_on_the_server() -> None:
    assert "data-ticking" in str(ticking(timezone.now()))


def test_icon_is_decoration_without_a_label() -> None:
    assert 'aria-hidden="true"' in icon("play")
    assert 'aria-label="&lt;b&gt;"' in icon("play", "<b>")


def test_size() -> None:
    assert plain(size(1024**2)) == "1 MiB"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("plain é漢🎉.txt", "plain é漢🎉.txt"),
        ("\u202etxt.exe", "\ufffdtxt.exe"),
        ("a\u2066b\u2069", "a\ufffdb\ufffd"),
        ("a\nb\x7f\x9b", "a\ufffdb\ufffd\ufffd"),
        ("שלום.txt", "שלום.txt"),
    ],
)
def test_invisible_characters_of_a_name_are_replaced(name: str, seen: str) -> None:
    assert visible(name) == seen
