"""`/job_types/`, `/parameters/`, `/status/`: what this server is, for everybody."""

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
    """Needs no credentials, and looks at none."""

    scope = None
    authentication_classes = ()
    permission_classes = (AllowAny,)


class JobTypes(OpenView):
    """Job types that can be launched."""

    @describe(data={"job_types": serializers.DictField(child=JobTypeSerializer())})
    def get(self, request: Request) -> Response:
        """List the job types by id."""
        job_types = {name: {"id": name, "name": job_type.name} for name, job_type in registry.site().job_types.items()}
        return success(data={"job_types": job_types})


class Parameters(OpenView):
    """Parameters of a launch."""

    @describe(data={"parameters": ParameterSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the configured parameters, as they are written."""
        return success(data={"parameters": [parameter.raw for parameter in registry.site().parameters]})


class Status(OpenView):
    """How the server is doing."""

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
        """Say how each dependency is doing; 503 when a main one is down, with the same body."""
        found, site, figures = health_of_dependencies(), registry.site(), connection_metrics()
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
            connections=_connections(figures),
            warnings=_warnings(found, figures),
        )
        if not healthy:
            body.data["success"] = False
            body.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return body


def _dependencies(found: Mapping[str, Health], site: ServerSettings) -> dict[str, object]:
    """Return the health grouped as existing clients expect it, and flat as `<kind>.<id>`."""
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


def _warnings(found: Mapping[str, Health], figures: ConnectionMetrics | None) -> list[str]:
    """Return what is not as it should be although the server works: what sessions lack, and crowds."""
    about_jobs = [one.message for name, one in found.items() if name.startswith("job_type.") and one.message]
    return [*about_jobs, *([figures.warning] if figures is not None and figures.warning else [])]


def _connections(figures: ConnectionMetrics | None) -> dict[str, int] | None:
    if figures is None:
        return None
    return {"open": figures.open, "limit": figures.limit, "evicted": figures.evicted, "refused": figures.refused}
