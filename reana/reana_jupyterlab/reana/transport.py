"""One request to REANA and its answer: time limits, retries of reads with back-off, errors by name, no redirects."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from . import tls
from .errors import BadRequest, Conflict, NonsenseAnswer, ReanaError, TooSlow, Unreachable
from .names import RunNames
from .refusals import error_for
from .secrecy import ANONYMOUS, TokenTransport, silence_wire_logs, without_token
from .values import Credentials, Json

ANSWER_LIMIT = 16 * 1024 * 1024
ERROR_LIMIT = 64 * 1024
WORTH_ANOTHER_TRY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Limits:
    """Seconds and tries.

    `total` bounds a JSON answer with its retries, `logs` the reading of a run's logs, `read` the silence in a stream.
    """

    connect: float = 5
    read: float = 20
    total: float = 30
    logs: float = 300
    tries: int = 4
    first_pause: float = 0.3
    longest_pause: float = 5


@dataclass(frozen=True)
class Ask:
    """A request: `path` below the server's address, already quoted; `subject` is the run it is about."""

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


class Wire:
    """The connection to one server with one token; made in no time, certificates are read at the first request."""

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

    async def json(self, ask: Ask, *, total: float | None = None) -> Json:
        """Return the answer's JSON; `total` replaces the usual limit in seconds."""
        try:
            async with asyncio.timeout(total or self.limits.total), self.stream(ask) as response:
                body = await _read(response, limit=ANSWER_LIMIT)
        except TimeoutError as error:
            raise too_slow() from error
        try:
            answer: Json = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise NonsenseAnswer(
                "What the server answers is not JSON: is this the address of a REANA server?"
            ) from error
        return answer

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[httpx.Response]:
        """Open a successful answer; what breaks while its body is read comes as one of our errors too."""
        client = await self._connected()
        with self._named_errors():
            try:
                response = await self._open(client, ask)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                await tls.check_scheme(self._credentials.server)
                raise
            try:
                yield response
            finally:
                await response.aclose()

    async def _open(self, client: httpx.AsyncClient, ask: Ask) -> httpx.Response:
        tries = self.limits.tries if ask.method == "GET" else 1
        for tried in range(1, tries + 1):
            try:
                response = await client.send(self._request(client, ask), stream=True)
            except (httpx.ConnectError, httpx.RemoteProtocolError):
                if tried == tries:
                    raise
                await asyncio.sleep(self._pause(tried))
                continue
            if response.is_success:
                return response
            if tried < tries and response.status_code in WORTH_ANOTHER_TRY:
                await response.aclose()
                await asyncio.sleep(self._pause(tried, response))
                continue
            raise await self._refusal(response, ask)
        raise AssertionError("the last try returns or raises")

    def _request(self, client: httpx.AsyncClient, ask: Ask) -> httpx.Request:
        timeout = httpx.Timeout(self.limits.read, connect=self.limits.connect)
        return client.build_request(
            ask.method,
            self._credentials.server.rstrip("/") + ask.path,
            params=dict(ask.params) or None,
            json=ask.json,
            content=ask.content,
            files=ask.files,
            data=ask.form,
            headers={"Accept-Encoding": "identity", **ask.headers},
            timeout=timeout,
            extensions={ANONYMOUS: ask.anonymous},
        )

    def _pause(self, tried: int, response: httpx.Response | None = None) -> float:
        asked = response.headers.get("Retry-After", "") if response is not None else ""
        # REANA writes "0" on every answer, also on that of a server that is about to fall over.
        wanted = max(float(asked) if asked.isdigit() else 0, self.limits.first_pause * 2 ** (tried - 1))
        longest = min(wanted, self.limits.longest_pause)
        return float(longest) * (0.5 + random.random() / 2)  # noqa: S311 - spreads requests, guards nothing

    async def _refusal(self, response: httpx.Response, ask: Ask) -> ReanaError:
        try:
            body = await _read(response, limit=ERROR_LIMIT)
        except NonsenseAnswer:
            body = b""
        finally:
            await response.aclose()
        wrong = tls.refused_scheme(response, body, server=self._credentials.server)
        return wrong or error_for(response.status_code, body, subject=ask.subject)

    async def _connected(self) -> httpx.AsyncClient:
        async with self._making:
            if self._client is None:
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
                self._client = httpx.AsyncClient(transport=transport, follow_redirects=False)
        return self._client

    def _named_errors(self) -> "_NamedErrors":
        return _NamedErrors(self._credentials, self.names)


class _NamedErrors:
    """Turns the HTTP library's exceptions into ours; their messages hold names of runs, and never the token."""

    def __init__(self, credentials: Credentials, names: RunNames) -> None:
        self._credentials = credentials
        self._names = names

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ReanaError):
            token = self._credentials.access_token
            error.message = self._names.put_into(without_token(error.message, access_token=token))
            error.detail = without_token(error.detail, access_token=token)
            error.args = (error.message,)
        elif isinstance(error, httpx.TimeoutException):
            raise too_slow() from error
        elif isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            raise BadRequest("The address of the REANA server is not a valid one.") from error
        elif isinstance(error, httpx.HTTPError):
            raise _unreachable(error, server=self._credentials.server) from error


def too_slow() -> TooSlow:
    """Return the error for an answer that did not come in time."""
    return TooSlow("REANA did not answer in time. It may be busy: try again in a moment.", unanswered=True)


def _unreachable(error: httpx.HTTPError, *, server: str) -> Unreachable:
    if found := tls.problem(error, server=server):
        return found
    if isinstance(error, httpx.ConnectError):
        return Unreachable("REANA cannot be reached: nobody answers at the server's address.")
    return Unreachable("The connection to REANA broke in the middle of an answer.", unanswered=True)


async def exactly(content: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Pass pieces on, whose length was promised to the server."""
    left = size
    async for piece in content:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise Conflict("The file changed while it was uploaded.")


async def _read(response: httpx.Response, *, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise NonsenseAnswer("REANA's answer is longer than anything it should say here.")
    return bytes(body)
