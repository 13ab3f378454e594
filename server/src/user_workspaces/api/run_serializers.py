"""Request bodies for runs."""

from rest_framework import serializers

from user_workspaces.api.serializers import ObjectSerializer


class NewRunSerializer(ObjectSerializer):
    """A new run; every key is optional."""

    name = serializers.CharField(required=False)
    path = serializers.CharField(required=False, help_text="Path of the specification; `reana.yaml` if omitted.")
    parameters = serializers.DictField(required=False)
    options = serializers.DictField(required=False)
    resource_options = serializers.DictField(required=False)


class RunOutputsSerializer(ObjectSerializer):
    """Where to copy the outputs of a run."""

    folder = serializers.CharField(required=False, help_text="A new folder; the name of the run if omitted.")
