"""`/users/`: users to share workspaces with."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import search_users
from user_workspaces.accounts.scopes import Scope
from user_workspaces.accounts.user_search import email_shown, note_found
from user_workspaces.api import objects
from user_workspaces.api.objects import UserSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import page

LONGEST_SEARCH = 500
COLUMNS = ("id", "username", "first_name", "last_name", "email")
SEARCH_HELP = (
    "Each word matches a part of the name or of the e-mail address. The setting `user_search` can limit the search to "
    "users of the same groups, or to an exact user name or e-mail address."
)
NONE_FOUND = "Users matching given parameters could not be found."


class Users(APIView):
    """The users of this server."""

    scope = Scope.READ

    @describe(
        data=page_of("users", UserSerializer),
        query=(text("search", SEARCH_HELP), LIMIT, OFFSET),
    )
    def get(self, request: Request) -> Response:
        """Search for users; the caller and services are never listed."""
        search = request.query_params.get("search", "").replace("\0", "")[:LONGEST_SEARCH]
        user = caller(request)

        def describe_users(rows: QuerySet[User]) -> list[objects.User]:
            # Only these columns are read: nothing else of a foreign account reaches the response.
            found = list(rows.values(*COLUMNS))
            note_found((one["id"] for one in found), by=user, now=timezone.now())
            return [
                {
                    "id": one["id"],
                    "username": one["username"],
                    "first_name": one["first_name"],
                    "last_name": one["last_name"],
                    "email": email_shown(one["email"], to=user, typed=search),
                }
                for one in found
            ]

        users = search_users(search, excluding=user)
        return page(users, request, key="users", empty=NONE_FOUND, describe=describe_users)
