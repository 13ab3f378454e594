"""What the pages offer to launch: applications that people open, and other jobs where the operator wants that."""

from user_workspaces import registry
from user_workspaces.interfaces.site import JobTypeSite


def applications(*, also: str = "") -> dict[str, str]:
    """Return the names of the job types that are offered, by id; `also`: the one that somebody chose over the API.

    Without any application all job types are offered.
    """
    site = registry.site()
    offered = {name: one.name for name, one in site.job_types.items() if _is_offered(name, one) or name == also}
    return offered or {name: one.name for name, one in site.job_types.items()}


def _is_offered(name: str, known: JobTypeSite) -> bool:
    if known.offered is not None:
        return known.offered
    plugins = registry.current().job_types
    return name in plugins and plugins.get(name).serves
