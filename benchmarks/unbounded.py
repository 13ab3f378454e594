"""Django app that removes the memory bounds of the web process, for the comparison in `memory.py`."""

from django.apps import AppConfig


class Unbounded(AppConfig):
    """Keeps responses until the next garbage collection, and gives each thread its own heap."""

    name = "unbounded"

    def ready(self) -> None:
        """Remove the memory bounds."""
        from user_workspaces.config import memory, threaded_asgi  # noqa: PLC0415  there are no settings before

        memory.M_ARENA_MAX = memory.M_MMAP_THRESHOLD = 0  # unknown to mallopt(3), which then does nothing
        threaded_asgi.forget = lambda _response: None
