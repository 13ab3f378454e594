"""The request body of a preparation."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer
from user_workspaces.environments.discovery import NAMES


class NewPreparationSerializer(ObjectSerializer):
    """The file that an environment is prepared from."""

    file = serializers.ChoiceField(choices=NAMES, help_text="The file name, at the top of the workspace.")
