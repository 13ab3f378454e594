"""The client address of a request, for rate limits."""

from django.http import HttpRequest

from user_workspaces import registry
from user_workspaces.accounts import rate_limit


def client_address_of(request: HttpRequest) -> str:
    """Return the network of the client, as reported by trusted proxies; see `rate_limit.client_network`."""
    return rate_limit.client_network(
        peer=str(request.META.get("REMOTE_ADDR", "")),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        trusted_proxies=registry.site().trusted_proxies,
    )
