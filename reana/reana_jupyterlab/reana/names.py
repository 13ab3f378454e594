"""Replaces identifiers of runs by their names in messages for users."""

import re
from collections.abc import Iterable

from .values import Workflow

MAX_NAMES = 10_000

_IDENTIFIER = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class RunNames:
    """Cache of the names of the most recently seen runs."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, runs: Iterable[Workflow]) -> None:
        """Add the names of these runs."""
        for run in runs:
            # Reinserting moves the run to the end, so that the least recently seen are dropped first.
            self._known.pop(run.id, None)
            self._known[run.id] = str(run.name)
        while len(self._known) > MAX_NAMES:
            del self._known[next(iter(self._known))]

    def get(self, workflow: str) -> str:
        """Return the name of a run given by identifier or name; '' if unknown."""
        return self._known.get(workflow, "") if _IDENTIFIER.fullmatch(workflow) else workflow

    def put_into(self, text: str) -> str:
        """Return the text with the identifiers of known runs replaced by names."""
        return _IDENTIFIER.sub(lambda found: self._known.get(found[0], found[0]), text)
