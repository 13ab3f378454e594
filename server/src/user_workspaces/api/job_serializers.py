"""The request body of a launch, and the parts of a job that the job type fills."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer


class LaunchSerializer(ObjectSerializer):
    """A launch of a job."""

    job_type = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="The workspace's default if omitted."
    )
    job_details = serializers.DictField(required=False, allow_null=True, help_text="The parameters of the job type.")
    resource_options = serializers.DictField(
        required=False, allow_null=True, help_text="The configured parameters by name or alias."
    )
    resource = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="The main resource if omitted."
    )


class JobRequestSerializer(ObjectSerializer):
    """The `job_details` of the launch, with the resource options beside their keys."""

    resource_options = serializers.DictField()


class ConnectionSerializer(ObjectSerializer):
    """Where to open the session: `url_domain + url_path`, without further credentials, for five minutes."""

    url_path = serializers.CharField()
    url_domain = serializers.CharField()


class ProxySerializer(ObjectSerializer):
    """Where the proxy serves the session."""

    hostname = serializers.CharField()
    port = serializers.IntegerField()
    path = serializers.CharField()


class CurrentJobDetailsSerializer(ObjectSerializer):
    """The current state of a job."""

    message = serializers.CharField(allow_blank=True, help_text="A message for users.")
    time_left = serializers.IntegerField(required=False, help_text="Seconds until the time limit ends the job.")
    connection_details = ConnectionSerializer(required=False)
    proxy_details = ProxySerializer(required=False)
