"""Findings about a document, before their positions in its text are known."""

from dataclasses import dataclass

from .problems import DocumentPath, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A message about one path; with `at_key` it concerns the key of a mapping instead of its value."""

    path: DocumentPath
    message: str
    severity: Severity = Severity.ERROR
    at_key: bool = False

    @property
    def is_of_value(self) -> bool:
        """True if the value at the path is invalid, so that nothing below it needs another check."""
        return self.severity is Severity.ERROR and not self.at_key


def warning(path: DocumentPath, message: str, *, at_key: bool = False) -> Finding:
    """Return a finding that does not keep the workflow from running."""
    return Finding(path, message, Severity.WARNING, at_key)
