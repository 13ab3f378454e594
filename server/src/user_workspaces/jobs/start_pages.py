"""The page at which a session is opened."""

from collections.abc import Mapping

from user_workspaces import registry
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.resource_options import job_parameters
from user_workspaces.jobs.session_urls import base_path


def start_page(job_type: str, *, requested: Mapping[str, object], resource: str, job_id: int) -> str:
    """Return the start page relative to the session's base path; empty if the job type is no longer configured."""
    types = registry.current().job_types
    if job_type not in types:
        return ""
    plugin = types.get(job_type)
    try:
        parameters = job_parameters(plugin.Parameters, requested)
    except InvalidRequest:  # an earlier release accepted parameters that this one does not
        return ""
    return plugin.start_page(parameters, base_path(resource=resource, job_id=job_id))
