"""`/job_types/`, `/parameters/` and `/status/`: public information about the server."""

from collections.abc import Mapping

from django.conf import settings
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces import __version__, registry
from user_workspaces.api.health import health_of_dependencies
from user_workspaces.api.openapi import describe
from user_workspaces.api.responses import success
from user_workspaces.api.serializers import (
    ConnectionsSerializer,
    DependenciesSerializer,
    JobTypeSerializer,
    ParameterSerializer,
)
from user_workspaces.interfaces.settings import ServerSettings
from user_workspaces.interfaces.values import Health
from user_workspaces.observability.connections import ConnectionMetrics, connection_metrics


class OpenView(APIView):
    """A view without authentication."""

    scope = None
    authentication_classes = ()
    permission_classes = (AllowAny,)


class JobTypes(OpenView):
    """The job types that can be launched."""

    @describe(data={"job_types": serializers.DictField(child=JobTypeSerializer())})
    def get(self, request: Request) -> Response:
        """List the job types by ID."""
        job_types = {name: {"id": name, "name": job_type.name} for name, job_type in registry.site().job_types.items()}
        return success(data={"job_types": job_types})


class Parameters(OpenView):
    """The parameters of a launch."""

    @describe(data={"parameters": ParameterSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the parameters as they are configured."""
        return success(data={"parameters": [parameter.raw for parameter in registry.site().parameters]})


class Status(OpenView):
    """The health of the server."""

    @describe(
        beside={
            "version": serializers.CharField(),
            "build": serializers.CharField(allow_blank=True),
            "dependencies": DependenciesSerializer(),
            "connections": ConnectionsSerializer(allow_null=True),
            "warnings": serializers.ListField(child=serializers.CharField()),
        },
        same_body=(503,),
    )
    def get(self, request: Request) -> Response:
        """Return the health of each dependency; if a main one is down, with status 503 and the same body."""
        found, site, metrics = health_of_dependencies(), registry.site(), connection_metrics()
        # Only these make the status 503, at which a load balancer stops sending requests.
        main = (
            f"storage.{site.main_storage}",
            f"resource.{site.main_resource}",
            f"user_authentication.{site.api_user_authentication}",
            "database",
            "data_folder",
        )
        healthy = all(found[name].connected for name in main)
        body = success(
            "" if healthy else "A main dependency is down.",
            version=__version__,
            build=settings.BUILD,
            dependencies=_dependencies(found, site),
            connections=_connections(metrics),
            warnings=_warnings(found, metrics),
        )
        if not healthy:
            body.data["success"] = False
            body.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return body


def _dependencies(found: Mapping[str, Health], site: ServerSettings) -> dict[str, object]:
    """Return the health by kind, as existing clients expect it, and flat as `<kind>.<id>`."""
    shown = {name: {"connected": health.connected, "message": health.message} for name, health in found.items()}

    def by_id(kind: str) -> dict[str, object]:
        return {name.removeprefix(kind): health for name, health in shown.items() if name.startswith(kind)}

    return {
        "main_resource": shown[f"resource.{site.main_resource}"],
        "api_user_authentication": shown[f"user_authentication.{site.api_user_authentication}"],
        "resources": by_id("resource."),
        "storage_methods": by_id("storage."),
        "user_authentication_methods": by_id("user_authentication."),
        "job_types": by_id("job_type."),
        **shown,
    }


def _warnings(found: Mapping[str, Health], metrics: ConnectionMetrics | None) -> list[str]:
    """Return problems that do not stop the server: missing parts of sessions, too many connections."""
    about_jobs = [one.message for name, one in found.items() if name.startswith("job_type.") and one.message]
    return [*about_jobs, *([metrics.warning] if metrics is not None and metrics.warning else [])]


def _connections(metrics: ConnectionMetrics | None) -> dict[str, int] | None:
    if metrics is None:
        return None
    return {"open": metrics.open, "limit": metrics.limit, "evicted": metrics.evicted, "refused": metrics.refused}
