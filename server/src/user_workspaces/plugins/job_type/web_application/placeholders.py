"""The words in braces that an application's entry may hold, and what is put in their place."""

import re
from collections.abc import Iterable, Mapping

PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|\{([a-z_]+)\}")
"""`{file}`; doubled braces stand for themselves. Other braces, as JSON has them, are left alone."""
OF_FILES = frozenset({"file", "module"})
OF_BASE = frozenset({"base", "base_rel"})
OF_PAGES = OF_FILES | OF_BASE
"""What the address of a page may hold."""
ALL = OF_PAGES | {"socket", "port", "host", "origin", "workspace", "state", "env", "python"}


def named_in(text: str) -> list[str]:
    """Return the placeholders of a text, in their order."""
    return [match[2] for match in PLACEHOLDER.finditer(text) if match[2]]


def mistake_in(text: str, allowed: Iterable[str]) -> str:
    """Return which placeholder is not allowed; empty: all are."""
    known = sorted(allowed)
    wrong = next((name for name in named_in(text) if name not in known), "")
    return f"{{{wrong}}} is none of {', '.join(f'{{{name}}}' for name in known)}" if wrong else ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the values in it; what a value holds is not looked at again."""
    return PLACEHOLDER.sub(lambda match: f"{{{match[1]}}}" if match[1] else values[match[2]], text)
