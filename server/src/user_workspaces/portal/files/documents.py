"""Markdown and notebooks as HTML documents for a sandboxed frame without scripts and network access.

The content is not trusted and not sanitized here: the sandbox of the frame blocks scripts, and its policy blocks all
requests.
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
    # The sandbox is a header as well as an attribute of the frame, so that it holds outside of the frame.
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
MOST_OF_PICTURES = 8 * 1024 * 1024
"""In bytes, for all pictures of a document: they are embedded, since the frame can load nothing."""
MOST_PICTURES = 200
"""Number of files that are opened for one document."""
MOST_MARKDOWN = LARGEST_EDITED
"""In characters, for a whole document, like the limits below."""
MOST_STEPS = 400_000
"""Parser steps; some short texts cause very many."""
MOST_TOKENS = 100_000
"""Block tokens; each table cell has three, even a cell that the text omits."""
MOST_OF_ADDRESSES = 1024 * 1024
"""In characters; one reference definition can give a long URL to many links."""
TOO_MUCH = "This Markdown is too large or too complex to format. Its source is shown instead."
# With `//`, which begins the URL of another host without a scheme.
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
UrlMapper = Callable[[str], str]
"""Maps a URL in a document to another one."""


class Budget:
    """Remaining amount of something in one document."""

    def __init__(self, most: int) -> None:
        self.left = most

    def take(self, size: int) -> bool:
        """Take this amount if it fits, and return True if it did."""
        fits = size <= self.left
        if fits:
            self.left -= size
        return fits


class Pictures:
    """Embeds pictures of the workspace in a document, as `data:` URLs."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self._workspace = workspace
        self._folder = posixpath.dirname(path)
        self._budget = Budget(MOST_OF_PICTURES)
        self._read = dict[str, str | None]()

    def embed(self, address: str) -> str:
        """Return the `data:` URL of a picture, or its address unchanged if it cannot be embedded."""
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
        # Every use counts, because each embeds the data again. Four characters of Base64 are three bytes.
        if packed is None or not self._budget.take(len(packed) * 3 // 4 - packed[-2:].count("=")):
            return address
        return f"data:{kind};base64,{packed}"

    def _packed(self, path: str) -> str | None:
        try:
            opened = open_file(workspace=self._workspace, path=path)
        except UserWorkspacesError:
            return None
        with opened.content as content:
            # Checked before reading, because the file may not fit into memory.
            if opened.entry.size > self._budget.left:
                return None
            return base64.b64encode(content.read(opened.entry.size)).decode()


def below(folder: str, address: str) -> str:
    """Resolve a relative address in a file of the folder to a path, which need not exist."""
    path = unquote(address.partition("#")[0].partition("?")[0])
    # Below `/`, `normpath` drops each `..` that would lead out of the workspace.
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def links_of(path: str, preview: str) -> UrlMapper:
    """Return a mapper from links between files to their previews at the URL `preview`."""

    def embed(address: str) -> str:
        if SCHEME.match(address) or address.startswith("#"):
            return address
        return f"{preview}?path={quote(below(posixpath.dirname(path), address), safe='')}"

    return embed


class TooMuchError(Exception):
    """A text would need too much time or memory."""


class Markdown:
    """Renders all Markdown of one document, within common limits."""

    def __init__(self, *, pictures: UrlMapper, links: UrlMapper) -> None:
        self._pictures = pictures
        self._links = links
        self._text = Budget(MOST_MARKDOWN)
        self._addresses = Budget(MOST_OF_ADDRESSES)
        self._tokens = Budget(MOST_TOKENS)
        self._reader = _reader(Budget(MOST_STEPS), self._tokens)

    def html(self, text: str, *, pictures: UrlMapper | None = None) -> SafeString:
        """Return the HTML of a text, optionally with its own `pictures`; beyond the limits, return it as plain text."""
        try:
            _spend(self._text, len(text))
            tokens = self._reader.parse(text)
            self._embed(tokens, pictures or self._pictures)
        except TooMuchError:
            return format_html("<p><em>{}</em></p><pre>{}</pre>", TOO_MUCH, text)
        return SafeString(self._reader.renderer.render(tokens, self._reader.options, {}))

    def _embed(self, tokens: Sequence[Token], pictures: UrlMapper) -> None:
        for token in tokens:
            if token.attrs:
                _spend(self._addresses, sum(len(str(value)) for value in token.attrs.values()))
            if token.type == "image":
                token.attrs["src"] = pictures(str(token.attrs.get("src", "")))
            elif token.type == "link_open":
                address = str(token.attrs.get("href", ""))
                token.attrs["href"] = self._links(address)
                # All links of the document open a new tab, except those within it.
                if address.startswith("#"):
                    token.attrs["target"] = "_self"
            self._embed(token.children or (), pictures)


class _Inline(ParserInline):
    """Counts parser steps; the search for the ends of links takes most of them."""

    def __init__(self, steps: Budget) -> None:
        super().__init__()
        self._steps = steps

    def skipToken(self, state: StateInline) -> None:  # noqa: N802  overrides a method of the parser
        _spend(self._steps, 1)
        super().skipToken(state)


def _reader(steps: Budget, tokens: Budget) -> MarkdownIt:
    """Return a parser that raises `TooMuchError` once a budget is used up."""

    def counted_fence(state: StateBlock, first: int, last: int, silent: bool) -> bool:  # noqa: FBT001  signature of the parser
        # `fence` is the first rule that the parser tries at each line and depth, so it sees all of them.
        _spend(steps, 1)
        if len(state.tokens) > tokens.left:
            raise TooMuchError
        return fence(state, first, last, silent)

    def count_tokens(state: StateCore) -> None:
        _spend(tokens, len(state.tokens))

    reader = MarkdownIt()
    reader.inline = _Inline(steps)
    reader.configure("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # `at` replaces the chains of a rule, too, so they are repeated.
    reader.block.ruler.at("fence", counted_fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    reader.core.ruler.after("block", "count", count_tokens)
    return reader


def _spend(budget: Budget, size: int) -> None:
    if not budget.take(size):
        # Emptied, so that the rest of the document does not try again.
        budget.left = 0
        raise TooMuchError


def document(body: SafeString, *, title: str, appearance: str) -> HttpResponse:
    """Return the response with a document for the frame."""
    context = {"body": body, "title": title, "appearance": appearance, "styles": _styles()}
    return HttpResponse(render_to_string("portal/rendered.html", context), headers=HEADERS)


@cache
def _styles() -> SafeString:
    """Return the style sheets to embed in documents, since their frame cannot load any."""
    found = [finders.find(f"uws/{name}.css") for name in ("tokens", "rendered")]
    return SafeString("\n".join(Path(path).read_text() for path in found if path))
