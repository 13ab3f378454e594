"""Reads `requirements.txt`, and our own `environment.lock`: PEP 508 requirements of the index, and nothing else.

The server's account installs them for all users, so options, URLs, paths and editable packages are refused by line.
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

COMMENT = re.compile(r"(?:^|\s)#.*$")
HASH = re.compile(r"\s--hash[= ](sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})(?=\s|$)")
OPTION = re.compile(r"(?:^|\s)-{1,2}[A-Za-z]")
ARCHIVE = re.compile(r"\.(whl|zip|tar\.\w+|tgz)(\[|$)", re.IGNORECASE)
SPECIAL = re.compile(r"[$`\\#]")
"""Characters that no requirement needs, and that an installer may read as something else."""
INSTALL = "install it in the session with `pip install`"
HASHES_A_REQUIREMENT = 500
MOST_CONTINUATIONS = HASHES_A_REQUIREMENT + 20


def read_requirements(file: str, content: bytes) -> Specification:
    """Return what a requirements file asks for; raises `InvalidRequest`, which names each line that is refused."""
    lines = list(_lines(file, text_of(file, content)))
    check_number(file, len(lines))
    wanted, problems = list[Wanted](), list[str]()
    for number, line in lines:
        found = read_line(line, path_of=f"line {number}")
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems.append(f"{file}, line {number}: {found}")
    raise_problems(problems)
    return Specification(file, unique(wanted))


def read_lock(content: bytes) -> Specification:
    """Return what our own lock asks for: `name==version` lines; raises `InvalidRequest`."""
    read = read_requirements(LOCK_FILE, content)
    pinned = re.compile(r"[a-z0-9-]+==[^*=,;\s]+( --hash=\S+)*")
    loose = [one for one in read.requirements if not pinned.fullmatch(one.text)]
    raise_problems(
        [f"{LOCK_FILE}, {one.path_of}: {shown(one.text)} is not of the form name==version." for one in loose]
    )
    return Specification(LOCK_FILE, read.requirements, is_complete=True)


def read_listed(file: str, texts: Sequence[str], *, each: str, not_of_index: Collection[str] = ()) -> Specification:
    """Return what a list in a file asks for; raises `InvalidRequest`, which names each text that is refused.

    `each`: what one of them is called, as `dependency`; `not_of_index`: names that uv would not take from the index.
    """
    check_number(file, len(texts))
    wanted, problems = list[Wanted](), list[str]()
    for number, text in enumerate(texts, start=1):
        path_of = f"{each} {number}"
        is_line = len(text) <= LONGEST_LINE and text.isprintable()
        found = read_line(text, path_of=path_of) if is_line else "it is too long, or has a control character."
        if isinstance(found, Wanted) and found.name in not_of_index:
            found = f"`{found.name}` comes from another place than the index, by [tool.uv.sources]."
        if isinstance(found, Wanted):
            wanted.append(found)
        else:
            problems.append(f"{file}, {path_of}: {found}")
    raise_problems(problems)
    return Specification(file, unique(wanted))


def read_line(line: str, *, path_of: str) -> Wanted | str:
    """Return one requirement, or what is wrong with it."""
    hashes = sorted(set(HASH.findall(line)))
    plain = HASH.sub("", line).strip()
    if OPTION.search(plain):
        return f"`{shown(plain)}` has an option, and only packages of the index can be prepared; {INSTALL}."
    if len(hashes) > HASHES_A_REQUIREMENT:
        return f"`{shown(plain)}` has more than {HASHES_A_REQUIREMENT} hashes."
    if "/" in plain or plain.startswith(".") or ARCHIVE.search(plain):
        return f"`{shown(plain)}` is not a package of the index; {INSTALL}."
    try:
        read = Requirement(plain)
    except (InvalidRequirement, RecursionError):
        return f"`{shown(plain)}` is not a requirement such as `numpy>=2`."
    if read.url or SPECIAL.search(plain):
        return f"`{shown(plain)}` is not a package of the index; {INSTALL}."
    name = canonicalize_name(read.name)
    return Wanted(path_of, name, " ".join([_text(name, read), *(f"--hash={one}" for one in hashes)]))


def _text(name: str, read: Requirement) -> str:
    """Return it in one spelling, whatever the user's: equal requirements are equal texts."""
    extras = f"[{','.join(sorted(canonicalize_name(extra) for extra in read.extras))}]" if read.extras else ""
    marker = f" ; {read.marker}" if read.marker else ""
    return f"{name}{extras}{read.specifier}{marker}"


def _lines(file: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line, with the number of its first part: without comments, with its continuations."""
    first, parts = 0, list[str]()
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip("\r")
        if len(line) > LONGEST_LINE:
            raise InvalidRequest(f"{file}, line {number}: the line has more than {LONGEST_LINE:,} characters.")
        if any(ord(character) < ord(" ") and character != "\t" for character in line) or "\x7f" in line:
            raise InvalidRequest(f"{file}, line {number}: the line has a control character: {shown(line)}")
        uncommented = COMMENT.sub("", line).strip()
        first = first if parts else number
        if uncommented.endswith("\\"):
            parts.append(uncommented[:-1])
            if number - first > MOST_CONTINUATIONS:
                raise InvalidRequest(f"{file}, line {first}: it is continued on too many lines.")
            continue
        whole = " ".join([*parts, uncommented]).strip()
        parts = []
        if whole:
            yield first, whole
    if whole := " ".join(parts).strip():
        yield first, whole
