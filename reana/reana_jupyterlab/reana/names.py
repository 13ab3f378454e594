"""Names of runs in place of their identifiers, in what people read."""

import re
from collections.abc import Iterable

from .values import Workflow

MOST_NAMES = 10_000

_IDENTIFIER = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class RunNames:
    """The names of the runs that REANA has told of, the newest ones."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, runs: Iterable[Workflow]) -> None:
        """Keep the names of these runs."""
        for run in runs:
            self._known.pop(run.id, None)
            self._known[run.id] = str(run.name)
        while len(self._known) > MOST_NAMES:
            del self._known[next(iter(self._known))]

    def get(self, workflow: str) -> str:
        """Return the name of a run that is given by identifier or name; '' when it is not known."""
        return self._known.get(workflow, "") if _IDENTIFIER.fullmatch(workflow) else workflow

    def put_into(self, text: str) -> str:
        """Return the text with names in place of the identifiers of known runs."""
        return _IDENTIFIER.sub(lambda found: self._known.get(found[0], found[0]), text)
