"""`/job_types/`, `/parameters/`, `/status/`: what this server is, for everybody."""

import time
from dataclasses import asdict, dataclass
from threading import Lock

from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces import __version__, registry
from user_workspaces.api.envelope import answer
from user_workspaces.interfaces.values import Health

HEALTH_IS_KEPT_FOR = 5.0


class OpenView(APIView):
    """Needs no credentials, and looks at none."""

    scope = None
    authentication_classes = ()
    permission_classes = (AllowAny,)


class JobTypes(OpenView):
    """What can be launched."""

    def get(self, request: Request) -> Response:
        """List the job types by id."""
        job_types = {name: {"id": name, "name": job_type.name} for name, job_type in registry.site().job_types.items()}
        return answer(data={"job_types": job_types})


class Parameters(OpenView):
    """What a launch may ask for."""

    def get(self, request: Request) -> Response:
        """List the configured parameters, as they are written."""
        return answer(data={"parameters": [parameter.raw for parameter in registry.site().parameters]})


@dataclass(slots=True)
class _Kept:
    """The last look at all dependencies: many may ask, the dependencies are asked once in a while."""

    of: registry.Registry | None = None
    until: float = 0.0
    found: dict[str, Health] | None = None


_kept, _lock = _Kept(), Lock()


def health_of_dependencies() -> dict[str, Health]:
    """Return the health of every storage, resource and authentication by name, at most five seconds old."""
    with _lock:
        plugins = registry.current()
        if _kept.found is None or _kept.of is not plugins or time.monotonic() > _kept.until:
            found: dict[str, Health] = {}
            found |= {f"storage.{name}": plugin.check() for name, plugin in plugins.storages.items()}
            found |= {f"resource.{name}": plugin.check() for name, plugin in plugins.resources.items()}
            found |= {
                f"user_authentication.{name}": plugin.check() for name, plugin in plugins.user_authentications.items()
            }
            _kept.of, _kept.found, _kept.until = plugins, found, time.monotonic() + HEALTH_IS_KEPT_FOR
        return _kept.found


class Status(OpenView):
    """How the server is doing."""

    def get(self, request: Request) -> Response:
        """Return 503 when a main dependency is down, with the same body."""
        found, site = health_of_dependencies(), registry.site()
        main = (
            f"storage.{site.main_storage}",
            f"resource.{site.main_resource}",
            f"user_authentication.{site.api_user_authentication}",
        )
        healthy = all(found[name].connected for name in main)
        body = answer(
            "" if healthy else "A main dependency is down.",
            version=__version__,
            build="",
            dependencies={name: asdict(health) for name, health in found.items()},
        )
        if not healthy:
            body.data["success"] = False
            body.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return body
