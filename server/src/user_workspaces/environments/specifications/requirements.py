"""Reads `requirements.txt` and the server's own `environment.lock`: PEP 508 requirements from the index only.

The server's account installs them for all users, so options, URLs, paths and editable packages are rejected.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from user_workspaces.environments.specifications.values import (
    LOCK_FILE,
    LONGEST_LINE,
    Specification,
    Wanted,
    check_number,
    raise_problems,
    shown,
    text_of,
    unique,
)
from user_workspaces.errors import InvalidRequest

# `#` starts a comment only after a space, as for pip: it may be a part of a URL.
COMMENT = re.compile(r"(?:^|\s)#.*$")
HASH = re.compile(r"\s--hash[= ](sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)")
OPTION = re.compile(r"(?:^|\s)-{1,2}[A-Za-z]")
ARCHIVE = re.compile(r"\.(whl|zip|tar\.\w+|tgz)(\[|$)", re.IGNORECASE)
SPECIAL = re.compile(r"[$`\\#]")
"""Characters that no requirement needs, and that have another meaning for an installer."""
INSTALL = "install it in the session with `pip install`"
MAX_HASHES = 500
MAX_CONTINUATIONS = MAX_HASHES + 20


def read_requirements(file: str, content: bytes) -> Specification:
    """Return the content of a requirements file; raises `InvalidRequest`, which lists each rejected line."""
    lines = list(_lines(file, text_of(file, content)))
    check_number(file, len(lines))
    wanted, problems = list[Wanted](), list[str]()
    for number, line in lines:
        found = read_line(line, location=f"line {number}")
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems.append(f"{file}, line {number}: {found}")
    raise_problems(problems)
    return Specification(file, unique(wanted))


def read_lock(content: bytes) -> Specification:
    """Return the content of an `environment.lock`: `name==version` lines; raises `InvalidRequest`."""
    read = read_requirements(LOCK_FILE, content)
    pinned = re.compile(r"[a-z0-9-]+==[^*=,;\s]+( --hash=\S+)*")
    loose = [one for one in read.requirements if not pinned.fullmatch(one.text)]
    raise_problems(
        [f"{LOCK_FILE}, {one.location}: {shown(one.text)} does not have the form name==version." for one in loose]
    )
    return Specification(LOCK_FILE, read.requirements, is_complete=True)


def read_listed(file: str, texts: Sequence[str], *, each: str, not_of_index: Collection[str] = ()) -> Specification:
    """Return the requirements of a list in a file; raises `InvalidRequest`, which lists each rejected text.

    `each`: the name of an item, as `dependency`; `not_of_index`: names that uv takes from other sources.
    """
    check_number(file, len(texts))
    wanted, problems = list[Wanted](), list[str]()
    for number, text in enumerate(texts, start=1):
        location = f"{each} {number}"
        is_line = len(text) <= LONGEST_LINE and text.isprintable()
        found = read_line(text, location=location) if is_line else "too long, or has a control character."
        if isinstance(found, Wanted) and found.name in not_of_index:
            found = f"`{found.name}` comes from another source than the index, by [tool.uv.sources]."
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems.append(f"{file}, {location}: {found}")
    raise_problems(problems)
    return Specification(file, unique(wanted))


def read_line(line: str, *, location: str) -> Wanted | str:
    """Return one requirement, or the problem with it."""
    hashes = sorted(set(HASH.findall(line)))
    plain = HASH.sub("", line).strip()
    if OPTION.search(plain):
        return f"`{shown(plain)}` has an option, but only packages from the index can be prepared; {INSTALL}."
    if len(hashes) > MAX_HASHES:
        return f"`{shown(plain)}` has more than {MAX_HASHES} hashes."
    if "/" in plain or plain.startswith(".") or ARCHIVE.search(plain):
        return f"`{shown(plain)}` is not a package from the index; {INSTALL}."
    try:
        # The parser is recursive, so nested parentheses of a marker can exceed Python's limit.
        read = Requirement(plain)
    except (InvalidRequirement, RecursionError):
        return f"`{shown(plain)}` is not a valid requirement such as `numpy>=2`."
    if read.url or SPECIAL.search(plain):
        return f"`{shown(plain)}` is not a package from the index; {INSTALL}."
    name = canonicalize_name(read.name)
    return Wanted(location, name, " ".join([_text(name, read), *(f"--hash={one}" for one in hashes)]))


def _text(name: str, read: Requirement) -> str:
    """Return a requirement in a normalized form, so that equal requirements are equal texts."""
    extras = f"[{','.join(sorted(canonicalize_name(extra) for extra in read.extras))}]" if read.extras else ""
    marker = f" ; {read.marker}" if read.marker else ""
    return f"{name}{extras}{read.specifier}{marker}"


def _lines(file: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each logical line: with its continuations, without comments."""
    first, parts = 0, list[str]()
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip("\r")
        if len(line) > LONGEST_LINE:
            raise InvalidRequest(f"{file}, line {number}: the line has more than {LONGEST_LINE:,} characters.")
        # An installer may take a control character for a line break, and what follows for an option.
        if any(ord(character) < ord(" ") and character != "\t" for character in line) or "\x7f" in line:
            raise InvalidRequest(f"{file}, line {number}: the line has a control character: {shown(line)}")
        uncommented = COMMENT.sub("", line).strip()
        first = first if parts else number
        if uncommented.endswith("\\"):
            parts.append(uncommented[:-1])
            if number - first > MAX_CONTINUATIONS:
                raise InvalidRequest(f"{file}, line {first}: continues on too many lines.")
            continue
        whole = " ".join([*parts, uncommented]).strip()
        parts = []
        if whole:
            yield first, whole
    if whole := " ".join(parts).strip():
        yield first, whole
