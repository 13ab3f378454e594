"""`/users/`: people to share with."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.queries import people_matching
from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import page
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.shapes import PersonShape

LONGEST_SEARCH = 500
COLUMNS = ("id", "username", "first_name", "last_name", "email")
NONE_FOUND = "Users matching given parameters could not be found."


class Users(APIView):
    """The people of this server."""

    scope = Scope.READ

    @describe(
        data=page_of("users", PersonShape),
        query=(text("search", "Each word is a part of the name or of the e-mail address."), LIMIT, OFFSET),
    )
    def get(self, request: Request) -> Response:
        """Search them; never oneself, never a service."""
        search = request.query_params.get("search", "").replace("\0", "")[:LONGEST_SEARCH]
        people = people_matching(search, excluding=caller(request))
        return page(people, request, key="users", empty=NONE_FOUND, shape=lambda rows: list(rows.values(*COLUMNS)))
