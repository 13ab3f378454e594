"""`/api/secrets`: secrets for steps. Their values cannot be read again."""

from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import InvalidRequest
from user_workspaces.reana_api.view import ReanaView, flag, json_in, object_in
from user_workspaces.workflows.queries import secrets_of
from user_workspaces.workflows.secrets import NewSecret, add_secrets, delete_secrets


class UserSecrets(ReanaView):
    """The names and types of the caller's secrets."""

    scope = Scope.SESSIONS
    is_of_workflows = False

    def get(self, _request: Request) -> Response:
        """List names and types."""
        return Response(
            # Only these columns: a list needs no encrypted value in memory.
            [{"name": one.name, "type": one.kind} for one in secrets_of(self.current_user).only("name", "kind")]
        )

    def post(self, request: Request) -> Response:
        """Add secrets, all or none."""
        new = [NewSecret.read(name, sent) for name, sent in object_in(request).items()]
        if not new:
            raise InvalidRequest("No secrets were sent.")
        if not add_secrets(owner=self.current_user, new=new, overwrite=flag(request, "overwrite")):
            return Response({"message": "The submitted secrets already exist in the server."}, status=409)
        return Response({"message": "Secret(s) successfully added."}, status=201)

    def delete(self, request: Request) -> Response:
        """Delete secrets, all or none."""
        names = json_in(request)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidRequest("The body must be a list of names of secrets.")
        missing = delete_secrets(owner=self.current_user, names=names)
        return Response(missing, status=404) if missing else Response(names)
