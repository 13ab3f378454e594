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
from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, fence
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from user_workspaces.errors import UserWorkspacesError
from user_workspaces.portal.files.previews import LARGEST_EDITED, PICTURES
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
MOST_PICTURES = 200
"""Files that are opened for one document."""
MOST_MARKDOWN = LARGEST_EDITED
"""In characters, all of a document together; the bounds below hold for all of it too."""
MOST_STEPS = 400_000
"""Of the parser: some texts of few characters make very many."""
MOST_TOKENS = 100_000
"""Of blocks: of each cell of a table three, also of those that its text leaves out."""
MOST_OF_ADDRESSES = 1024 * 1024
"""In characters: one definition may give a long address to many links."""
TOO_MUCH = "This Markdown is too large or too complex to be formatted. This is its text."
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
Place = Callable[[str], str]
"""From an address in a document to another one."""


class Budget:
    """How much of something there may still be in a document."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, size: int) -> bool:
        """Return whether this much fits; what fits is taken."""
        fits = size <= self.left
        if fits:
            self.left -= size
        return fits


class Pictures:
    """The pictures that a document of the workspace shows, as `data:` addresses."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self._workspace = workspace
        self._folder = posixpath.dirname(path)
        self._room = Budget(MOST_OF_PICTURES)
        self._read = dict[str, str | None]()

    def embed(self, address: str) -> str:
        """Return a picture as it is written into the document; one that cannot be had as its address."""
        if SCHEME.match(address) or address.startswith("#"):
            return address
        path = below(self._folder, address)
        kind = content_type_of(path)
        if kind not in PICTURES:
            return address
        if path not in self._read:
            if len(self._read) == MOST_PICTURES:
                return address
            self._read[path] = self._packed(path)
        packed = self._read[path]
        if packed is None or not self._room.take(len(packed) * 3 // 4 - packed[-2:].count("=")):
            return address
        return f"data:{kind};base64,{packed}"

    def _packed(self, path: str) -> str | None:
        try:
            opened = open_file(workspace=self._workspace, path=path)
        except UserWorkspacesError:
            return None
        with opened.content as content:
            if opened.entry.size > self._room.left:
                return None
            return base64.b64encode(content.read(opened.entry.size)).decode()


def below(folder: str, address: str) -> str:
    """Return the path that a relative address in a file of the folder names; it may lead nowhere."""
    path = unquote(address.partition("#")[0].partition("?")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def links_of(path: str, preview: str) -> Place:
    """Return what leads links between files to their previews, at the address `preview`."""

    def embed(address: str) -> str:
        if SCHEME.match(address) or address.startswith("#"):
            return address
        return f"{preview}?path={quote(below(posixpath.dirname(path), address), safe='')}"

    return embed


class TooMuchError(Exception):
    """A text would take too much time or memory."""


class Markdown:
    """All the Markdown of one document: its bounds hold for all of it together."""

    def __init__(self, *, pictures: Place, links: Place) -> None:
        self._pictures = pictures
        self._links = links
        self._text = Budget(MOST_MARKDOWN)
        self._addresses = Budget(MOST_OF_ADDRESSES)
        self._tokens = Budget(MOST_TOKENS)
        self._reader = _reader(Budget(MOST_STEPS), self._tokens)

    def html(self, text: str, *, pictures: Place | None = None) -> SafeString:
        """Return the HTML of a text, with `pictures` of its own; past the bounds it stays plain."""
        try:
            _spend(self._text, len(text))
            tokens = self._reader.parse(text)
            self._embed(tokens, pictures or self._pictures)
        except TooMuchError:
            return format_html("<p><em>{}</em></p><pre>{}</pre>", TOO_MUCH, text)
        return SafeString(self._reader.renderer.render(tokens, self._reader.options, {}))

    def _embed(self, tokens: Sequence[Token], pictures: Place) -> None:
        for token in tokens:
            if token.attrs:
                _spend(self._addresses, sum(len(str(value)) for value in token.attrs.values()))
            if token.type == "image":
                token.attrs["src"] = pictures(str(token.attrs.get("src", "")))
            elif token.type == "link_open":
                address = str(token.attrs.get("href", ""))
                token.attrs["href"] = self._links(address)
                if address.startswith("#"):
                    token.attrs["target"] = "_self"
            self._embed(token.children or (), pictures)


class _Inline(ParserInline):
    """A parser that counts its steps: looking for the ends of links takes the most."""

    def __init__(self, steps: Budget) -> None:
        super().__init__()
        self._steps = steps

    def skipToken(self, state: StateInline) -> None:  # noqa: N802  overrides a method of the parser
        _spend(self._steps, 1)
        super().skipToken(state)


def _reader(steps: Budget, tokens: Budget) -> MarkdownIt:
    """Return a parser that raises `TooMuchError` when there is no room left."""

    def counted_fence(state: StateBlock, first: int, last: int, silent: bool) -> bool:  # noqa: FBT001  the parser calls it so
        # The first of the rules that are tried at each line, at each depth again.
        _spend(steps, 1)
        if len(state.tokens) > tokens.left:
            raise TooMuchError
        return fence(state, first, last, silent)

    def count_tokens(state: StateCore) -> None:
        _spend(tokens, len(state.tokens))

    reader = MarkdownIt()
    reader.inline = _Inline(steps)
    reader.configure("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.block.ruler.at("fence", counted_fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    reader.core.ruler.after("block", "count", count_tokens)
    return reader


def _spend(reservation: Budget, size: int) -> None:
    if not reservation.take(size):
        reservation.left = 0
        raise TooMuchError


def document(body: SafeString, *, title: str, appearance: str) -> HttpResponse:
    """Answer with a document for the frame."""
    context = {"body": body, "title": title, "appearance": appearance, "styles": _styles()}
    return HttpResponse(render_to_string("portal/rendered.html", context), headers=HEADERS)


@cache
def _styles() -> SafeString:
    """Return the style sheets that are put into documents: their frame loads none."""
    found = [finders.find(f"uws/{name}.css") for name in ("tokens", "rendered")]
    return SafeString("\n".join(Path(path).read_text() for path in found if path))
