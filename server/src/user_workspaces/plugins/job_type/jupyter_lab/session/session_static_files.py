"""How a session serves the static files of JupyterLab: compressed, where the environment has compressed copies."""

import mimetypes
from pathlib import Path

from jupyter_server.base.handlers import FileFindHandler


def accepts_gzip(accept_encoding: str) -> bool:
    """Say whether a client takes it, by the field of its request."""
    codings = (coding.replace(" ", "").lower().partition(";q=") for coding in accept_encoding.split(","))
    return any(name == "gzip" and (not weighted or weight.strip("0.")) for name, weighted, weight in codings)


class CompressedFiles(FileFindHandler):  # type: ignore[misc]  # Jupyter is not installed where types are checked
    """Answers with `<name>.gz` where there is one: the environment was prepared with it.

    The copy is another representation: it has its own time, and no ranges of it are offered.
    """

    compressed = False

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the file to be sent, checked as any other."""
        found: str | None = super().validate_absolute_path(root, absolute_path)
        copy = f"{absolute_path}.gz"
        if found is None or not Path(copy).is_file():
            return found
        self.set_header("Vary", "Accept-Encoding")
        told = self.request.headers
        if "Range" in told or not accepts_gzip(told.get("Accept-Encoding", "")):
            return found
        self.compressed = True
        checked: str | None = super().validate_absolute_path(root, copy)
        return checked

    def get_content_type(self) -> str:
        """Return the type of what is compressed."""
        if not self.compressed:
            return str(super().get_content_type())
        kind, _ = mimetypes.guess_type(self.absolute_path.removesuffix(".gz"))
        return kind or "application/octet-stream"

    def set_headers(self) -> None:
        """Say that it is compressed."""
        super().set_headers()
        if self.compressed:
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Accept-Ranges", "none")
