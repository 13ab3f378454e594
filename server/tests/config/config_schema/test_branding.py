"""The key `site` of `config.json`: name, logo, contact and terms of a site."""

import json
from pathlib import Path
from typing import Any

import pytest

from user_workspaces.config import load_config
from user_workspaces.config.load_config import EMBEDDED_DEFAULT
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import Branding, ServerSettings

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def read(tmp_path: Path, site: object, **others: object) -> ServerSettings:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(EMBEDDED_DEFAULT.read_text()), "site": site, **others}))
    return load_config.read(path)[0]


def test_branding_is_empty_by_default() -> None:
    site = load_config.read(None)[0]
    assert (site.branding, site.public_url) == (Branding(), "")


def test_files_are_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(SVG)
    (tmp_path / "terms.txt").write_text("Be kind.")
    site = {"name": "Institute", "logo": "logo.svg", "contact": "help@example.org", "terms": "terms.txt"}
    found = read(tmp_path, site).branding
    assert found == Branding(
        name="Institute",
        logo=SVG.encode(),
        logo_type="image/svg+xml",
        contact="help@example.org",
        terms="Be kind.",
    )
    assert found.contact_url == "mailto:help@example.org"


def test_logo_contact_and_terms_can_be_urls(tmp_path: Path) -> None:
    base = "https://uws.example.org"
    site = {"logo": f"{base}/own/logo.png", "contact": "https://example.org/help", "terms": "https://example.org/terms"}
    found = read(tmp_path, site, base_url=base)
    assert found.public_url == base
    assert found.branding == Branding(
        logo_url=f"{base}/own/logo.png", contact="https://example.org/help", terms_url="https://example.org/terms"
    )
    assert found.branding.contact_url == "https://example.org/help"


def test_contact_of_the_site_is_the_default_contact_of_quotas(tmp_path: Path) -> None:
    assert read(tmp_path, {"contact": "help@example.org"}).quotas.contact == "help@example.org"
    own = read(tmp_path, {"contact": "help@example.org"}, quotas={"contact": "quota@example.org"})
    assert own.quotas.contact == "quota@example.org"


@pytest.mark.parametrize(
    ("site", "location"),
    [
        ({"name": 7}, "site.name"),
        ({"name": "a" * 61}, "site.name"),
        ({"name": "a\nb"}, "site.name"),
        ({"contact": "javascript:alert(1)"}, "site.contact"),
        ({"contact": "nobody"}, "site.contact"),
        ({"contact": "a@b?bcc=c@d"}, "site.contact"),
        ({"logo": "https://elsewhere.example.org/logo.png"}, "site.logo"),
        ({"logo": "missing.svg"}, "site.logo"),
        ({"logo": "config.json"}, "site.logo"),
        ({"logo": "large.png"}, "site.logo"),
        ({"logo": "folder.png"}, "site.logo"),
        ({"terms": "terms.html"}, "site.terms"),
        ({"terms": "bytes.txt"}, "site.terms"),
        ({"colour": "red"}, "site.colour"),
    ],
)
def test_invalid_value_is_reported_with_its_key(tmp_path: Path, site: Any, location: str) -> None:
    (tmp_path / "terms.html").write_text("<script>")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "large.png").write_bytes(b"0" * (1024 * 1024 + 1))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ConfigurationError, match=rf"config\.json: {location}: "):
        read(tmp_path, site, base_url="https://uws.example.org")
