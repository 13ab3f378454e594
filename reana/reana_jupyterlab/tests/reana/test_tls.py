"""HTTPS: errors of addresses and certificates name the cause and the next step."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from reana_jupyterlab.reana import Credentials, ReanaClient
from reana_jupyterlab.reana.errors import BadRequest, InvalidResponse, Unreachable, UntrustedCertificate, WrongScheme
from reana_jupyterlab.tests.conftest import QUICK
from reana_jupyterlab.tests.fake_faults import make_certificate, slam
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, redirect, says

Secure = Callable[[FakeReana], Path]
NGINX = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"
APACHE = b"<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.</p>"
GO = b"Client sent an HTTP request to an HTTPS server.\n"


@asynccontextmanager
async def connected(server: str, ca_file: str = "") -> AsyncIterator[ReanaClient]:
    client = ReanaClient(Credentials(server, TOKEN, ca_file), limits=QUICK)
    yield client
    await client.aclose()


def encrypted(reana: FakeReana) -> str:
    return reana.url.replace("http:", "https:")


async def test_http_to_a_port_of_https(reana: FakeReana, secure: Secure) -> None:
    secure(reana)
    async with connected(reana.url) as client:
        with pytest.raises(WrongScheme, match=re.escape(f"use {encrypted(reana)}.")):
            await client.user()


@pytest.mark.parametrize("body", [NGINX, APACHE, GO])
async def test_http_to_a_web_server_that_says_so(reana: FakeReana, body: bytes) -> None:
    reana.fail(".*", says(body, 400, "text/html"))
    async with connected(reana.url) as client:
        with pytest.raises(WrongScheme, match=re.escape(f"use {encrypted(reana)}.")):
            await client.user()


async def test_http_to_a_server_that_redirects_to_https(reana: FakeReana) -> None:
    reana.fail(".*", redirect("https://127.0.0.1:8443/api/you"))
    async with connected(reana.url) as client:
        with pytest.raises(WrongScheme, match=r"use https://127\.0\.0\.1:8443\."):
            await client.user()


async def test_redirect_to_another_host_is_not_proposed(reana: FakeReana) -> None:
    reana.fail(".*", redirect("https://evil.example.org/"))
    async with connected(reana.url) as client:
        with pytest.raises(InvalidResponse, match="redirects to another address"):
            await client.user()


async def test_https_to_a_port_of_http(reana: FakeReana) -> None:
    async with connected(encrypted(reana)) as client:
        with pytest.raises(WrongScheme, match=re.escape(f"use {reana.url}.")):
            await client.user()


async def test_closed_connection_is_not_reported_as_https(reana: FakeReana) -> None:
    reana.fail(".*", slam)
    async with connected(reana.url) as client:
        with pytest.raises(Unreachable, match="was interrupted"):
            await client.user()


async def test_unknown_authority(reana: FakeReana, secure: Secure) -> None:
    certificate = secure(reana)
    async with connected(encrypted(reana)) as client:
        with pytest.raises(UntrustedCertificate, match="give the file"):
            await client.user()
    async with connected(encrypted(reana), str(certificate)) as client:
        assert (await client.user()).email == "jane@example.org"


@pytest.mark.parametrize(
    ("name", "days", "words"), [("DNS:other.example.org", 2, "not valid for 127"), ("IP:127.0.0.1", 0, "has expired")]
)
async def test_invalid_certificate_with_a_known_authority(
    reana: FakeReana, tmp_path: Path, name: str, days: int, words: str
) -> None:
    certificate, key = await asyncio.to_thread(partial(make_certificate, tmp_path, name=name, days=days))
    reana.encrypt(certificate, key)
    async with connected(encrypted(reana), str(certificate)) as client:
        with pytest.raises(Unreachable, match=words) as caught:
            await client.user()
    assert type(caught.value) is Unreachable


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "does not exist"), ("no certificate\n", "contains no PEM certificates"), ("", "contains no PEM")],
)
async def test_invalid_certificate_file(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    async with connected("https://127.0.0.1:9", str(path)) as client:
        with pytest.raises(BadRequest, match=words) as caught:
            await client.user()
    assert str(path) in caught.value.message
