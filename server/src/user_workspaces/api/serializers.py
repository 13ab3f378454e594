"""Request bodies and parts of responses, as the schema describes them.

Lists are built from database columns and never pass through serializers; tests validate every response against them.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers


class ObjectSerializer(serializers.Serializer[Any]):
    """A JSON object; a key that is not `required` may be missing."""

    def __init_subclass__(cls) -> None:
        """Name the component of the schema after the class, without `Serializer`."""
        extend_schema_serializer(component_name=cls.__name__.removesuffix("Serializer"))(cls)


class FileSerializer(ObjectSerializer):
    """A file by name."""

    name = serializers.CharField()


class SymlinkSerializer(ObjectSerializer):
    """A symbolic link to a dataset."""

    name = serializers.CharField()
    path = serializers.CharField(required=False, help_text="The requested target of the link.")
    dataset_uuid = serializers.CharField(required=False, help_text="The requested dataset, by its ID.")


class ContentSerializer(ObjectSerializer):
    """Files and symbolic links."""

    files = FileSerializer(many=True)
    symlinks = SymlinkSerializer(many=True)


class NewFileSerializer(ObjectSerializer):
    """A file to write."""

    name = serializers.CharField()
    content = serializers.CharField(required=False, allow_blank=True, allow_null=True)


class NewSymlinkSerializer(ObjectSerializer):
    """A symbolic link to create; older clients call the path `source_path`."""

    name = serializers.CharField()
    path = serializers.CharField(required=False)
    source_path = serializers.CharField(required=False)
    dataset_uuid = serializers.CharField(
        required=False, max_length=200, help_text="Instead of a path: stored with the request, without a link."
    )


class NewContentSerializer(ObjectSerializer):
    """Files and links to create in a workspace."""

    files = NewFileSerializer(many=True, required=False, allow_null=True)
    symlinks = NewSymlinkSerializer(many=True, required=False, allow_null=True)
    globus_groups_token = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, help_text="Sent by older clients; it is not stored."
    )


class WorkspaceUpdateSerializer(ObjectSerializer):
    """Changes of a workspace; omitted keys keep their values."""

    name = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=255)
    description = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=10_000)
    default_job_type = serializers.CharField(required=False, allow_blank=True, allow_null=True)
    workspace_details = NewContentSerializer(required=False, allow_null=True)


class NewWorkspaceSerializer(WorkspaceUpdateSerializer):
    """A new workspace."""

    name = serializers.CharField(max_length=255)
    description = serializers.CharField(allow_blank=True, max_length=10_000)


class CredentialsSerializer(ObjectSerializer):
    """Credentials of the configured authentication: those of a data portal, or of an identity provider."""

    client_token = serializers.CharField(required=False)
    user_info = serializers.DictField(required=False, help_text="`username`, `email`, `first_name`, `last_name`.")
    auth_token = serializers.CharField(required=False)
    redirect_url = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    state = serializers.CharField(required=False)
    name = serializers.CharField(required=False, allow_null=True, help_text="The name of the new token.")
    scopes = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    expires_in_days = serializers.IntegerField(required=False, allow_null=True)


class QuotaUsageSerializer(ObjectSerializer):
    """A quota and its usage."""

    limit = serializers.IntegerField(allow_null=True, help_text="`null` means unlimited.")
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Reserved by running jobs and by writes in progress.")
    left = serializers.IntegerField(allow_null=True)
    frees_at = serializers.DateTimeField(
        allow_null=True, help_text="When a part of the quota becomes available again by itself."
    )


class CoreHoursUsageSerializer(ObjectSerializer):
    """The quota of core hours and its usage."""

    limit = serializers.CharField(allow_null=True, help_text="`null` means unlimited.")
    used = serializers.CharField()
    reserved = serializers.CharField()
    left = serializers.CharField(allow_null=True)
    frees_at = serializers.DateTimeField(allow_null=True)
    period_days = serializers.IntegerField()


class QuotasSerializer(ObjectSerializer):
    """All quotas of a user."""

    disk = QuotaUsageSerializer(help_text="Bytes.")
    core_hours = CoreHoursUsageSerializer()
    running_sessions = QuotaUsageSerializer(help_text="Number of jobs at once.")


class JobTypeSerializer(ObjectSerializer):
    """A job type that can be launched."""

    id = serializers.CharField()
    name = serializers.CharField()


class HealthSerializer(ObjectSerializer):
    """The health of a dependency."""

    connected = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)


class DependenciesSerializer(ObjectSerializer):
    """The health of each dependency; each is also listed as `<kind>.<id>`, for example `storage.main`."""

    main_resource = HealthSerializer()
    api_user_authentication = HealthSerializer()
    resources = serializers.DictField(child=HealthSerializer(), help_text="By ID.")
    storage_methods = serializers.DictField(child=HealthSerializer(), help_text="By ID.")
    user_authentication_methods = serializers.DictField(child=HealthSerializer(), help_text="By ID.")
    job_types = serializers.DictField(child=HealthSerializer(), help_text="By ID.")
    database = HealthSerializer()
    data_folder = HealthSerializer()
    controller = HealthSerializer()


class ConnectionsSerializer(ObjectSerializer):
    """Connections of browsers and programs to this web process."""

    open = serializers.IntegerField()
    limit = serializers.IntegerField()
    evicted = serializers.IntegerField(help_text="Idle connections that were closed because there were too many.")
    refused = serializers.IntegerField(help_text="New connections that were refused because there were too many.")


class ParameterBoundsSerializer(ObjectSerializer):
    """The bounds of a parameter."""

    type = serializers.ChoiceField(choices=["int", "float", "str", "bool"])
    min = serializers.FloatField(required=False, allow_null=True)
    max = serializers.FloatField(required=False, allow_null=True)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # a key, not the field's own trait


class ParameterSerializer(ObjectSerializer):
    """A parameter of a launch."""

    display_name = serializers.CharField()
    description = serializers.CharField(required=False, allow_blank=True)
    variable_name = serializers.CharField()
    default_value = serializers.JSONField(required=False, allow_null=True, help_text="Of the parameter's type.")
    validation = ParameterBoundsSerializer()
    aliases = serializers.ListField(child=serializers.CharField(), required=False)
