"""Applications that the pages offer to launch: job types with a web interface, and others that the operator adds."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from user_workspaces import registry
from user_workspaces.interfaces.job_type import JobType
from user_workspaces.interfaces.settings import JobTypeSettings

EVERY_FILE = "*"


@dataclass(frozen=True, slots=True)
class Application:
    """A job type that the pages offer."""

    job_type: str
    name: str
    icon: str
    description: str
    opens: tuple[str, ...]
    """Patterns of file names, case-insensitive."""
    asks_file: bool

    def opens_file(self, path: str) -> bool:
        """Return True if the application opens a file of this name."""
        return any(_matches(path, pattern) for pattern in self.opens)

    def is_made_for(self, path: str) -> bool:
        """Return True if a pattern other than `*` matches the file name."""
        return any(_matches(path, pattern) for pattern in self.opens if pattern != EVERY_FILE)

    def question(self, name: str) -> str:
        """Return the title of the launch dialog for a file."""
        return f"Run {name} with {self.name}" if self.asks_file else f"Open {name} in {self.name}"

    @property
    def action(self) -> str:
        """Text of a link that opens a file in the application."""
        return f"Run with {self.name}" if self.asks_file else f"Open in {self.name}"


def in_order(offered: Iterable[Application], path: str) -> list[Application]:
    """Return the applications that open a file, those with a specific pattern first."""
    fitting = [one for one in offered if one.opens_file(path)]
    # `sorted` is stable: both groups keep the configured order.
    return sorted(fitting, key=lambda one: not one.is_made_for(path))


def applications(*, also: str = "") -> dict[str, Application]:
    """Return the offered job types by id; `also` adds a default that was set over the API.

    If the site has no application at all, every job type is offered.
    """
    known = registry.site().job_types
    offered = [name for name, one in known.items() if _is_offered(name, one) or name == also] or list(known)
    return {name: application(name, known[name]) for name in offered}


def application(job_type: str, known: JobTypeSettings) -> Application:
    """Describe a configured job type."""
    plugins = registry.current().job_types
    plugin = plugins.get(job_type) if job_type in plugins else None
    opens = known.opens if known.opens is not None else _usual_patterns(plugin)
    return Application(
        job_type=job_type,
        name=known.name,
        icon=known.icon,
        description=known.description,
        opens=opens,
        asks_file=plugin is not None and plugin.asks_file,
    )


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path.rpartition("/")[2].lower(), pattern.lower())


def _usual_patterns(plugin: JobType | None) -> tuple[str, ...]:
    """Return the default patterns of a job type: all files if its sessions can show files, else none."""
    return (EVERY_FILE,) if plugin is not None and plugin.page_of_file("file") is not None else ()


def _is_offered(name: str, known: JobTypeSettings) -> bool:
    if known.offered is not None:
        return known.offered
    plugins = registry.current().job_types
    return name in plugins and plugins.get(name).is_interactive
