"""Multipart bodies built by hand, so that tests can send malformed ones."""

BOUNDARY = "----boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, content: bytes, *, field: str = "file", disposition: str | None = None) -> bytes:
    header = disposition or f'form-data; name="{field}"; filename="{name}"'
    return f"--{BOUNDARY}\r\nContent-Disposition: {header}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
