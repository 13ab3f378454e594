"""HTTPS to REANA: trusted certificates, and explanations of failed connections."""

import asyncio
import ssl
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from .errors import BadRequest, Unreachable, UntrustedCertificate, WrongScheme

PROBE_S = 5

_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""OpenSSL errors of a server that responds in plain text."""
# OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH.
_EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64


def trust(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those of a file."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        # FileNotFoundError and SSLError are subclasses of OSError, so they come first.
        except FileNotFoundError:
            raise BadRequest(f"The certificate file {ca_file} does not exist.") from None
        except ssl.SSLError:
            raise BadRequest(f"The file {ca_file} contains no PEM certificates (BEGIN CERTIFICATE).") from None
        except OSError as error:
            raise BadRequest(f"The certificate file {ca_file} cannot be read.") from error
    return context


def problem(error: BaseException, *, server: str) -> Unreachable | None:
    """Return the TLS problem behind a connection error; None if it is not about TLS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, server=server)
        if isinstance(cause, ssl.SSLError):
            return _no_encryption(cause, server=server)
        cause = cause.__cause__ or cause.__context__  # httpx wraps the error of `ssl` several times
    return None


def _certificate(error: ssl.SSLCertVerificationError, *, server: str) -> Unreachable:
    if error.verify_code in {_OTHER_NAME, _OTHER_ADDRESS}:
        return Unreachable(f"The server's certificate is not valid for {urlsplit(server).hostname}: check the address.")
    if error.verify_code == _EXPIRED:
        return Unreachable("The server's certificate has expired: contact the server's administrator.")
    return UntrustedCertificate(
        "The server's certificate is signed by an unknown authority. If your site signs its own certificates, "
        "give the file with its CA certificate."
    )


def _no_encryption(error: ssl.SSLError, *, server: str) -> Unreachable:
    if error.reason in _PLAIN:
        return WrongScheme(f"The server does not use HTTPS at this address: use {_with_scheme(server, 'http')}.")
    return Unreachable("Cannot establish an encrypted connection to the server: check the address and the port.")


async def check_scheme(server: str) -> None:
    """Raise `WrongScheme` if a server that closes plain HTTP connections uses HTTPS."""
    parts = urlsplit(server)
    if parts.scheme == "http" and parts.hostname and await _takes_tls(parts.hostname, parts.port or 80):
        raise _wants_https(server)


def refused_scheme(response: httpx.Response, body: bytes, *, server: str) -> WrongScheme | None:
    """Return the error if a response requires HTTPS: by a redirect, or by an error page of a web server."""
    if not server.startswith("http:"):
        return None
    to = urlsplit(response.headers.get("Location", ""))
    # A redirect to another host is no hint about this one.
    is_redirect = response.is_redirect and to.scheme == "https" and to.hostname == urlsplit(server).hostname
    words = body.lower()
    # The error pages of nginx, Go and Apache, in this order.
    is_told = response.status_code == HTTPStatus.BAD_REQUEST and (
        b"https port" in words or b"https server" in words or b"ssl-enabled server" in words
    )
    if is_redirect:
        return _wants_https(f"https://{to.netloc}{urlsplit(server).path}")
    return _wants_https(server) if is_told else None


def _wants_https(server: str) -> WrongScheme:
    return WrongScheme(f"The server uses HTTPS at this address: use {_with_scheme(server, 'https')}.")


def _with_scheme(server: str, scheme: str) -> str:
    return f"{scheme}:{server.partition(':')[2]}"


async def _takes_tls(host: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Must be off before `verify_mode` can be CERT_NONE.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # no data is sent: only the handshake matters
    try:
        async with asyncio.timeout(PROBE_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return False
    # A clean TLS shutdown would wait for the server.
    writer.transport.abort()
    return True
