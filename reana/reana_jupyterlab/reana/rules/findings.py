"""What is wrong with a document, before it is known where in a text that is."""

from dataclasses import dataclass

from .problems import Path, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason and its path; `at_key` points at the key of a mapping instead of its value."""

    path: Path
    message: str
    severity: Severity = Severity.ERROR
    at_key: bool = False

    @property
    def is_of_value(self) -> bool:
        """Whether the value at the path cannot be what it is."""
        return self.severity is Severity.ERROR and not self.at_key


def warning(path: Path, message: str, *, at_key: bool = False) -> Finding:
    """Return what a person should know, and what does not keep the workflow from running."""
    return Finding(path, message, Severity.WARNING, at_key)
