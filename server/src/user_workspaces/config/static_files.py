"""Static files of the pages: kept by browsers for as long as their content stays, and compressed.

They are served from where they are installed: no command collects them. Their addresses hold a digest of the content,
and what is compressed is compressed once in a process, for the first client that takes it.
"""

import gzip
import hashlib
import re
from functools import cache, cached_property
from http import HTTPStatus
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, StaticFile

TYPES = frozenset({".css", ".js", ".json", ".map", ".svg", ".ttf", ".txt"})
SMALLEST = 512
"""Bytes; of less than that nothing is saved."""
DIGEST = re.compile(r"\.[0-9a-f]{12}\.(?=[a-z0-9]+$)", re.ASCII)
"""In a name, before its last part."""
TAKES_GZIP = re.compile(r"\bgzip\b")
"""In `Accept-Encoding`, as Django's own compression reads it."""


class NamedByContent(StaticFilesStorage):
    """Has pages name files with a digest of their content: `uws/portal.0123456789ab.js`."""

    def url(self, name: str | None) -> str:
        """Return the address of a file; of one that is unknown without a digest."""
        return super().url(named_by_content(name) if name and not settings.DEBUG else name)


@cache
def named_by_content(name: str) -> str:
    """Return a name with a digest of the file's content, which stays while this process runs."""
    path = finders.find(name)
    if not isinstance(path, str) or not Path(path).is_file():
        return name
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
    pure = PurePosixPath(name)
    return str(pure.with_name(f"{pure.stem}.{digest}{pure.suffix}"))


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # it comes without types
    """Serves files under both of their names: with the digest for good, without it for a minute."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file, where the address is that of one."""
        url = request.path_info
        if not self.autorefresh and url not in self.files and (digest := DIGEST.search(url)):
            plain = url[: digest.start()] + url[digest.end() - 1 :]
            if plain in self.files:
                named: HttpResponseBase = self.serve(self._named(url, plain), request)
                return named
        response: HttpResponseBase = super().__call__(request)
        return response

    def _named(self, url: str, plain: str) -> StaticFile:
        """Return the file of an address with a digest; a page of an earlier release gets the file of this one."""
        if self.static_prefix + named_by_content(plain.removeprefix(self.static_prefix)) != url:
            # The content is not the one of this digest, so it must not be kept for good.
            return self.files[plain]
        # Only the right digest adds an entry: clients cannot fill the table.
        self.files[url] = self.get_static_file(self.files[plain].alternatives[-1][1], url)
        return self.files[url]

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> StaticFile:  # noqa: ANN401  WhiteNoise's own
        """Return what answers for a file."""
        found = super().get_static_file(path, url, stat_cache)
        headers = found.alternatives[-1][2]  # of the file itself, should there be a compressed one beside it
        is_large = Path(path).suffix in TYPES and int(dict(headers)["Content-Length"]) >= SMALLEST
        return CompressedFile(path, headers, stat_cache=stat_cache) if is_large else found


class CompressedFile(StaticFile):  # type: ignore[misc]  # it comes without types
    """A file that is sent compressed to clients who take that; of the file itself parts can be had."""

    def __init__(self, path: str, headers: list[tuple[str, str]], stat_cache: Any = None) -> None:  # noqa: ANN401  the same
        # The compressed bytes differ from the file's, so the ETag of both can only be weak.
        of_both = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
        super().__init__(path, [*of_both, ("Vary", "Accept-Encoding")], stat_cache=stat_cache)
        self._path = path

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(Path(self._path).read_bytes(), mtime=0)

    def get_response(self, method: str, request_headers: dict[str, str]) -> Response:
        """Answer a request; its fields have the names of WSGI."""
        response = super().get_response(method, request_headers)
        takes = TAKES_GZIP.search(request_headers.get("HTTP_ACCEPT_ENCODING", ""))
        if not takes or response.status != HTTPStatus.OK or "HTTP_RANGE" in request_headers:
            return response
        if response.file is not None:
            response.file.close()
        kept = [(name, value) for name, value in response.headers if name != "Content-Length"]
        head = [*kept, ("Content-Length", str(len(self._packed))), ("Content-Encoding", "gzip")]
        return Response(response.status, head, None if method == "HEAD" else BytesIO(self._packed))
