"""JSON in and out, by orjson."""

from collections.abc import Mapping
from decimal import Decimal
from typing import IO

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer


def _plain(value: object) -> str:
    """Decimal quantities are strings, as clients expect."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class OrjsonRenderer(BaseRenderer):
    """Writes JSON."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the body; None is an empty one."""
        return b"" if data is None else orjson.dumps(data, default=_plain)


class OrjsonParser(BaseParser):
    """Reads JSON, strictly."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> object:
        """Return the value; an empty body is an empty object."""
        raw = stream.read()
        try:
            return orjson.loads(raw) if raw.strip() else {}
        except (orjson.JSONDecodeError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from None
