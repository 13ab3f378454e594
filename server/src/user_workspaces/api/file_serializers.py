"""Request bodies for files and shares."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer


class FileActionSerializer(ObjectSerializer):
    """An action without an upload."""

    action = serializers.ChoiceField(choices=["move", "make_directory"])
    path = serializers.CharField()
    new_path = serializers.CharField(required=False, help_text="Destination path (`move` only).")
    overwrite = serializers.BooleanField(required=False, help_text="Replace an existing file (`move` only).")


class NewShareSerializer(ObjectSerializer):
    """A workspace and the users that it is offered to."""

    original_workspace_id = serializers.IntegerField()
    shared_user_ids = serializers.ListField(child=serializers.IntegerField())
