"""Jobs, as the description of the API shows them."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer
from user_workspaces.jobs.status import JobStatus

JOB_STATUSES = [status.value for status in JobStatus]


class LaunchSerializer(ObjectSerializer):
    """A launch."""

    job_type = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="Without it: the default of the workspace."
    )
    job_details = serializers.DictField(required=False, allow_null=True, help_text="What the job type takes.")
    resource_options = serializers.DictField(
        required=False, allow_null=True, help_text="The configured parameters by name or alias."
    )
    resource = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="Without it: the main resource."
    )


class MetricsSerializer(ObjectSerializer):
    """Seconds, once they are known."""

    time_pending = serializers.FloatField(required=False, help_text="From the launch to the start.")
    time_init = serializers.FloatField(required=False, help_text="From the start until the session answered.")


class RequestSerializer(ObjectSerializer):
    """What the launch sent as `job_details`, with the resource options beside its keys."""

    resource_options = serializers.DictField()


class ConnectionSerializer(ObjectSerializer):
    """`url_domain + url_path` opens the session, with nothing else needed; ask again after five minutes."""

    url_path = serializers.CharField()
    url_domain = serializers.CharField()


class ProxySerializer(ObjectSerializer):
    """Below which path the proxy serves it."""

    hostname = serializers.CharField()
    port = serializers.IntegerField()
    path = serializers.CharField()


class CurrentSerializer(ObjectSerializer):
    """What is going on."""

    message = serializers.CharField(allow_blank=True, help_text="For people.")
    time_left = serializers.IntegerField(required=False, help_text="Seconds until the time limit ends it.")
    connection_details = ConnectionSerializer(required=False)
    proxy_details = ProxySerializer(required=False)


class JobDetailsSerializer(ObjectSerializer):
    """More on a job."""

    metrics = MetricsSerializer()
    request_job_details = RequestSerializer()
    current_job_details = CurrentSerializer()


class JobSerializer(ObjectSerializer):
    """A job."""

    id = serializers.IntegerField()
    workspace_id = serializers.IntegerField()
    resource_job_id = serializers.IntegerField(help_text="-1 until the resource has accepted it.")
    job_type = serializers.CharField()
    status = serializers.ChoiceField(choices=JOB_STATUSES)
    datetime_created = serializers.DateTimeField()
    datetime_start = serializers.DateTimeField(allow_null=True)
    datetime_end = serializers.DateTimeField(allow_null=True)
    core_hours = serializers.CharField(help_text="A decimal number.")
    job_details = JobDetailsSerializer()
