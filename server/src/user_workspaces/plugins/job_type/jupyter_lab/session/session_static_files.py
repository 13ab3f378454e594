"""Serves the static files of JupyterLab, compressed if the environment has compressed copies."""

import mimetypes
from pathlib import Path

from jupyter_server.base.handlers import FileFindHandler


def accepts_gzip(accept_encoding: str) -> bool:
    """Return True if an `Accept-Encoding` header allows gzip."""
    codings = (coding.replace(" ", "").lower().partition(";q=") for coding in accept_encoding.split(","))
    return any(name == "gzip" and (not weighted or weight.strip("0.")) for name, weighted, weight in codings)


class CompressedFiles(FileFindHandler):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Sends `<name>.gz` if it exists: the build of the environment wrote it.

    The copy is another representation (RFC 9110): it has its own modification time, and offers no ranges.
    """

    compressed = False

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the file to send, checked like any other."""
        found: str | None = super().validate_absolute_path(root, absolute_path)
        copy = f"{absolute_path}.gz"
        if found is None or not Path(copy).is_file():
            return found
        # For both representations: a cache must not send the compressed one to a client without gzip.
        self.set_header("Vary", "Accept-Encoding")
        headers = self.request.headers
        if "Range" in headers or not accepts_gzip(headers.get("Accept-Encoding", "")):
            return found
        self.compressed = True
        checked: str | None = super().validate_absolute_path(root, copy)
        return checked

    def get_content_type(self) -> str:
        """Return the media type of the uncompressed file."""
        if not self.compressed:
            return str(super().get_content_type())
        kind, _ = mimetypes.guess_type(self.absolute_path.removesuffix(".gz"))
        return kind or "application/octet-stream"

    def set_headers(self) -> None:
        """Set the headers of the compressed file."""
        super().set_headers()
        if self.compressed:
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Accept-Ranges", "none")
