"""Marks the views that transfer files: a pool of threads of their own runs them, and watches for disconnects."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])
MARKER = "is_transfer"


def transfer(view: View) -> View:
    """Mark a view function or class that streams a body or that works on many files. Use it as outermost decorator."""
    setattr(view, MARKER, True)
    return view


def is_transfer(view: object) -> bool:
    """Return whether a view of the URL configuration is marked; class-based views name their class as `cls`."""
    return bool(getattr(view, MARKER, False) or getattr(getattr(view, "cls", None), MARKER, False))
