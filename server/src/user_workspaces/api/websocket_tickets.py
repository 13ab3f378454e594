"""`/live_tickets/`: a token in, a one-time ticket for a browser's WebSocket out."""

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
    """A browser cannot send a header with a WebSocket, and an address that holds a token would end up in logs."""

    scope = Scope.READ

    @describe(data={"ticket": serializers.CharField(), "expires_in": serializers.IntegerField(help_text="Seconds.")})
    def post(self, request: Request) -> Response:
        """Make a ticket for the caller: good once, and for half a minute."""
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated
        ticket = create_ticket(token=request.auth, now=timezone.now())
        made = success(data={"ticket": ticket, "expires_in": int(LIFETIME.total_seconds())})
        made.headers["Cache-Control"] = "no-store"
        return made
