"""Sends requests to REANA: time limits, retries of reads with back-off, typed errors, no redirects."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from . import tls
from .error_responses import error_for
from .errors import BadRequest, Conflict, InvalidResponse, ReanaError, TooSlow, Unreachable
from .names import RunNames
from .token_redaction import ANONYMOUS, TokenTransport, silence_wire_logs, without_token
from .values import Credentials, Json

RESPONSE_LIMIT = 16 * 1024 * 1024
ERROR_LIMIT = 64 * 1024
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds, and retries.

    `total` limits a JSON request with retries, `logs` reading a run's logs, `read` the wait for data of a stream.
    """

    connect: float = 5
    read: float = 20
    total: float = 30
    logs: float = 300
    tries: int = 4
    first_pause: float = 0.3
    longest_pause: float = 5


@dataclass(frozen=True)
class ApiRequest:
    """A request: `path` is below the server's address and quoted; `subject` is the run that it is about."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | AsyncIterator[bytes] | None = None
    files: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    anonymous: bool = False


class Transport:
    """The connection to one server with one token; certificates are loaded at the first request."""

    def __init__(self, credentials: Credentials, *, limits: Limits) -> None:
        silence_wire_logs()
        self._credentials = credentials
        self.limits = limits
        self.names = RunNames()
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def json(self, ask: ApiRequest, *, total: float | None = None) -> Json:
        """Return the JSON of the response; `total` overrides the time limit in seconds."""
        try:
            async with asyncio.timeout(total or self.limits.total), self.stream(ask) as response:
                body = await _read(response, limit=RESPONSE_LIMIT)
        except TimeoutError as error:
            raise too_slow() from error
        try:
            answer: Json = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InvalidResponse(
                "The server's response is not JSON. Check that this is the address of a REANA server."
            ) from error
        return answer

    @asynccontextmanager
    async def stream(self, ask: ApiRequest) -> AsyncIterator[httpx.Response]:
        """Open a successful response; errors while reading its body are `ReanaError`s, too."""
        client = await self._connected()
        with self._named_errors():
            try:
                response = await self._open(client, ask)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                # Some servers close a plain connection to their HTTPS port without a response.
                await tls.check_scheme(self._credentials.server)
                raise
            try:
                yield response
            finally:
                await response.aclose()

    async def _open(self, client: httpx.AsyncClient, ask: ApiRequest) -> httpx.Response:
        # This layer repeats only reads: a change whose response was lost may have happened.
        tries = self.limits.tries if ask.method == "GET" else 1
        for tried in range(1, tries + 1):
            try:
                response = await client.send(self._request(client, ask), stream=True)
            # RemoteProtocolError: often the server closed an idle connection just when it was used again.
            except (httpx.ConnectError, httpx.RemoteProtocolError):
                if tried == tries:
                    raise
                await asyncio.sleep(self._pause(tried))
                continue
            if response.is_success:
                return response
            if tried < tries and response.status_code in RETRYABLE_STATUSES:
                # Releases the connection before the pause.
                await response.aclose()
                await asyncio.sleep(self._pause(tried, response))
                continue
            raise await self._error(response, ask)
        raise AssertionError("the last try returns or raises")

    def _request(self, client: httpx.AsyncClient, ask: ApiRequest) -> httpx.Request:
        timeout = httpx.Timeout(self.limits.read, connect=self.limits.connect)
        return client.build_request(
            ask.method,
            self._credentials.server.rstrip("/") + ask.path,
            params=dict(ask.params) or None,
            json=ask.json,
            content=ask.content,
            files=ask.files,
            data=ask.form,
            # Bodies are read raw and their limits count raw bytes, so they must not be compressed.
            headers={"Accept-Encoding": "identity", **ask.headers},
            timeout=timeout,
            extensions={ANONYMOUS: ask.anonymous},
        )

    def _pause(self, tried: int, response: httpx.Response | None = None) -> float:
        asked = response.headers.get("Retry-After", "") if response is not None else ""
        # REANA sends "Retry-After: 0" even when overloaded.
        wanted = max(float(asked) if asked.isdigit() else 0, self.limits.first_pause * 2 ** (tried - 1))
        longest = min(wanted, self.limits.longest_pause)
        return float(longest) * (0.5 + random.random() / 2)  # noqa: S311 - spreads requests, guards nothing

    async def _error(self, response: httpx.Response, ask: ApiRequest) -> ReanaError:
        try:
            body = await _read(response, limit=ERROR_LIMIT)
        # The status suffices for an error with a body that is too large.
        except InvalidResponse:
            body = b""
        finally:
            await response.aclose()
        wrong = tls.refused_scheme(response, body, server=self._credentials.server)
        return wrong or error_for(response.status_code, body, subject=ask.subject)

    async def _connected(self) -> httpx.AsyncClient:
        # The lock keeps concurrent first requests from creating several clients.
        async with self._making:
            if self._client is None:
                # Reading the certificates from disk would block the event loop.
                context = await asyncio.to_thread(tls.trust, self._credentials.ca_file)
                inner = httpx.AsyncHTTPTransport(
                    verify=context,
                    limits=httpx.Limits(max_connections=40, max_keepalive_connections=10),
                    trust_env=True,
                )
                transport = TokenTransport(
                    inner,
                    access_token=self._credentials.access_token,
                    takes_header=self._credentials.takes_header,
                )
                # A redirect could send the token to another server.
                self._client = httpx.AsyncClient(transport=transport, follow_redirects=False)
        return self._client

    def _named_errors(self) -> "_NamedErrors":
        return _NamedErrors(self._credentials, self.names)


class _NamedErrors:
    """Converts the HTTP library's exceptions to `ReanaError`s; messages have names of runs and never the token."""

    def __init__(self, credentials: Credentials, names: RunNames) -> None:
        self._credentials = credentials
        self._names = names

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ReanaError):
            token = self._credentials.access_token
            error.message = self._names.put_into(without_token(error.message, access_token=token))
            error.detail = without_token(error.detail, access_token=token)
            # Tracebacks show `args`, so the token must not stay there.
            error.args = (error.message,)
        elif isinstance(error, httpx.TimeoutException):
            raise too_slow() from error
        elif isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            raise BadRequest("The address of the REANA server is invalid.") from error
        elif isinstance(error, httpx.HTTPError):
            raise _unreachable(error, server=self._credentials.server) from error


def too_slow() -> TooSlow:
    """Return the error for a request that timed out."""
    return TooSlow("REANA did not respond in time. Try again in a moment.", unanswered=True)


def _unreachable(error: httpx.HTTPError, *, server: str) -> Unreachable:
    if found := tls.problem(error, server=server):
        return found
    if isinstance(error, httpx.ConnectError):
        return Unreachable("REANA is unreachable: no server responds at this address.")
    return Unreachable("The connection to REANA was interrupted.", unanswered=True)


async def exactly(content: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Yield chunks of exactly `size` bytes. Raises `Conflict` if the content has another length."""
    left = size
    async for piece in content:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    # Content-Length has announced another size, so the request cannot be completed.
    if left:
        raise Conflict("The file changed while it was uploaded.")


async def _read(response: httpx.Response, *, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise InvalidResponse("REANA's response is too large.")
    return bytes(body)
