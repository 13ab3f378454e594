"""Placeholders in an application's configuration, such as `{file}`, and their values."""

import re
from collections.abc import Iterable, Mapping

PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|\{([a-z_]+)\}")
"""`{file}`; doubled braces are escapes. Other braces, such as those of JSON, are left unchanged."""
OF_FILES = frozenset({"file", "module"})
OF_BASE = frozenset({"base", "base_rel"})
OF_PAGES = OF_FILES | OF_BASE
"""Allowed in the addresses of pages."""
ALL = OF_PAGES | {"socket", "port", "host", "origin", "workspace", "state", "env", "python"}


def named_in(text: str) -> list[str]:
    """Return the placeholders of a text, in their order."""
    return [match[2] for match in PLACEHOLDER.finditer(text) if match[2]]


def mistake_in(text: str, allowed: Iterable[str]) -> str:
    """Return a message about the first placeholder that is not allowed; empty if all are."""
    known = sorted(allowed)
    wrong = next((name for name in named_in(text) if name not in known), "")
    return f"{{{wrong}}} is not one of {', '.join(f'{{{name}}}' for name in known)}" if wrong else ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with all placeholders replaced; values are not scanned again."""
    return PLACEHOLDER.sub(lambda match: f"{{{match[1]}}}" if match[1] else values[match[2]], text)
