"""Static files are found once in a process: each client of a test has the middleware anew, which looks for them all."""

import pytest
from whitenoise.base import StaticFile
from whitenoise.middleware import WhiteNoiseMiddleware


def install(patch: pytest.MonkeyPatch) -> None:
    """Let every further middleware have what the first has found, for as long as the patch is there."""
    found: dict[str, StaticFile] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
