"""The shapes of runs, as the API's description has them."""

from rest_framework import serializers

from user_workspaces.workflows.status import RunStatus


class RunSerializer(serializers.Serializer[object]):
    """A run of a workflow."""

    id = serializers.UUIDField()
    name = serializers.CharField(help_text="With its number, as `fit.1`.")
    status = serializers.ChoiceField(choices=[status.value for status in RunStatus])
    message = serializers.CharField(allow_blank=True)
    workspace_id = serializers.IntegerField(help_text="Where it works: not the workspace that it was started from.")
    resource = serializers.CharField()
    datetime_created = serializers.DateTimeField()
    datetime_start = serializers.DateTimeField(allow_null=True)
    datetime_end = serializers.DateTimeField(allow_null=True)


class NewRunSerializer(serializers.Serializer[object]):
    """What a new run is asked for with; all of it may be left out."""

    name = serializers.CharField(required=False)
    path = serializers.CharField(required=False, help_text="Of the specification; without it `reana.yaml`.")
    parameters = serializers.DictField(required=False)
    options = serializers.DictField(required=False)
    resource_options = serializers.DictField(required=False)


class OutputsSerializer(serializers.Serializer[object]):
    """Where results go."""

    folder = serializers.CharField(required=False, help_text="A new one; without it the name of the run.")
