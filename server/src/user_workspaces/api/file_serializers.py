"""Files and shares, as the description of the API shows them."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer, PersonSerializer, WorkspaceDetailsSerializer
from user_workspaces.interfaces.values import EntryKind


class EntrySerializer(ObjectSerializer):
    """A file, a folder or a link."""

    name = serializers.CharField()
    path = serializers.CharField(help_text="Relative to the workspace.")
    type = serializers.ChoiceField(choices=[kind.value for kind in EntryKind])
    size = serializers.IntegerField(help_text="Bytes.")
    modified = serializers.DateTimeField()
    etag = serializers.CharField()


class FileActionSerializer(ObjectSerializer):
    """What is done without sending a file."""

    action = serializers.ChoiceField(choices=["move", "make_directory"])
    path = serializers.CharField()
    new_path = serializers.CharField(required=False, help_text="Of `move`: where to.")
    overwrite = serializers.BooleanField(required=False, help_text="Of `move`: whether a file there is replaced.")


class SharedSideSerializer(ObjectSerializer):
    """A workspace as one of the two people of a share may see it."""

    id = serializers.IntegerField()
    user_id = PersonSerializer()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    workspace_details = WorkspaceDetailsSerializer()


class CopySerializer(ObjectSerializer):
    """How far the copy is."""

    state = serializers.ChoiceField(choices=["waiting", "copying", "ready", "failed"])
    percent = serializers.IntegerField(allow_null=True)
    message = serializers.CharField(allow_blank=True)
    disk_space = serializers.IntegerField(help_text="Bytes; of the original, as long as the copy is not made.")


class ShareSerializer(ObjectSerializer):
    """A workspace that was offered to somebody; its number is that of the copy."""

    original_workspace_id = SharedSideSerializer(allow_null=True)
    shared_workspace_id = SharedSideSerializer()
    last_resource_options = serializers.DictField()
    last_job_type = serializers.CharField(allow_blank=True, allow_null=True)
    is_accepted = serializers.BooleanField()
    datetime_share_created = serializers.DateTimeField()
    copy_details = CopySerializer()


class OfferSerializer(ObjectSerializer):
    """To whom a workspace is offered."""

    original_workspace_id = serializers.IntegerField()
    shared_user_ids = serializers.ListField(child=serializers.IntegerField())
