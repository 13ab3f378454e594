"""Jupyter notebooks (nbformat 4) as HTML: cells and their stored outputs. Nothing is executed."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.files.documents import MOST_OF_PICTURES, Budget, Markdown, UrlMapper

MOST_CELLS = 1_000
FORMAT = 4
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
AS_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
NO_NOTEBOOK = "This notebook cannot be shown: it is damaged or has an unsupported format."
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Context:
    """State shared by all cells of a notebook."""

    markdown: Markdown
    pictures: UrlMapper
    attached: Budget
    """In characters, for attached pictures; each use counts, since a cell can show one picture many times."""


def notebook(raw: bytes, *, pictures: UrlMapper, links: UrlMapper) -> SafeString:
    """Return the HTML of a notebook; raises `InvalidRequest` if it is not a valid one."""
    try:
        # Deeply nested JSON exceeds Python's limit of recursion.
        read = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest(NO_NOTEBOOK) from None
    if not isinstance(read, dict) or read.get("nbformat") != FORMAT or not isinstance(read.get("cells"), list):
        raise InvalidRequest(NO_NOTEBOOK)
    cells = [cell for cell in read["cells"] if isinstance(cell, dict)]
    context = _Context(Markdown(pictures=pictures, links=links), pictures, Budget(MOST_OF_PICTURES))
    parts = [_cell(cell, context) for cell in cells[:MOST_CELLS]]
    if len(cells) > MOST_CELLS:
        parts.append(format_html("<p>{} more cells are not shown.</p>", len(cells) - MOST_CELLS))
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _cell(cell: Json, context: _Context) -> SafeString:
    source, kind = _text(cell.get("source")), cell.get("cell_type")
    if kind == "markdown":
        body = context.markdown.html(source, pictures=_attached(cell.get("attachments"), context))
        return format_html('<section class="prose">{}</section>', body)
    if kind != "code":
        return format_html("<pre>{}</pre>", source)
    found = cell.get("outputs")
    outputs = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    count = cell.get("execution_count")
    shown = format_html_join("", "{}", ((part,) for output in outputs for part in _output(output, context)))
    return format_html(
        '<section class="code"><span class="count">[{}]</span><pre class="input">{}</pre>'
        '<div class="outputs">{}</div></section>',
        count if isinstance(count, int) else " ",
        source,
        shown,
    )


def _output(output: Json, context: _Context) -> Iterator[SafeString]:
    match output.get("output_type"):
        case "stream":
            kind = "error" if output.get("name") == "stderr" else "stream"
            yield format_html('<pre class="{}">{}</pre>', kind, _plain(output.get("text")))
        case "error":
            traceback = output.get("traceback")
            lines = [_plain_text(line) for line in traceback] if isinstance(traceback, list) else []
            text = "\n".join(lines) or f"{_plain_text(output.get('ename'))}: {_plain_text(output.get('evalue'))}"
            yield format_html('<pre class="error">{}</pre>', _plain(text))
        case "execute_result" | "display_data":
            data = output.get("data")
            if isinstance(data, dict):
                yield _data(data, context)
        case _:
            return


def _data(data: Json, context: _Context) -> SafeString:
    """Return the richest representation of an output that needs no script."""
    for kind in AS_PICTURES:
        if kind in data:
            # Notebooks may store Base64 in several lines.
            packed = "".join(_text(data[kind]).split())
            return format_html('<img alt="Output image" src="data:{};base64,{}">', kind, packed)
    # Markup is not escaped: the frame of the document runs no scripts and loads nothing.
    if "text/html" in data:
        return format_html('<div class="html">{}</div>', SafeString(_text(data["text/html"])))
    if "image/svg+xml" in data:
        return format_html('<div class="html">{}</div>', SafeString(_text(data["image/svg+xml"])))
    if "text/markdown" in data:
        return context.markdown.html(_text(data["text/markdown"]))
    text = data.get("text/plain", data.get("text/latex"))
    return format_html("<pre>{}</pre>", _plain(text if text is not None else "This output cannot be shown."))


def _attached(attachments: object, context: _Context) -> UrlMapper:
    """Return a mapper from `attachment:` URLs to the pictures attached to a cell."""

    # Each text may refer to one picture many times.
    @cache
    def packed(name: str) -> str | None:
        found = attachments.get(name) if isinstance(attachments, dict) else None
        if not isinstance(found, dict):
            return None
        return next((f"data:{kind};base64,{_text(found[kind])}" for kind in AS_PICTURES if kind in found), "")

    def embed(address: str) -> str:
        name = address.removeprefix("attachment:")
        found = packed(name) if name != address else None
        if found is None:
            return context.pictures(address)
        return found if context.attached.take(len(found)) else address

    return embed


def _text(value: object) -> str:
    """Return a text, which a notebook may store as a list of lines."""
    return "".join(_plain_text(line) for line in value) if isinstance(value, list) else _plain_text(value)


def _plain_text(value: object) -> str:
    """Return encodable text, since JSON may contain lone surrogates; empty for other types."""
    return str(value).encode(errors="replace").decode() if isinstance(value, str | int | float) else ""


def _plain(value: object) -> str:
    """Return what a terminal would show, without colours and overwritten parts of lines."""
    text = COLOURS.sub("", _text(value))
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
