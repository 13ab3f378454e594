"""The objects that clients know, as the description of the API shows them.

Lists are made from columns and never pass through these; tests hold every answer against them.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from user_workspaces.accounts.scopes import Scope
from user_workspaces.workspaces.models import WorkspaceStatus

WORKSPACE_STATUSES = WorkspaceStatus.values


class ObjectSerializer(serializers.Serializer[Any]):
    """An object; a key that is not `required` may be missing."""

    def __init_subclass__(cls) -> None:
        """Show it under its plain name."""
        extend_schema_serializer(component_name=cls.__name__.removesuffix("Serializer"))(cls)


class FileSerializer(ObjectSerializer):
    """A file by name."""

    name = serializers.CharField()


class LinkSerializer(ObjectSerializer):
    """A link to a dataset."""

    name = serializers.CharField()
    path = serializers.CharField(required=False, help_text="Where it was asked to lead.")
    dataset_uuid = serializers.CharField(required=False, help_text="The dataset that was asked for by its id.")


class ContentSerializer(ObjectSerializer):
    """Files and links."""

    files = FileSerializer(many=True)
    symlinks = LinkSerializer(many=True)


class WorkspaceDetailsSerializer(ObjectSerializer):
    """What was asked for, and what was there at the last measuring."""

    request_workspace_details = ContentSerializer()
    current_workspace_details = ContentSerializer(
        help_text="At most 10,000 names of each kind; each begins with a slash."
    )


class WorkspaceSerializer(ObjectSerializer):
    """A workspace."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    disk_space = serializers.IntegerField(help_text="Bytes.")
    datetime_created = serializers.DateTimeField()
    datetime_last_modified = serializers.DateTimeField()
    datetime_last_job_launch = serializers.DateTimeField(allow_null=True)
    workspace_details = WorkspaceDetailsSerializer()
    status = serializers.ChoiceField(choices=WORKSPACE_STATUSES)
    default_job_type = serializers.CharField(allow_null=True, help_text="Null: none.")


class NewFileSerializer(ObjectSerializer):
    """A file to be written."""

    name = serializers.CharField()
    content = serializers.CharField(required=False, allow_blank=True, allow_null=True)


class NewLinkSerializer(ObjectSerializer):
    """A link to be made; older clients call the path `source_path`."""

    name = serializers.CharField()
    path = serializers.CharField(required=False)
    source_path = serializers.CharField(required=False)
    dataset_uuid = serializers.CharField(
        required=False, max_length=200, help_text="Instead of a path: kept with the request, and no link is made."
    )


class NewContentSerializer(ObjectSerializer):
    """What a workspace shall hold."""

    files = NewFileSerializer(many=True, required=False, allow_null=True)
    symlinks = NewLinkSerializer(many=True, required=False, allow_null=True)
    globus_groups_token = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, help_text="Older clients send it; it is not stored."
    )


class ChangesSerializer(ObjectSerializer):
    """What a workspace may be told to become; what is not given stays."""

    name = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=255)
    description = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=10_000)
    default_job_type = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    workspace_details = NewContentSerializer(required=False, allow_null=True)


class NewWorkspaceSerializer(ChangesSerializer):
    """A new workspace."""

    name = serializers.CharField(max_length=255)
    description = serializers.CharField(allow_blank=True, max_length=10_000)


class PersonSerializer(ObjectSerializer):
    """A person."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)


class CredentialsSerializer(ObjectSerializer):
    """What the configured authentication takes: a portal vouches, or a provider does."""

    client_token = serializers.CharField(required=False)
    user_info = serializers.DictField(required=False, help_text="`username`, `email`, `first_name`, `last_name`.")
    auth_token = serializers.CharField(required=False)
    redirect_url = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    state = serializers.CharField(required=False)
    name = serializers.CharField(required=False, allow_null=True, help_text="Of the token that is made.")
    scopes = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    expires_in_days = serializers.IntegerField(required=False, allow_null=True)


class TokenSerializer(ObjectSerializer):
    """A token, without its text."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="What the text begins with.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=[scope.value for scope in Scope]))
    is_current = serializers.BooleanField(help_text="Whether this request came with it.")
    datetime_created = serializers.DateTimeField()
    datetime_last_used = serializers.DateTimeField(allow_null=True)
    datetime_expires = serializers.DateTimeField()


class BytesSerializer(ObjectSerializer):
    """A limit of bytes, and how much of it is used."""

    limit = serializers.IntegerField(allow_null=True, help_text="Null: none.")
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Held by what runs or is being written.")
    left = serializers.IntegerField(allow_null=True)
    frees_at = serializers.DateTimeField(allow_null=True, help_text="When some of it comes back by itself.")


class HoursSerializer(ObjectSerializer):
    """A limit of core hours, and how much of it is used."""

    limit = serializers.CharField(allow_null=True, help_text="Null: none.")
    used = serializers.CharField()
    reserved = serializers.CharField()
    left = serializers.CharField(allow_null=True)
    frees_at = serializers.DateTimeField(allow_null=True)
    period_days = serializers.IntegerField()


class QuotasSerializer(ObjectSerializer):
    """All limits of a person."""

    disk = BytesSerializer()
    core_hours = HoursSerializer()
    running_sessions = BytesSerializer(help_text="Jobs at once.")


class JobTypeSerializer(ObjectSerializer):
    """Job types that can be launched."""

    id = serializers.CharField()
    name = serializers.CharField()


class HealthSerializer(ObjectSerializer):
    """How a dependency is doing."""

    connected = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)


class DependenciesSerializer(ObjectSerializer):
    """What the server depends on; each also under `<kind>.<id>`, as `storage.main`."""

    main_resource = HealthSerializer()
    api_user_authentication = HealthSerializer()
    resources = serializers.DictField(child=HealthSerializer(), help_text="By id.")
    storage_methods = serializers.DictField(child=HealthSerializer(), help_text="By id.")
    user_authentication_methods = serializers.DictField(child=HealthSerializer(), help_text="By id.")
    job_types = serializers.DictField(child=HealthSerializer(), help_text="By id.")
    database = HealthSerializer()
    data_folder = HealthSerializer()
    controller = HealthSerializer()


class ConnectionsSerializer(ObjectSerializer):
    """Connections of browsers and programs to this web process."""

    open = serializers.IntegerField()
    limit = serializers.IntegerField()
    evicted = serializers.IntegerField(help_text="Idle ones that were closed because there were too many.")
    refused = serializers.IntegerField(help_text="New ones for which there was no place.")


class BoundsSerializer(ObjectSerializer):
    """The bounds of a parameter."""

    type = serializers.ChoiceField(choices=["int", "float", "str", "bool"])
    min = serializers.FloatField(required=False, allow_null=True)
    max = serializers.FloatField(required=False, allow_null=True)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # a key, not the field's own trait


class ParameterSerializer(ObjectSerializer):
    """Parameters of a launch."""

    display_name = serializers.CharField()
    description = serializers.CharField(required=False, allow_blank=True)
    variable_name = serializers.CharField()
    default_value = serializers.JSONField(required=False, allow_null=True, help_text="Of the parameter's own type.")
    validation = BoundsSerializer()
    aliases = serializers.ListField(child=serializers.CharField(), required=False)
