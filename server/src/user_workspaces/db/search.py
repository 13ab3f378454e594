"""Words that people search for, whatever their case, in any script and on any database."""

import re

from django.db.models import Q


def contains(word: str, *columns: str) -> Q:
    """Return the condition that one of these columns contains the word.

    SQLite's LIKE knows upper and lower case of ASCII alone, PostgreSQL's those of its own locale: for other words
    the pattern has both.
    """
    lookup, wanted = ("icontains", word) if word.isascii() else ("regex", "".join(map(_either, word)))
    found = Q()
    for column in columns:
        found |= Q(**{f"{column}__{lookup}": wanted})
    return found


def _either(letter: str) -> str:
    forms = sorted({form for form in (letter, letter.lower(), letter.upper()) if len(form) == 1})
    return f"(?:{'|'.join(map(re.escape, forms))})"
