"""The environment of a workspace, as the API's description has it."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer
from user_workspaces.environments.discovery import NAMES
from user_workspaces.environments.models import PreparationStatus
from user_workspaces.environments.packages import Origin

NO_PREPARATION = "none"


class BaseSerializer(ObjectSerializer):
    """The site's own environment, which is below all packages of a workspace."""

    name = serializers.CharField(allow_blank=True, help_text="Empty: this site has none.")
    python = serializers.CharField(allow_blank=True, help_text="As `3.11`; empty where modules bring Python.")
    modules = serializers.ListField(child=serializers.CharField())


class PackageSerializer(ObjectSerializer):
    """A package that jobs in the workspace find."""

    name = serializers.CharField()
    version = serializers.CharField()
    origin = serializers.ChoiceField(
        choices=[origin.value for origin in Origin],
        help_text="`site`: of the base; `prepared`: from a file of the workspace; `installed`: by the user.",
    )
    size = serializers.IntegerField(allow_null=True, help_text="Bytes; null where it is not known.")


class PreparationSerializer(ObjectSerializer):
    """The preparation that was asked for last."""

    status = serializers.ChoiceField(choices=[NO_PREPARATION, *PreparationStatus.values])
    file = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_blank=True)
    file_has_changed = serializers.BooleanField(help_text="Whether the file has changed since it was prepared.")
    is_outdated = serializers.BooleanField(
        help_text="Whether launches ignore it because the site's Python has changed since."
    )
    requirements = serializers.IntegerField(help_text="How many the file names.")
    log = serializers.CharField(allow_blank=True, help_text="The last lines of the installer.")
    job_id = serializers.IntegerField(allow_null=True, help_text="Of the job that makes it, for conda and R.")
    datetime_requested = serializers.DateTimeField(allow_null=True)
    datetime_ended = serializers.DateTimeField(allow_null=True)


class EnvironmentSerializer(ObjectSerializer):
    """The environment of a workspace."""

    base = BaseSerializer()
    packages = PackageSerializer(many=True)
    specification_files = serializers.ListField(child=serializers.ChoiceField(choices=NAMES))
    preparation = PreparationSerializer()
    overlay_size = serializers.IntegerField(help_text="Bytes of what the user installed.")


class PrepareSerializer(ObjectSerializer):
    """What an environment is prepared from."""

    file = serializers.ChoiceField(choices=NAMES, help_text="At the top of the workspace.")
