"""Keeps the token out of messages and logs: most REANA servers require it in the query string."""

import logging
import re

import httpx

ANONYMOUS = "reana_anonymous"
HIDDEN = "[hidden]"

_IN_QUERY = re.compile(r"(access_token=)[^&\s\"'>]+")


class TokenTransport(httpx.AsyncBaseTransport):
    """Adds the token in the lowest layer, so that no logged request, response or exception contains it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, access_token: str, takes_header: bool = False) -> None:
        self._inner = inner
        self._access_token = access_token
        self._takes_header = takes_header

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the token, unless it is anonymous."""
        if request.extensions.get(ANONYMOUS):
            return await self._inner.handle_async_request(request)
        return await self._inner.handle_async_request(self._signed(request))

    def _signed(self, request: httpx.Request) -> httpx.Request:
        url, headers = request.url, request.headers.copy()
        if self._takes_header:
            headers["Authorization"] = f"Bearer {self._access_token}"
        else:
            url = url.copy_add_param("access_token", self._access_token)
        # A copy: httpx attaches the original to responses and exceptions.
        return httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def without_token(text: str, *, access_token: str) -> str:
    """Return untrusted text with the token, and anything like a token in a query string, removed."""
    hidden = text.replace(access_token, HIDDEN) if access_token else text
    return _IN_QUERY.sub(rf"\1{HIDDEN}", hidden)


class _HideTokens(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Formatted here: the token may be in the arguments, not in the message.
        record.msg, record.args = _IN_QUERY.sub(rf"\1{HIDDEN}", record.getMessage()), None
        return True


def silence_wire_logs() -> None:
    """Hide tokens in the HTTP library's debug logs: the headers of a redirect may repeat the URL."""
    # Filters of a logger do not apply to its children, so each one is named.
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
        logger = logging.getLogger(name)
        # Each client calls this function, so the filter may be there already.
        if not any(isinstance(known, _HideTokens) for known in logger.filters):
            logger.addFilter(_HideTokens())
