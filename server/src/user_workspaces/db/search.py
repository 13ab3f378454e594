"""Case-insensitive search for words in any script, on SQLite and PostgreSQL."""

import re

from django.db.models import Q


def contains(word: str, *columns: str) -> Q:
    """Return the condition that one of these columns contains the word.

    LIKE ignores case only in ASCII (SQLite) or in the locale of the database (PostgreSQL), so other words become a
    pattern with both cases of each letter.
    """
    lookup, wanted = ("icontains", word) if word.isascii() else ("regex", "".join(map(_either, word)))
    found = Q()
    for column in columns:
        found |= Q(**{f"{column}__{lookup}": wanted})
    return found


def _either(letter: str) -> str:
    # Some letters become longer in another case (`ß` becomes `SS`): they cannot stand for one character.
    forms = sorted({form for form in (letter, letter.lower(), letter.upper()) if len(form) == 1})
    return f"(?:{'|'.join(map(re.escape, forms))})"
