"""Builds the archive that newer REANA servers accept: `reana.yaml` and the sources that it names."""

import io
import zipfile
from collections.abc import Iterator

from .errors import BadRequest
from .inputs import join
from .rooted import Root, parts_of
from .specification import Specification

# The archive is built in memory, so each source is limited.
SOURCE_LIMIT = 8 * 1024 * 1024
# A constant time, the earliest that ZIP can store, keeps archives of equal sources equal.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle(root: Root, folder: str, specification: Specification) -> bytes:
    """Return the archive of a specification in `folder`; equal sources give equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("reana.yaml", _EPOCH), specification.text)
        for name in _sources(root, folder, specification):
            content = root.read_text(join(folder, name), limit=SOURCE_LIMIT)
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return target.getvalue()


def _sources(root: Root, folder: str, specification: Specification) -> Iterator[str]:
    if specification.source:
        yield "/".join(parts_of(specification.source))
    given = specification.parameters.get("input")
    if specification.engine in {"snakemake", "cwl"} and isinstance(given, str):
        try:
            name = "/".join(parts_of(given))
        # The parameter may be any text, and need not be a path.
        except BadRequest:
            return
        if root.kind(join(folder, name)) == "file":
            yield name
