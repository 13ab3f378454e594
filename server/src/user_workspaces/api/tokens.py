"""`/tokens/`: credentials in, an API token out."""

from django.utils import timezone
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.actions import mint_token, sign_in
from user_workspaces.api.envelope import answer, body_of
from user_workspaces.api.openapi import describe
from user_workspaces.api.shapes import CredentialsShape


class Tokens(APIView):
    """Anybody may try; what credentials are good is for the configured authentication to say."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @describe(
        body=CredentialsShape,
        beside={
            "token": serializers.CharField(required=False),
            "auth_uri": serializers.CharField(required=False),
            "state": serializers.CharField(required=False),
        },
        refusals=(401, 403),
    )
    def post(self, request: Request) -> Response:
        """Exchange credentials for a token, which is shown this once."""
        user = sign_in(credentials=body_of(request))
        token = mint_token(user=user, name="API sign-in", now=timezone.now())
        return answer("Successful authentication.", token=token)
