"""The address and the scheme of a client behind trusted proxies."""

import ipaddress
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

IPV6_PREFIX: Final = 64
"""A single client can have all addresses of such a network, so each of them identifies nothing."""
LOOPBACK: Final = "loopback"
_SCHEMES: Final = frozenset({"http", "https"})
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def read_network(text: str) -> _Network:
    """Return the network of an entry of `trusted_proxies`, an address or a network; raises `ValueError`."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address like 10.0.0.1 or a network like 10.0.0.0/24: {error}") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} holds every address: any client could forge its own")
    return network


class TrustedProxies:
    """The web servers in front of this one, whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted."""

    def __init__(self, entries: Collection[str] = ()) -> None:
        self._networks = tuple(read_network(entry) for entry in entries)

    def __contains__(self, address: object) -> bool:
        """Return True for the address of a trusted proxy."""
        found = _address_in(address) if isinstance(address, str) else None
        return found is not None and any(found in network for network in self._networks)


@lru_cache(maxsize=16)
def trusted(entries: tuple[str, ...]) -> TrustedProxies:
    """Return the trusted proxies of a configuration; cached, since the entries are parsed."""
    return TrustedProxies(entries)


@lru_cache(maxsize=4096)
def client_address(*, peer: str, forwarded_for: str, proxies: TrustedProxies) -> str:
    """Return the address of the client behind a connection from `peer`.

    `forwarded_for` holds all values of `X-Forwarded-For`, joined with commas. It is read from its end, where the
    nearest proxy writes, as long as the writer of an entry is a trusted proxy. An invalid entry ends the reading.
    """
    nearest = peer
    for entry in _entries_from_the_end(forwarded_for):
        if nearest not in proxies:
            break
        found = _address_in(entry)
        if found is None:
            break
        nearest = str(found)
    return nearest


@lru_cache(maxsize=4096)
def client_scheme(*, peer: str, own: str, forwarded_proto: str, proxies: TrustedProxies, public: str) -> str:
    """Return the scheme that the client used: `own`, unless the connection comes from a trusted proxy.

    The last entry of `X-Forwarded-Proto` is that of the nearest proxy. Without an entry it is the `public` scheme, that
    of `base_url`.
    """
    if peer not in proxies:
        return own
    scheme = forwarded_proto.rpartition(",")[2].strip(" \t").lower()
    return scheme if scheme in _SCHEMES else public


@lru_cache(maxsize=4096)
def network_of(text: str, *, loopback: bool = False) -> str:
    """Return the key that an address is counted under: an IPv4 address, or the network of an IPv6 address.

    With `loopback` all loopback addresses have one key, since each process of the machine can use all of them.
    """
    address = _address_in(text)
    if address is None:
        return text
    if loopback and address.is_loopback:
        return LOOPBACK
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((int(address), IPV6_PREFIX), strict=False))


def _entries_from_the_end(text: str) -> Iterator[str]:
    return (entry.strip(" \t") for entry in reversed(text.split(",")) if entry.strip(" \t"))


def _address_in(text: str) -> _Address | None:
    """Return the address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`."""
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
    else:
        port = ""
    if port and not (port.isascii() and port.isdigit()):
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
