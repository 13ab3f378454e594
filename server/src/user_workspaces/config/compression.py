"""Which answers are compressed: pages and JSON that were asked for, and that no other site had a hand in.

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
    """Compresses what is whole; what streams is files, which have lengths and parts, or has to come at once."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress an answer, or leave it."""
        if response.streaming or "ETag" in response or request.method not in {"GET", "HEAD"}:
            return response
        if response.headers.get("Content-Type", "").partition(";")[0] not in TYPES:
            return response
        if request.headers.get("Sec-Fetch-Site", "") not in OWN:
            return response
        return super().process_response(request, response)
