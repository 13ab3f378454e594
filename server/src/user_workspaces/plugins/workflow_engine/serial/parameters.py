"""Parameters in commands: `${name}` and `$name` are substituted, `$$` becomes a dollar for the shell, as in REANA."""

from collections.abc import Mapping
from string import Template

from user_workspaces.errors import InvalidRequest, TooLarge
from user_workspaces.interfaces.workflow_specification import Json

MAX_CHARACTERS = 2 * 1024 * 1024
"""Limit for all commands of a plan together: a short command can repeat a long parameter many times."""
LONGEST_SHOWN = 60


class Substitution:
    """Substitutes the values of one start, and counts the characters of its commands."""

    def __init__(self, declared: Mapping[str, Json], given: Mapping[str, Json]) -> None:
        for name in given:
            if name not in declared:
                known = ", ".join(sorted(declared)[:20]) or "none"
                raise InvalidRequest(f"{_shown(name)} is not a parameter of this workflow, which has: {known}.")
        # In Python's notation, as in REANA: true becomes True.
        self._texts = {name: _text(name, value) for name, value in {**declared, **given}.items()}
        self._characters = 0

    def apply(self, command: str, *, step: str) -> str:
        """Return the command with values; raises `InvalidRequest`, and `TooLarge` above the limit."""
        # Counted before the text is built.
        self._characters += len(command)
        for found in Template.pattern.finditer(command):
            name = found["named"] or found["braced"]
            self._characters += len(self._texts.get(name, "")) if name else 0
        if self._characters > MAX_CHARACTERS:
            raise TooLarge(f"With all parameters substituted, the commands exceed {MAX_CHARACTERS} characters.")
        try:
            return Template(command).substitute(self._texts)
        except KeyError as error:
            unknown = _shown(str(error.args[0]))
            raise InvalidRequest(f"Step {_shown(step)} uses an unknown parameter: {unknown}.") from None
        except ValueError:
            raise InvalidRequest(f"Step {_shown(step)}: write $$ for a dollar sign in the shell.") from None


def _text(name: str, value: Json) -> str:
    try:
        text = str(value)
        text.encode()
    except ValueError:  # a number of more than 4300 digits, or a lone surrogate
        text = "\0"
    # Arguments of execve(2) end at a null byte.
    if "\0" in text:
        raise InvalidRequest(f"The parameter {_shown(name)} has a value that commands cannot contain.")
    return text


def _shown(text: str) -> str:
    return repr(text[:LONGEST_SHOWN])
