"""The branding in `config.json`: name, logo, contact and terms of the site."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import Branding

MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"'&?/]+@[^@\s<>,;:\"'&?/]+")
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
}
TEXTS = (".txt", ".md")
LARGEST_FILE = 1024 * 1024


def is_url(text: str) -> bool:
    """Return whether a text is an absolute `http` or `https` URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s\"'<>\\]", text)


def _contact(text: str) -> str:
    if text and not MAIL_ADDRESS.fullmatch(text) and not is_url(text):
        raise ValueError(f"{text!r} is neither a mail address nor an address like https://example.org/help")
    return text


class SiteEntry(BaseModel):
    """The branding of the site."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(default="", max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")
    logo: str = Field(default="", max_length=1000)
    contact: Annotated[str, AfterValidator(_contact)] = Field(default="", max_length=254)
    terms: str = Field(default="", max_length=1000)

    def value(self, *, source: Path, base_url: str) -> Branding:
        """Return the branding; raises `ConfigurationError` for an unusable file."""
        logo_url = self.logo if is_url(self.logo) else ""
        if logo_url and not (base_url and logo_url.startswith(f"{base_url}/")):
            raise ConfigurationError(
                f"{source}: site.logo: {logo_url!r} is not below base_url; set a file or a URL of this server"
            )
        terms_url = self.terms if is_url(self.terms) else ""
        logo = None if logo_url or not self.logo else _file(source, "site.logo", self.logo, endings=tuple(PICTURES))
        terms = None if terms_url or not self.terms else _file(source, "site.terms", self.terms, endings=TEXTS)
        return Branding(
            name=self.name.strip(),
            logo_url=logo_url,
            logo=logo.read_bytes() if logo else b"",
            logo_type=PICTURES[logo.suffix.lower()] if logo else "",
            contact=self.contact,
            terms_url=terms_url,
            terms=_text(source, terms) if terms else "",
        )


def _file(source: Path, key: str, named: str, *, endings: tuple[str, ...]) -> Path:
    """Return the path of a file relative to the folder of `config.json`."""
    path = source.parent / Path(named).expanduser()
    if path.suffix.lower() not in endings:
        raise ConfigurationError(f"{source}: {key}: {named!r} must end in one of {', '.join(endings)}")
    try:
        size = path.stat().st_size
        # stat(2) also succeeds for files that cannot be read.
        with path.open("rb"):
            pass
    except OSError as error:
        raise ConfigurationError(f"{source}: {key}: {path}: cannot be read: {error.strerror}") from None
    if size > LARGEST_FILE:
        raise ConfigurationError(f"{source}: {key}: {path}: larger than {LARGEST_FILE} bytes")
    return path


def _text(source: Path, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{source}: site.terms: {path}: not text in UTF-8") from None
