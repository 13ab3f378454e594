"""The path of the tickets, with its slash and without. The WebSockets themselves are no paths of Django's."""

from django.urls import path
from rest_framework.views import APIView

from user_workspaces.live.views import LiveTickets

ROUTES: tuple[tuple[str, type[APIView]], ...] = (("live_tickets", LiveTickets),)

urlpatterns = [path(spelling, view.as_view()) for route, view in ROUTES for spelling in (route, f"{route}/")]
