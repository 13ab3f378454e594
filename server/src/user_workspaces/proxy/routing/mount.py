"""Removes the base path from requests to a session that is served at its root, and adds it to responses."""

from typing import Final

from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.proxy.http1.headers import Pairs
from user_workspaces.proxy.http1.parser import RequestHead, without_default_port
from user_workspaces.proxy.routing.routes import Route

_SLASHES: Final = 4
"""Slashes before the page in a path such as `/passthrough/local/12/lab`."""
_ADDRESSES: Final = frozenset((b"location", b"content-location"))


def prefix_of(head: RequestHead, route: Route) -> bytes:
    """Return the part of the path that the session does not see, without trailing slash; empty if it sees all."""
    if route.endpoint.mount != Mount.STRIP:
        return b""
    path = head.target.partition(b"?")[0]
    return b"/".join(
        path.split(b"/", _SLASHES)[:_SLASHES]
    )  # as sent by the browser: cookie paths and links have to match it


def target_of(head: RequestHead, *, prefix: bytes) -> bytes:
    """Return the target for the session. It never starts with two slashes, which would name a host."""
    return b"/" + head.target[len(prefix) :].lstrip(b"/") if prefix else head.target


def with_prefix(pairs: Pairs, *, prefix: bytes, host: bytes) -> Pairs:
    """Return the headers of a response with the prefix added to redirects and cookie paths."""
    return tuple((name, _changed(name, value, prefix=prefix, host=host)) for name, value in pairs)


def _changed(name: bytes, value: bytes, *, prefix: bytes, host: bytes) -> bytes:
    if name in _ADDRESSES:
        return _address(value, prefix=prefix, host=host)
    return _cookie(value, prefix=prefix) if name == b"set-cookie" else value


def _address(value: bytes, *, prefix: bytes, host: bytes) -> bytes:
    """Return a URL with the prefix; URLs of other hosts and relative ones are unchanged."""
    start, slashes, rest = value.partition(b"//")
    # `//host/path` has the scheme of the page, so it is absolute as well.
    if slashes and start.lower() in (b"", b"http:", b"https:"):
        named, slash, path = rest.partition(b"/")
        if without_default_port(named.lower()) != host.lower():
            return value
        return start + slashes + named + _below(prefix, slash + path)
    return _below(prefix, value) if value.startswith(b"/") else value


def _below(prefix: bytes, path: bytes) -> bytes:
    """Return a path below the prefix; a path that is below it already is unchanged."""
    bare = path.partition(b"?")[0].partition(b"#")[0]
    return path if bare == prefix or bare.startswith(prefix + b"/") else prefix + (path or b"/")


def _cookie(value: bytes, *, prefix: bytes) -> bytes:
    pair, *attributes = value.split(b";")
    return b";".join([pair, *(_attribute(part, prefix) for part in attributes)])


def _attribute(part: bytes, prefix: bytes) -> bytes:
    name, _, path = part.partition(b"=")
    path = path.strip(b" \t")
    if name.strip(b" \t").lower() != b"path" or not path.startswith(b"/"):
        return part
    return b" Path=" + _below(prefix, path)
