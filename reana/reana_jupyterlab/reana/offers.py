"""What a REANA server offers to a token, asked of the server itself: versions and announcements do not tell."""

from collections.abc import Awaitable, Callable

from . import answers
from .errors import NotFound, NotOffered, ReanaError, Refused
from .values import Json

BUNDLES = "workflow-specification-bundles-v1"
WITHOUT_CONTAINERS = "none"

Get = Callable[..., Awaitable[Json]]


class Offers:
    """Asks once for each; a clear answer is kept, a failure is not."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._known: dict[str, bool] = {}

    async def bundles(self) -> bool:
        """Return whether new runs are sent as bundles; releases up to 0.9 say nothing about it."""
        if BUNDLES not in self._known:
            said = answers.an_object(await self._get("/api/ping", anonymous=True), what="the answer to a ping")
            known = said.get("api_capabilities")
            self._known[BUNDLES] = isinstance(known, list) and BUNDLES in known
        return self._known[BUNDLES]

    async def sharing(self) -> bool:
        """Return whether runs can be shared."""
        return await self._answers("/api/users/shared-with-you", unless_told=False)

    async def secrets(self) -> bool:
        """Return whether this token may handle secrets; those of our own sessions may not."""
        return await self._answers("/api/secrets", unless_told=True)

    async def environments(self) -> bool:
        """Return whether steps run in their container images: always, unless the server says that it has no runtime."""
        try:
            info = answers.an_object(await self._get("/api/info"), what="the server's information")
            runtime = answers.an_object(info.get("container_runtime") or {}, what="the container runtime")
        except ReanaError:
            return True
        return str(runtime.get("value", "")).partition(".")[0] != WITHOUT_CONTAINERS

    async def _answers(self, path: str, *, unless_told: bool) -> bool:
        if path not in self._known:
            try:
                await self._get(path)
                self._known[path] = True
            except (NotFound, NotOffered, Refused):
                self._known[path] = False
            except ReanaError:
                return unless_told
        return self._known[path]
