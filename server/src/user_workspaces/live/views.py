"""`/live_tickets/`: a token in, a one-time ticket for a browser's WebSocket out."""

from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import ApiToken
from user_workspaces.live.tickets import LIFETIME, create_ticket


class LiveTickets(APIView):
    """A browser cannot send a header with a WebSocket, and an address that holds a token would end up in logs."""

    def post(self, request: Request) -> Response:
        """Make a ticket for the caller."""
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated
        ticket = create_ticket(token=request.auth, now=timezone.now())
        data = {"ticket": ticket, "expires_in": int(LIFETIME.total_seconds())}
        return Response({"success": True, "message": "", "data": data}, headers={"Cache-Control": "no-store"})
