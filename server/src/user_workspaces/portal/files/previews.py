"""Previews of text, tables, pictures, PDF, Markdown and notebooks, of which large files are read in part."""

import csv
import io
from dataclasses import dataclass

from user_workspaces.interfaces.values import Entry
from user_workspaces.portal.files.text_pages import LARGEST, TextPart, is_log, read_end, read_start
from user_workspaces.transfers.downloads import content_type_of
from user_workspaces.workspaces.files import open_file
from user_workspaces.workspaces.models import Workspace

LARGEST_RENDERED = 8 * LARGEST
"""In bytes; a notebook contains its pictures."""
LARGEST_EDITED = 256 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200, 50, 500
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif", "image/bmp"}
TABLES = {".csv": ",", ".tsv": "\t"}
MARKDOWN, NOTEBOOK, PDF = (".md", ".markdown"), ".ipynb", "application/pdf"
NO_TEXT = ("audio/", "video/", "font/", "image/")
PACKED = {"application/gzip", "application/zip", "application/x-tar", "application/x-bzip2",
          "application/x-xz", "application/x-hdf5", "application/java-archive"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """Content of a preview: a picture, a PDF, a table, a text, a document, or none of them."""

    entry: Entry
    name: str
    is_picture: bool = False
    is_pdf: bool = False
    is_rendered: bool = False
    """True if the file is shown as an HTML document; see `documents`."""
    table: tuple[tuple[str, ...], ...] = ()
    part: TextPart | None = None
    is_cut: bool = False
    """True if only a part of the file is shown."""

    @property
    def text(self) -> str | None:
        """The displayed text."""
        return self.part.text if self.part else None

    @property
    def can_edit(self) -> bool:
        """True if the whole text fits into a form that returns it unchanged."""
        if self.part is None or self.part.is_cut or self.entry.size > LARGEST_EDITED or is_notebook(self.name):
            return False
        return can_be_typed(self.part.text)


def can_be_typed(text: str) -> bool:
    """Return True if the text has only one kind of line break: a form cannot return a mix."""
    breaks = text.count("\r\n")
    return text.count("\r") == breaks and breaks in {0, text.count("\n")}


def is_notebook(name: str) -> bool:
    """Return True for the file name of a notebook."""
    return name.lower().endswith(NOTEBOOK)


def is_markdown(name: str) -> bool:
    """Return True for the file name of a Markdown file."""
    return name.lower().endswith(MARKDOWN)


def can_preview(entry: Entry) -> bool:
    """Return True unless the file name or the size rules a preview out."""
    kind = content_type_of(entry.path)
    if kind in PICTURES:
        return entry.size <= LARGEST
    return kind not in PACKED and not kind.startswith(NO_TEXT)


def preview_of(workspace: Workspace, path: str, *, end: bool | None = None) -> Preview:
    """Read the preview of a file: the start of a long text, or its `end`, which is the default for logs.

    Raises `NotFound`, and `UnsafePath` for a link.
    """
    opened = open_file(workspace=workspace, path=path)
    with opened.content as content:
        entry, name = opened.entry, opened.entry.path.rpartition("/")[2]
        kind = content_type_of(name)
        if kind in PICTURES:
            return Preview(entry, name, is_picture=entry.size <= LARGEST)
        if kind == PDF:
            return Preview(entry, name, is_pdf=True)
        if is_notebook(name) and entry.size <= LARGEST_RENDERED:
            return Preview(entry, name, is_rendered=True)
        part = (read_end if (is_log(name) if end is None else end) else read_start)(content, entry.size)
    if part is None:
        return Preview(entry, name)
    delimiter = next((found for ending, found in TABLES.items() if name.lower().endswith(ending)), "")
    # The end of a file has no header row and may begin inside a quoted cell.
    if delimiter and not part.is_end and (table := _table(part.text, delimiter)):
        return Preview(entry, name, table=table, is_cut=part.is_cut or part.text.count("\n") > MOST_ROWS)
    is_rendered = is_markdown(name) and entry.size <= LARGEST_EDITED
    return Preview(entry, name, part=part, is_cut=part.is_cut, is_rendered=is_rendered)


def _table(text: str, delimiter: str) -> tuple[tuple[str, ...], ...]:
    rows = list[tuple[str, ...]]()
    try:
        # `newline=""` keeps the line breaks in quoted cells for the reader, which handles them itself.
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(tuple(cell[:LONGEST_CELL] for cell in row[:MOST_COLUMNS]))
            if len(rows) > MOST_ROWS:
                break
    # A field that is too long, for example: the file is shown as text instead.
    except csv.Error:
        return ()
    return tuple(rows)
