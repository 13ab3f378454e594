"""The format of API tokens and one-time links: random, with a prefix and a checksum; stored as digests."""

import base64
import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass

PREFIX = "uws_"
RANDOM_CHARACTERS = 43
CHECKSUM_CHARACTERS = 8
SCHEMES = ("token", "bearer")
SCHEME_AND_TOKEN = 2


@dataclass(frozen=True, slots=True)
class NewToken:
    """The text of a new token, which is shown only once, and the parts that are stored."""

    text: str
    digest: str
    prefix: str


def new_token() -> NewToken:
    """Create a token: `uws_`, 256 random bits in base64url, and a CRC-32 in hex that detects typing errors."""
    return _token(secrets.token_urlsafe(32))


def _token(random_part: str) -> NewToken:
    text = f"{PREFIX}{random_part}{_checksum(random_part)}"
    return NewToken(text=text, digest=digest_of(text), prefix=text[:12])


def derived_token(secret: str, *, purpose: str) -> NewToken:
    """Return the token that is derived from a secret of 256 random bits, always the same one."""
    # 32 bytes give 43 characters, so that derived and random tokens have one format.
    made = hmac.digest(secret.encode(), f"token:{purpose}".encode(), "sha256")
    return _token(base64.urlsafe_b64encode(made).decode().rstrip("="))


def is_well_formed(text: str) -> bool:
    """Return True for a text in the format of tokens; asks no database."""
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != RANDOM_CHARACTERS + CHECKSUM_CHARACTERS:
        return False
    random_part, checksum = body[:RANDOM_CHARACTERS], body[RANDOM_CHARACTERS:]
    # The checksum is no secret: a comparison in constant time is not needed.
    return _checksum(random_part) == checksum


def token_in_headers(*, own: str | None, usual: str | None) -> str | None:
    """Return the token of `UWS-Authorization` (`own`), else of `Authorization`.

    None without these headers; empty for a header without a token.
    """
    header = usual if own is None else own
    if header is None:
        return None
    words = header.split()
    if len(words) == 1 and own is not None:
        return words[0]
    if len(words) == SCHEME_AND_TOKEN and words[0].lower() in SCHEMES:
        return words[1]
    return ""


def digest_of(text: str) -> str:
    """Return the stored form of a token: SHA-256, without a salt, since 256 random bits cannot be guessed."""
    # `replace`, because the text of a client may hold lone surrogates, which UTF-8 cannot encode.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode(errors='replace')):08x}"
