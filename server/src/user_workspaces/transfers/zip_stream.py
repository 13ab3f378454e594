"""Writes a zip archive of a folder while it is sent: no temporary file, and memory for the names only.

The format is that of PKWARE's APPNOTE 6.3: sizes follow the data of each file (general purpose bit 3), names are UTF-8
(bit 11), and Zip64 has sizes and offsets beyond 4 GiB and more than 65,535 files. Decision 0033 says why this is not a
library.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import pack

from user_workspaces.errors import PathNotFound, UnsafePath, UserWorkspacesError
from user_workspaces.interfaces.environment import FOLDER as ENVIRONMENT
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.transfers.filenames import portable
from user_workspaces.transfers.request_body import PIECE
from user_workspaces.workspaces.files import OpenFile, find_entry, is_folder, opener_of, walk_folder
from user_workspaces.workspaces.models import Workspace

LEFT_OUT = "not-in-this-archive.txt"
MOST_LEFT_OUT = 10_000
LEFT_OUT_BECAUSE = {
    EntryKind.LINK: "a link; links are not followed",
    EntryKind.FIFO: "a named pipe, which has no content",
    EntryKind.SOCKET: "a socket, which has no content",
    EntryKind.DEVICE: "a device, which is not read",
}
SENT_AT_ONCE = 64 * 1024
"""Bytes of a piece, at least; smaller ones cost more to send than to make."""
_LARGE = 0xF000_0000
"""A file of this size gets Zip64 fields: below 4 GiB, because incompressible data grows a little in deflate."""
_MAX16, _MAX32 = 0xFFFF, 0xFFFF_FFFF
_FLAGS = 1 << 3 | 1 << 11
_PLAIN, _ZIP64 = 20, 45
"""Versions of the format that a reader needs."""
_MADE_BY_UNIX = 3 << 8
_DEFLATED = 8


def zip_stream(workspace: Workspace, path: str, *, names: Iterable[str] | None = None) -> Iterator[bytes]:
    """Yield the archive of a folder, or of the entries `names` of it, in pieces.

    An archive of the whole workspace has no installed packages, which only work at their place. A text file at the end
    names what was left out: links, special files, and files that vanished or cannot be read.
    """
    return _gathered(_pieces(workspace, path, names))


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces: sending one costs as much as compressing a small file."""
    waiting, size = list[bytes](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= SENT_AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _pieces(workspace: Workspace, path: str, names: Iterable[str] | None) -> Iterator[bytes]:
    archive, left_out, refused, opener = _Archive(), list[str](), list[str](), opener_of(workspace)
    prefix = len(path) + 1 if path else 0
    for entry in _entries(workspace, path, names, refused):
        name = entry.path[prefix:]
        if not path and names is None and entry.path.partition("/")[0] == ENVIRONMENT:
            if entry.path == ENVIRONMENT:
                left_out.append(
                    f"{ENVIRONMENT}: installed packages; their lock can be downloaded from the Environment page"
                )
            continue
        if entry.kind in LEFT_OUT_BECAUSE:
            left_out.append(f"{name}: {LEFT_OUT_BECAUSE[entry.kind]}")
            continue
        try:
            yield from archive.add(entry, name, _content(opener, entry))
        except UserWorkspacesError as error:
            left_out.append(f"{name}: {error.message}")
    left_out += [f"{folder[prefix:]}: You do not have permission to list this folder." for folder in refused]
    if left_out:
        text = "\n".join([*left_out[:MOST_LEFT_OUT], *(["and others"] if len(left_out) > MOST_LEFT_OUT else []), ""])
        note = Entry(LEFT_OUT, EntryKind.FILE, len(text.encode()), datetime.now(UTC))
        yield from archive.add(note, LEFT_OUT, iter([text.encode()]))
    yield from archive.end()


def _entries(workspace: Workspace, path: str, names: Iterable[str] | None, refused: list[str]) -> Iterator[Entry]:
    if names is None:
        yield from _below(workspace, path, refused)
        return
    for name in names:
        chosen = find_entry(workspace=workspace, path=f"{path}/{name}" if path else name)
        if chosen is not None:
            yield chosen
            if is_folder(chosen):
                yield from _below(workspace, chosen.path, refused)


def _below(workspace: Workspace, path: str, refused: list[str]) -> Iterator[Entry]:
    with suppress(PathNotFound, UnsafePath):  # removed since it was listed
        yield from walk_folder(workspace=workspace, path=path, refused=refused)


def _content(opener: Callable[[str], OpenFile], entry: Entry) -> Iterator[bytes]:
    """Open a file now and read it later, so that an error comes before the archive has its header."""
    if is_folder(entry):
        return iter(())
    opened = opener(entry.path)

    def pieces() -> Iterator[bytes]:
        with opened.content as content:
            left = entry.size  # not to the end: a log that grows while it is read would never end
            while left and (piece := content.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    return pieces()


@dataclass(slots=True)
class _Sums:
    """Checksum and sizes of a file, complete when all of it was sent."""

    crc: int = 0
    size: int = 0
    packed: int = 0


class _Archive:
    """Writes an archive; keeps about a hundred bytes of each file for the central directory."""

    def __init__(self) -> None:
        self._directory = bytearray()
        self._count = 0
        self._offset = 0

    def add(self, entry: Entry, name: str, content: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the local header, the data and the sizes of one file or folder."""
        # The format has 16 bits for the length of a name.
        encoded = portable(name + "/" if is_folder(entry) else name).encode(errors="replace")[:_MAX16]
        # The header is sent before the data, so the listed size decides; `_content` never reads more than that.
        start, large, moment = self._offset, entry.size >= _LARGE, _moment(entry.modified)
        extra = pack("<HHQQ", 1, 16, 0, 0) if large else b""
        extra += _timestamp(entry.modified)
        # The largest value refers readers to the Zip64 field.
        sizes = _MAX32 if large else 0
        yield self._sent(
            pack("<4s5H3I2H", b"PK\3\4", _ZIP64 if large else _PLAIN, _FLAGS, _DEFLATED, *moment, 0, sizes, sizes,
                 len(encoded), len(extra)) + encoded + extra
        )  # fmt: skip
        sums = _Sums()
        for piece in _packed(content, sums):
            yield self._sent(piece)
        yield self._sent(pack("<4sIQQ" if large else "<4sIII", b"PK\7\10", sums.crc, sums.packed, sums.size))
        self._remember(entry, encoded, sums, start)

    def end(self) -> Iterator[bytes]:
        """Yield the central directory."""
        start, size, count = self._offset, len(self._directory), self._count
        for at in range(0, size, PIECE):
            yield self._sent(bytes(self._directory[at : at + PIECE]))
        if start >= _MAX32 or size >= _MAX32 or count >= _MAX16:
            made = _ZIP64 | _MADE_BY_UNIX
            # 44 is the size of this record without its first twelve bytes.
            yield pack("<4sQHHIIQQQQ", b"PK\6\6", 44, made, _ZIP64, 0, 0, count, count, size, start)
            yield pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
        # Numbers that do not fit have the largest value, which refers readers to the Zip64 record.
        few = min(count, _MAX16)
        yield pack("<4s4H2IH", b"PK\5\6", 0, 0, few, few, min(size, _MAX32), min(start, _MAX32), 0)

    def _sent(self, piece: bytes) -> bytes:
        self._offset += len(piece)
        return piece

    def _remember(self, entry: Entry, encoded: bytes, sums: _Sums, start: int) -> None:
        numbers = (sums.size, sums.packed, start)
        large = [number for number in numbers if number >= _MAX32]
        extra = pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        extra += _timestamp(entry.modified)
        size, packed, offset = (min(number, _MAX32) for number in numbers)
        needed = _ZIP64 if large or entry.size >= _LARGE else _PLAIN
        # The upper half is the mode of Unix; 0x10 is the directory bit of MS-DOS.
        mode = 0o40755 << 16 | 0x10 if is_folder(entry) else 0o100644 << 16
        self._directory += pack(
            "<4s6H3I5H2I", b"PK\1\2", needed | _MADE_BY_UNIX, needed, _FLAGS, _DEFLATED, *_moment(entry.modified),
            sums.crc, packed, size, len(encoded), len(extra), 0, 0, 0, mode, offset,
        ) + encoded + extra  # fmt: skip
        self._count += 1


def _packed(content: Iterator[bytes], sums: _Sums) -> Iterator[bytes]:
    # Negative window bits give raw deflate data without zlib's header, as the format has it; level 1 is the fastest.
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    for piece in content:
        sums.crc = zlib.crc32(piece, sums.crc)
        sums.size += len(piece)
        packed = deflate.compress(piece)
        if packed:
            sums.packed += len(packed)
            yield packed
    rest = deflate.flush()
    sums.packed += len(rest)
    yield rest


def _moment(when: datetime) -> tuple[int, int]:
    """Return time and date in the MS-DOS format, in UTC; it has the years 1980 to 2107."""
    when = min(max(when, datetime(1980, 1, 1, tzinfo=UTC)), datetime(2107, 12, 31, tzinfo=UTC))
    time = when.hour << 11 | when.minute << 5 | when.second // 2
    return time, (when.year - 1980) << 9 | when.month << 5 | when.day


def _timestamp(when: datetime) -> bytes:
    """Return the extended timestamp (Info-ZIP extra field 0x5455), in seconds since 1970."""
    # The field is a signed number of 32 bits.
    seconds = min(max(int(when.timestamp()), -(2**31)), 2**31 - 1)
    return pack("<HHBi", 0x5455, 5, 1, seconds)
