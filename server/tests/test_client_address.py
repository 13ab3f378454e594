"""Client address and scheme behind trusted proxies, and the network that an address is counted for."""

import pytest

from user_workspaces.client_address import TrustedProxies, client_address, client_scheme, network_of, read_network

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/24", "2001:db8:5::/48"])


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("192.0.2.1", "6.6.6.6", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6", "6.6.6.6"),
        ("127.0.0.1", " \t6.6.6.6\t ", "6.6.6.6"),
        ("127.0.0.1", "5.5.5.5, 6.6.6.6", "6.6.6.6"),
        ("127.0.0.1", "5.5.5.5, 6.6.6.6, 10.0.0.9", "6.6.6.6"),
        ("127.0.0.1", "5.5.5.5, 10.0.0.9, 10.0.0.8", "5.5.5.5"),
        ("127.0.0.1", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.77", "6.6.6.6", "6.6.6.6"),
        ("10.0.1.77", "6.6.6.6", "10.0.1.77"),
        ("127.0.0.1", ",, ,", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6,", "6.6.6.6"),
        ("127.0.0.1", "5.5.5.5, unknown", "127.0.0.1"),
        ("127.0.0.1", "5.5.5.5, _hidden, 10.0.0.9", "10.0.0.9"),
        ("127.0.0.1", "6.6.6.6:8080", "6.6.6.6"),
        ("127.0.0.1", "6.6.6.6:http", "127.0.0.1"),
        ("127.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("127.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
        ("127.0.0.1", '"6.6.6.6"', "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6 5.5.5.5", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.06", "127.0.0.1"),
        ("127.0.0.1", "\xff\xfe", "127.0.0.1"),
        ("::ffff:127.0.0.1", "6.6.6.6", "6.6.6.6"),
        ("2001:db8:5:1::2", "6.6.6.6", "6.6.6.6"),
        ("2001:db8:6:1::2", "6.6.6.6", "2001:db8:6:1::2"),
        ("127.0.0.1", "::ffff:6.6.6.6", "6.6.6.6"),
        ("", "6.6.6.6", ""),
    ],
)
def test_client_is_the_nearest_untrusted_address(peer: str, told: str, address: str) -> None:
    assert client_address(peer=peer, forwarded_for=told, proxies=PROXIES) == address


@pytest.mark.parametrize(
    ("peer", "own", "told", "scheme"),
    [
        ("192.0.2.1", "http", "https", "http"),
        ("192.0.2.1", "https", "http", "https"),
        ("127.0.0.1", "http", "https", "https"),
        ("127.0.0.1", "http", "HTTPS", "https"),
        ("127.0.0.1", "http", "http", "http"),
        ("127.0.0.1", "http", "http, https", "https"),
        ("127.0.0.1", "http", "https,http", "http"),
        ("127.0.0.1", "http", " \thttps ", "https"),
        ("127.0.0.1", "http", "", "https"),
        ("127.0.0.1", "http", "javascript", "https"),
        ("127.0.0.1", "http", "https,", "https"),
        ("", "http", "http", "http"),
    ],
)
def test_scheme_is_that_of_the_nearest_proxy_or_the_portal(peer: str, own: str, told: str, scheme: str) -> None:
    assert client_scheme(peer=peer, own=own, forwarded_proto=told, proxies=PROXIES, public="https") == scheme


@pytest.mark.parametrize(
    ("address", "counted", "counted_with_loopback"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1", "loopback"),
        ("127.9.8.7", "127.9.8.7", "loopback"),
        ("::1", "::/64", "loopback"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.5", "127.0.0.5", "loopback"),
        ("", "", ""),
    ],
)
def test_network_of_each_address(address: str, counted: str, counted_with_loopback: str) -> None:
    assert network_of(address) == counted
    assert network_of(address, loopback=True) == counted_with_loopback


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.1/24", "0.0.0.0/0", "::/0", "", "10.0.0.", "127.0.0.1:80"])
def test_invalid_proxy_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_network(entry)
