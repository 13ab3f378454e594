"""Rows, breadcrumbs and column headers of a folder on the files page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator

from user_workspaces.interfaces.storage import Order
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.portal.files.open_with import Openers, OpenLink
from user_workspaces.portal.files.previews import can_preview
from user_workspaces.portal.files.search import find_names
from user_workspaces.workspaces.files import find_entry, list_folder
from user_workspaces.workspaces.models import Workspace

ROWS_A_PAGE = 200
COLUMNS = ((Order.NAME, "Name", ""), (Order.SIZE, "Size", "-"), (Order.MODIFIED, "Modified", "-"))
"""Columns with their first order: `-` sorts the largest and the newest first."""
MOST_DIGITS = 7
ICONS = {EntryKind.DIRECTORY: "folder", EntryKind.LINK: "link"}
SPECIAL = {EntryKind.FIFO: "named pipe", EntryKind.SOCKET: "socket", EntryKind.DEVICE: "device"}
"""Entries without data, which can only be renamed and deleted."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file, folder or link."""

    name: str
    path: str
    icon: str
    is_folder: bool
    is_dataset: bool
    special: str
    """The kind of an entry without data, else empty."""
    can_preview: bool
    size: int
    modified: datetime
    open_links: tuple[OpenLink, ...] = ()
    """Links to the applications that open the file."""


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """A folder in the path of the open folder."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class ColumnHeader:
    """The header of a sortable column."""

    order: Order
    label: str
    sort: str
    """Value of `sort` that a click requests."""
    now: str
    """The current order as a value of `aria-sort`; empty if another column is sorted."""


@dataclass(frozen=True, slots=True)
class FolderView:
    """A page of a folder, or of the results of a search below it."""

    path: str
    trail: tuple[Breadcrumb, ...]
    rows: tuple[FileRow, ...]
    page: "Page[int]"
    total: int
    headers: "tuple[ColumnHeader, ...]" = ()
    """Headers of the sortable columns; empty for search results."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order of a folder's entries."""

    order: Order = Order.NAME
    descending: bool = False

    @classmethod
    def read(cls, text: str) -> "Sorting":
        """Parse `size` or `-size` from a query; invalid values give the default order."""
        name = text.removeprefix("-")
        return cls(Order(name), text.startswith("-")) if name in set(Order) else cls()

    @property
    def headers(self) -> tuple[ColumnHeader, ...]:
        """Headers of the sortable columns."""
        return tuple(self._header(order, label, first) for order, label, first in COLUMNS)

    def _header(self, order: Order, label: str, first: str) -> ColumnHeader:
        if order is not self.order:
            return ColumnHeader(order, label, first + order, "")
        reverse = "" if self.descending else "-"
        return ColumnHeader(order, label, reverse + order, "descending" if self.descending else "ascending")


def view_folder(
    *,
    workspace: Workspace,
    path: str,
    page: str | None,
    hidden: bool,
    sorting: Sorting | None = None,
    openers: Openers | None = None,
) -> FolderView:
    """Return one page of a folder's current files; raises `NotFound`."""
    sorting = sorting or Sorting()
    number = int(page) if page and page.isascii() and page.isdigit() and len(page) <= MOST_DIGITS else 1
    number = max(number, 1)
    # The number of pages is known only after the first read, so a page beyond the end needs a second one.
    for _ in range(2):
        found = list_folder(
            workspace=workspace,
            path=path,
            offset=(number - 1) * ROWS_A_PAGE,
            limit=ROWS_A_PAGE,
            directories_first=True,
            hidden=hidden,
            order=sorting.order,
            descending=sorting.descending,
        )
        shown = Paginator(range(found.total), ROWS_A_PAGE).get_page(number)
        if shown.number == number:
            break
        number = shown.number  # beyond the last page: list the last page instead
    return FolderView(path, trail_of(path), _rows(found.entries, openers=openers), shown, found.total, sorting.headers)


def search_folder(
    *, workspace: Workspace, path: str, page: str | None, words: str, openers: Openers | None = None
) -> FolderView:
    """Find names below a folder, among those that were measured last."""
    found = find_names(workspace.current, folder=path, search=words)
    shown = Paginator(range(len(found)), ROWS_A_PAGE).get_page(page)
    # Only the names of this page are looked up. Files deleted since the measurement are left out.
    entries = (find_entry(workspace=workspace, path=found[at]) for at in shown.object_list)
    rows = _rows((entry for entry in entries if entry is not None), below=path, openers=openers)
    return FolderView(path, trail_of(path), rows, shown, len(found))


def trail_of(path: str) -> tuple[Breadcrumb, ...]:
    """Return the breadcrumbs of a path, including its last folder."""
    names: Sequence[str] = path.split("/") if path else ()
    return tuple(Breadcrumb(name, "/".join(names[: depth + 1])) for depth, name in enumerate(names))


def _rows(entries: Iterable[Entry], *, openers: Openers | None, below: str | None = None) -> tuple[FileRow, ...]:
    return tuple(
        FileRow(
            name=entry.path[len(below) :].strip("/") if below is not None else entry.path.rpartition("/")[2],
            path=entry.path,
            icon=ICONS.get(entry.kind, "file"),
            is_folder=entry.kind is EntryKind.DIRECTORY,
            is_dataset=entry.kind is EntryKind.LINK,
            special=SPECIAL.get(entry.kind, ""),
            can_preview=entry.kind is EntryKind.FILE and can_preview(entry),
            size=entry.size,
            modified=entry.modified,
            open_links=openers.open_links(entry.path) if openers and entry.kind is EntryKind.FILE else (),
        )
        for entry in entries
    )
