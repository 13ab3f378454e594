"""`/live_tickets/`: one-time tickets for WebSockets."""

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import ApiToken
from user_workspaces.accounts.scopes import Scope
from user_workspaces.accounts.websocket_tickets import LIFETIME, create_ticket
from user_workspaces.api.openapi import describe
from user_workspaces.api.responses import success


class LiveTickets(APIView):
    """Tickets for browsers, which cannot send a token in a header; a token in the URL would end up in logs."""

    scope = Scope.READ

    @describe(data={"ticket": serializers.CharField(), "expires_in": serializers.IntegerField(help_text="Seconds.")})
    def post(self, request: Request) -> Response:
        """Create a ticket for the caller; it can be used once, within half a minute."""
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated
        ticket = create_ticket(token=request.auth, now=timezone.now())
        made = success(data={"ticket": ticket, "expires_in": int(LIFETIME.total_seconds())})
        # The ticket is a credential, which no cache may keep.
        made.headers["Cache-Control"] = "no-store"
        return made
