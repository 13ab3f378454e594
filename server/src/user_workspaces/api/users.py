"""`/users/`: people to share with."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.queries import people_matching
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import answer

NONE_FOUND = "Users matching given parameters could not be found."


class Users(APIView):
    """The people of this server."""

    def get(self, request: Request) -> Response:
        """Search them; never oneself, never a service."""
        search = request.query_params.get("search", "").replace("\0", "")
        people = [
            {
                "id": person.pk,
                "username": person.username,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
            }
            for person in people_matching(search, excluding=caller(request))
        ]
        return answer("" if people else NONE_FOUND, data={"users": people})
