"""Detects the features of a REANA server by requests: versions and announcements are unreliable."""

from collections.abc import Awaitable, Callable

from . import responses
from .errors import Forbidden, NotFound, NotSupported, ReanaError
from .values import Json

BUNDLES = "workflow-specification-bundles-v1"
NO_RUNTIME = "none"

Get = Callable[..., Awaitable[Json]]


class Features:
    """Probes each feature once; definite results are cached, failures are not."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._known: dict[str, bool] = {}

    async def bundles(self) -> bool:
        """Return True if new runs are sent as bundles; releases up to 0.9 do not report it."""
        if BUNDLES not in self._known:
            said = responses.an_object(await self._get("/api/ping", anonymous=True), what="the response to a ping")
            known = said.get("api_capabilities")
            self._known[BUNDLES] = isinstance(known, list) and BUNDLES in known
        return self._known[BUNDLES]

    async def sharing(self) -> bool:
        """Return True if runs can be shared."""
        return await self._probe("/api/users/shared-with-you", default=False)

    async def secrets(self) -> bool:
        """Return True if this token can manage secrets; those of this project's sessions cannot."""
        return await self._probe("/api/secrets", default=True)

    async def environments(self) -> bool:
        """Return True if steps run in their container images, unless the server reports that it has no runtime."""
        try:
            info = responses.an_object(await self._get("/api/info"), what="the server's information")
            runtime = responses.an_object(info.get("container_runtime") or {}, what="the container runtime")
        except ReanaError:
            # A failed request must not cause a wrong warning.
            return True
        return str(runtime.get("value", "")).partition(".")[0] != NO_RUNTIME

    async def _probe(self, path: str, *, default: bool) -> bool:
        if path not in self._known:
            try:
                await self._get(path)
                self._known[path] = True
            except (NotFound, NotSupported, Forbidden):
                self._known[path] = False
            except ReanaError:
                return default
        return self._known[path]
