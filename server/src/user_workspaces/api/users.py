"""`/users/`: people to share with."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import search_users
from user_workspaces.accounts.scopes import Scope
from user_workspaces.accounts.user_search import email_shown, note_found
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import page
from user_workspaces.api.serializers import PersonSerializer

LONGEST_SEARCH = 500
COLUMNS = ("id", "username", "first_name", "last_name", "email")
WHAT_IS_SEARCHED = (
    "Each word is a part of the name or of the e-mail address. By the configuration (`user_search`), only people of "
    "the same groups are found, or only the very user name or e-mail address."
)
NONE_FOUND = "Users matching given parameters could not be found."


class Users(APIView):
    """The people of this server."""

    scope = Scope.READ

    @describe(
        data=page_of("users", PersonSerializer),
        query=(text("search", WHAT_IS_SEARCHED), LIMIT, OFFSET),
    )
    def get(self, request: Request) -> Response:
        """Search them; never oneself, never a service."""
        search = request.query_params.get("search", "").replace("\0", "")[:LONGEST_SEARCH]
        user = caller(request)

        def shape(rows: QuerySet[User]) -> list[dict[str, object]]:
            found = list(rows.values(*COLUMNS))
            note_found((one["id"] for one in found), by=user, now=timezone.now())
            return [{**one, "email": email_shown(one["email"], to=user, typed=search)} for one in found]

        users = search_users(search, excluding=user)
        return page(users, request, key="users", empty=NONE_FOUND, shape=shape)
