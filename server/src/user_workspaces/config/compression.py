"""Compresses pages and JSON of same-origin GET requests.

The size of a compressed response reveals repetition, so a response that holds a secret next to text chosen by another
user is not compressed (BREACH). Responses to forms and to calls that change data can show a token once and are not
compressed; neither are responses to cross-origin requests, sessions included. The others get Django's random padding.
"""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TYPES = frozenset({"text/html", "application/json", "application/yaml"})
OWN = frozenset({"same-origin", "none", ""})
"""`Sec-Fetch-Site`, which browsers say under TLS, of a request that no page of another origin caused."""


class Compression(GZipMiddleware):
    """Compresses complete responses. Streaming ones are files, which have lengths and ranges."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress a response if that is safe."""
        if response.streaming or "ETag" in response or request.method not in {"GET", "HEAD"}:
            return response
        if response.headers.get("Content-Type", "").partition(";")[0] not in TYPES:
            return response
        if request.headers.get("Sec-Fetch-Site", "") not in OWN:
            return response
        return super().process_response(request, response)
