"""A look into a file: text, tables and pictures, read in part and shown as nothing but text and pictures."""

import codecs
import csv
import io
from dataclasses import dataclass

from user_workspaces.interfaces.values import Entry
from user_workspaces.transfers.downloads import content_type_of
from user_workspaces.workspaces.files import open_file
from user_workspaces.workspaces.models import Workspace

LARGEST = 1024 * 1024
"""In bytes: of a picture, and of the part of a text that is shown."""
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200, 50, 500
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif", "image/bmp"}
TABLES = {".csv": ",", ".tsv": "\t"}
NO_TEXT = ("audio/", "video/", "font/", "image/")
PACKED = {"application/gzip", "application/zip", "application/pdf", "application/x-tar", "application/x-bzip2",
          "application/x-xz", "application/x-hdf5", "application/java-archive"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown; just one of picture, table and text, or none of them."""

    entry: Entry
    name: str
    is_picture: bool = False
    table: tuple[tuple[str, ...], ...] = ()
    text: str | None = None
    is_cut: bool = False
    """Whether this is only the beginning."""


def can_preview(entry: Entry) -> bool:
    """Return whether it is worth a try: what a file really holds shows when it is read."""
    kind = content_type_of(entry.path)
    if kind in PICTURES:
        return entry.size <= LARGEST
    return kind not in PACKED and not kind.startswith(NO_TEXT)


def preview_of(workspace: Workspace, path: str) -> Preview:
    """Read what can be shown of a file; raises `NotFound`, `UnsafePath` for a link."""
    opened = open_file(workspace=workspace, path=path)
    with opened.content as content:
        entry, name = opened.entry, path.rpartition("/")[2]
        if content_type_of(name) in PICTURES:
            return Preview(entry, name, is_picture=entry.size <= LARGEST)
        raw, is_cut = content.read(LARGEST), entry.size > LARGEST
    text = _text(raw, is_cut=is_cut)
    if text is None:
        return Preview(entry, name)
    delimiter = next((mark for ending, mark in TABLES.items() if name.lower().endswith(ending)), "")
    if delimiter and (table := _table(text, delimiter)):
        return Preview(entry, name, table=table, is_cut=is_cut or text.count("\n") > MOST_ROWS)
    return Preview(entry, name, text=text, is_cut=is_cut)


def _text(raw: bytes, *, is_cut: bool) -> str | None:
    """Return the text in UTF-8; None where it is none. The last character may be cut in the middle."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _table(text: str, delimiter: str) -> tuple[tuple[str, ...], ...]:
    rows = list[tuple[str, ...]]()
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(tuple(cell[:LONGEST_CELL] for cell in row[:MOST_COLUMNS]))
            if len(rows) > MOST_ROWS:
                break
    except csv.Error:
        return ()
    return tuple(rows)
