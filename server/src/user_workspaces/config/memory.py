"""Keeps the web process small: what a response was made of is freed as soon as it is sent.

Django REST framework ties a request, its view and its response in a circle, so a response stays until the next search
for garbage, which counts objects and not their bytes: hundreds of long lists. And glibc gives each thread a heap of its
own, which it seldom returns to the system.
"""

import ctypes
from typing import Any

from django.http import HttpResponseBase

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""Options of mallopt(3)."""
HEAPS = 2
LARGE = 128 * 1024
"""Bytes of what is allocated outside of the heaps. Once this is set, glibc does not raise it by itself."""


def limit_heaps() -> None:
    """Have all threads share few heaps; without glibc there is nothing to limit. Call it before there are threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, HEAPS)
        mallopt(M_MMAP_THRESHOLD, LARGE)


def forget(response: HttpResponseBase) -> None:
    """Open the circles that a response is part of, once it is closed: nothing may use it or its request any more."""
    held: dict[str, Any] = vars(response)
    context = held.get("renderer_context")
    if context:
        vars(context["request"]).clear()
    held.clear()
