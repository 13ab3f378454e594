"""`/api/ping`, `you`, `info`, `config` and `status`: the server, and the calling user."""

from decimal import Decimal

from django.utils import timezone
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces import registry
from user_workspaces.jobs.quota_check import overview_of
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.values import Usage
from user_workspaces.reana_api.errors import routing
from user_workspaces.reana_api.serializers import human_bytes, human_milliseconds
from user_workspaces.reana_api.user_ids import full_name
from user_workspaces.reana_api.view import ReanaView, token_text
from user_workspaces.workflows.lifecycle.plan import resource_of_runs, runtime_on
from user_workspaces.workflows.metrics import load_of_runs

SPOKEN_VERSION = "0.9.4"
"""The version of REANA whose API this server implements."""
MILLISECONDS_AN_HOUR = 3_600_000
NEARLY_ALL = Decimal("0.8")
POLLING_SECONDS = 15
LARGEST_PREVIEW = 5 * 1024 * 1024


class Ping(ReanaView):
    """The health check of REANA's clients."""

    is_open = True

    def get(self, _request: Request) -> Response:
        """Return OK."""
        return Response({"message": "OK", "status": "200"})


class You(ReanaView):
    """The calling user and their quotas."""

    def get(self, request: Request) -> Response:
        """Return the user; the token is that of the request."""
        user = self.current_user
        overview = overview_of(user.pk, allowance=allowance_of(user.pk), now=timezone.now())
        hours = overview.core_hours
        return Response(
            {
                "email": user.email or user.username,
                "full_name": full_name(user),
                "username": user.username,
                "reana_server_version": SPOKEN_VERSION,
                "reana_token": {
                    "value": token_text(request),
                    "status": "active",
                    "requested_at": http_date(self.token.created_at.timestamp()),
                },
                "quota": {
                    "cpu": {
                        "health": _health(hours),
                        "limit": _cpu(hours.limit or Decimal(0)),  # 0 is REANA's value for unlimited
                        "usage": _cpu(hours.used),
                    },
                    "disk": {
                        "health": _health(overview.disk),
                        "limit": _disk(overview.disk.limit or 0),
                        "usage": _disk(overview.disk.used),
                    },
                },
            }
        )


def _health(usage: Usage[int] | Usage[Decimal]) -> str:
    if usage.limit is None:
        return "healthy"
    if usage.used >= usage.limit:
        return "critical"
    return "warning" if Decimal(usage.used) >= Decimal(usage.limit) * NEARLY_ALL else "healthy"


def _cpu(core_hours: Decimal) -> dict[str, object]:
    raw = int(core_hours * MILLISECONDS_AN_HOUR)
    return {"raw": raw, "human_readable": human_milliseconds(raw)}


def _disk(raw: int) -> dict[str, object]:
    return {"raw": raw, "human_readable": human_bytes(raw)}


class Info(ReanaView):
    """The features of this server."""

    def get(self, _request: Request) -> Response:
        """Return each feature with a title."""
        site = registry.site()
        runtime = runtime_on(resource_of_runs())
        storage = site.main_storage
        features: dict[str, tuple[str, object]] = {
            "compute_backends": ("List of supported compute backends", ["kubernetes", *site.resources]),
            "container_images_used": ("Steps run in the container images that they name", runtime.uses_images),
            "container_runtime": ("Container runtime", _runtime_text(runtime.runtime_name, runtime.warning)),
            "default_kubernetes_jobs_timeout": ("Default timeout for Kubernetes jobs", "0"),
            "default_kubernetes_memory_limit": ("Default memory limit for Kubernetes jobs", None),
            "default_workspace": ("Default workspace", f"/{storage}"),
            "kubernetes_max_memory_limit": ("Maximum allowed memory limit for Kubernetes jobs", None),
            "maximum_interactive_session_inactivity_period": (
                "Maximum inactivity period in days before automatic closure of interactive sessions",
                None,
            ),
            "maximum_kubernetes_jobs_timeout": ("Maximum timeout for Kubernetes jobs", "0"),
            "maximum_workspace_retention_period": ("Maximum retention period in days for workspace files", None),
            "supported_workflow_engines": ("List of supported workflow engines", _engines()),
            "workspaces_available": ("List of available workspaces", [f"/{storage}"]),
        }
        return Response({name: {"title": title, "value": value} for name, (title, value) in features.items()})


def _runtime_text(name: str, warning: str) -> str:
    return f"{name}. {warning}" if warning else name


def _engines() -> list[str]:
    return [name for name, _ in registry.current().workflow_engines.items()]


class Config(ReanaView):
    """The configuration for REANA's web pages."""

    is_open = True

    def get(self, _request: Request) -> Response:
        """Return the configuration."""
        site = registry.site()
        return Response(
            {
                "admin_email": site.quotas.contact or None,
                "announcement": None,
                "cern_sso": False,
                "chat_url": None,
                "client_pyvenv": None,
                "docs_url": "https://docs.reana.io/",
                "file_preview_size_limit": LARGEST_PREVIEW,
                "forum_url": None,
                "hide_signup": True,
                "launcher_examples": [],
                "local_users": True,
                "login_provider_config": [],
                "maximum_interactive_session_inactivity_period": None,
                "polling_secs": POLLING_SECONDS,
                "privacy_notice_url": None,
                "quota_enabled": True,
                "user_confirmation": False,
            }
        )


class ServiceStatus(ReanaView):
    """The load of the service by all users."""

    def get(self, _request: Request) -> Response:
        """Return the load. A resource of this server is a node in REANA's terms."""
        load, site = load_of_runs(), registry.site()
        live = load.running + load.pending
        total = site.workflows.runs_at_once or live
        return Response(
            {
                "node": _share(len(site.resources), len(site.resources), sort=0, unschedulable=0),
                "job": _share(total - live, total, sort=1, running=load.running, pending=load.pending),
                "workflow": _share(
                    total - live, total, sort=2, running=load.running, pending=load.pending, queued=load.queued
                ),
                "session": {"active": load.sessions, "sort": 3},
            }
        )


def _share(available: int, total: int, **further: int) -> dict[str, object]:
    left = max(0, available)
    percentage = left * 100 // total if total else 100
    health = "healthy" if percentage > 20 else "warning" if percentage > 0 else "critical"  # noqa: PLR2004  percent
    return {"available": left, "total": total, "percentage": percentage, "health": health, **further}


class UnknownPath(ReanaView):
    """The response for all other paths."""

    is_open = True

    def get(self, _request: Request, **_: object) -> Response:
        """Return 404."""
        return routing("The requested URL was not found on the server.", 404)

    post = put = delete = get
