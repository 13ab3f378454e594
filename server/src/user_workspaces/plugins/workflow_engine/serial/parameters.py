"""Parameters in commands: `${name}` and `$name` are replaced, `$$` becomes one dollar for the shell, as at REANA."""

from collections.abc import Mapping
from string import Template

from user_workspaces.errors import InvalidRequest, TooLarge
from user_workspaces.interfaces.workflow_specification import Json

MAX_CHARACTERS = 2 * 1024 * 1024
"""Of all commands of a plan together: a short text can name a long parameter very often."""
LONGEST_SHOWN = 60


class Substitution:
    """The values of one start, and how many characters its commands have so far."""

    def __init__(self, declared: Mapping[str, Json], given: Mapping[str, Json]) -> None:
        for name in given:
            if name not in declared:
                there = ", ".join(sorted(declared)[:20]) or "none"
                raise InvalidRequest(f"{_shown(name)} is no parameter of this workflow; there is: {there}.")
        # As Python writes them, which is what REANA does: true becomes True.
        self._texts = {name: _text(name, value) for name, value in {**declared, **given}.items()}
        self._characters = 0

    def apply(self, command: str, *, step: str) -> str:
        """Return the command with values; raises `InvalidRequest`."""
        # Counted before it is built.
        self._characters += len(command)
        for found in Template.pattern.finditer(command):
            name = found["named"] or found["braced"]
            self._characters += len(self._texts.get(name, "")) if name else 0
        if self._characters > MAX_CHARACTERS:
            raise TooLarge(f"With all parameters in their places, the commands exceed {MAX_CHARACTERS} characters.")
        try:
            return Template(command).substitute(self._texts)
        except KeyError as error:
            raise InvalidRequest(f"Step {_shown(step)} uses {_shown(str(error.args[0]))}: no such parameter.") from None
        except ValueError:
            raise InvalidRequest(f"Step {_shown(step)}: write $$ for a dollar that is for the shell.") from None


def _text(name: str, value: Json) -> str:
    try:
        text = str(value)
        text.encode()
    except ValueError:  # a number of more than 4300 digits, or half a character
        text = "\0"
    if "\0" in text:
        raise InvalidRequest(f"The parameter {_shown(name)} has a value that no command can hold.")
    return text


def _shown(text: str) -> str:
    return repr(text[:LONGEST_SHOWN])
