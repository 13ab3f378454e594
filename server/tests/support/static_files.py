"""One search for static files per process: each test client creates the middleware, which would search again."""

import pytest
from whitenoise.base import StaticFile
from whitenoise.middleware import WhiteNoiseMiddleware


def install(patch: pytest.MonkeyPatch) -> None:
    """Give the files that the first middleware finds to all later ones while the patch is active."""
    found: dict[str, StaticFile] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
