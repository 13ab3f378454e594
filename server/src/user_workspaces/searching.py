"""Words that people search for, whatever their case, in any script and on any database."""

import re

from django.db.models import Q


def has_word(word: str, *columns: str) -> Q:
    """Return the condition that one of these columns contains the word.

    SQLite's LIKE knows upper and lower case of ASCII alone; its regular expressions are Python's.
    """
    lookup, wanted = ("icontains", word) if word.isascii() else ("iregex", re.escape(word))
    found = Q()
    for column in columns:
        found |= Q(**{f"{column}__{lookup}": wanted})
    return found
