"""The application that takes the bound off a web process, for `memory.py` to compare with."""

from django.apps import AppConfig


class Unbounded(AppConfig):
    """Has responses kept until a search for garbage, and each thread its own heap."""

    name = "unbounded"

    def ready(self) -> None:
        """Replace what keeps the process small."""
        from user_workspaces.config import memory, threaded_asgi  # noqa: PLC0415  there are no settings before

        memory.M_ARENA_MAX = memory.M_MMAP_THRESHOLD = 0  # unknown to mallopt(3), which then does nothing
        threaded_asgi.forget = lambda _response: None
