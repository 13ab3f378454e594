"""Markdown and notebooks as documents of HTML, for a frame in which nothing runs and that speaks to nobody.

What is in a file may be anybody's, so nothing here decides what is harmless: the frame is a sandbox, and its policy
lets it load nothing.
"""

import base64
import posixpath
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from user_workspaces.errors import UserWorkspacesError
from user_workspaces.portal.previews import PICTURES
from user_workspaces.transfers.downloads import content_type_of
from user_workspaces.workspaces.files import open_file
from user_workspaces.workspaces.models import Workspace

HEADERS = {
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
MOST_OF_PICTURES = 8 * 1024 * 1024
"""In bytes, all of a document together: they are put into it, for its frame can load nothing."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
Place = Callable[[str], str]
"""From an address in a document to another one."""


class Pictures:
    """The pictures that a document of the workspace shows, as `data:` addresses."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self._workspace = workspace
        self._folder = posixpath.dirname(path)
        self._left = MOST_OF_PICTURES

    def place(self, address: str) -> str:
        """Return a picture as it is written into the document; one that cannot be had as its address."""
        if SCHEME.match(address) or address.startswith("#"):
            return address
        path = below(self._folder, address)
        kind = content_type_of(path)
        if kind not in PICTURES:
            return address
        try:
            opened = open_file(workspace=self._workspace, path=path)
        except UserWorkspacesError:
            return address
        with opened.content as content:
            if opened.entry.size > self._left:
                return address
            raw = content.read(opened.entry.size)
        self._left -= len(raw)
        return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def below(folder: str, address: str) -> str:
    """Return the path that a relative address in a file of the folder names; it may lead nowhere."""
    path = unquote(address.partition("#")[0].partition("?")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def links_of(path: str, preview: str) -> Place:
    """Return what leads links between files to their previews, at the address `preview`."""

    def place(address: str) -> str:
        if SCHEME.match(address) or address.startswith("#"):
            return address
        return f"{preview}?path={quote(below(posixpath.dirname(path), address), safe='')}"

    return place


def markdown(text: str, *, pictures: Place, links: Place) -> SafeString:
    """Return the HTML of a text; addresses of pictures and links are handed to those."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    _place(tokens, pictures, links)
    return SafeString(reader.renderer.render(tokens, reader.options, {}))


def _place(tokens: Sequence[Token], pictures: Place, links: Place) -> None:
    for token in tokens:
        if token.type == "image":
            token.attrs["src"] = pictures(str(token.attrs.get("src", "")))
        elif token.type == "link_open":
            address = str(token.attrs.get("href", ""))
            token.attrs["href"] = links(address)
            if address.startswith("#"):
                token.attrs["target"] = "_self"
        _place(token.children or (), pictures, links)


def document(body: SafeString, *, title: str, appearance: str) -> HttpResponse:
    """Answer with a document for the frame."""
    context = {"body": body, "title": title, "appearance": appearance, "styles": _styles()}
    return HttpResponse(render_to_string("portal/rendered.html", context), headers=HEADERS)


@cache
def _styles() -> SafeString:
    """Return the style sheets that are put into documents: their frame loads none."""
    found = [finders.find(f"uws/{name}.css") for name in ("tokens", "rendered")]
    return SafeString("\n".join(Path(path).read_text() for path in found if path))
