"""The mail server in `config.json`, and its password in the environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from user_workspaces.config import env, load_config
from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.settings import MailSettings

EXAMPLE = env.PROJECT_DIR / "example_config.json"
LEAST: dict[str, Any] = {"host": "smtp.example.org", "from_address": "hub@example.org"}


def read(mail: object, folder: Path) -> MailSettings | None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(EXAMPLE.read_bytes()), "mail": mail}))
    return load_config.read(file)[0].mail


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UWS_MAIL_PASSWORD", raising=False)


def test_mail_is_disabled_without_an_entry() -> None:
    assert load_config.read(EXAMPLE)[0].mail is None


def test_omitted_keys_have_safe_defaults(tmp_path: Path) -> None:
    expected = MailSettings(host="smtp.example.org", port=587, from_address="hub@example.org", tls="starttls")
    assert read(LEAST, tmp_path) == expected


def test_the_password_comes_from_the_environment_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UWS_MAIL_PASSWORD", "wonderland")
    mail = read({**LEAST, "user": "hub"}, tmp_path)
    assert mail is not None
    assert (mail.user, mail.password) == ("hub", "wonderland")
    assert "wonderland" not in repr(mail)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"host": ""}, "mail.host: String should have at least 1 character"),
        ({"port": 0}, "mail.port: Input should be greater than or equal to 1"),
        ({"port": "25"}, "mail.port: Input should be a valid integer"),
        ({"tls": "yes"}, "mail.tls: Input should be 'none', 'starttls' or 'tls'"),
        ({"from_address": "hub"}, "mail.from_address: String should match pattern"),
        ({"from_address": "a@b\nBcc: c@d"}, "mail.from_address: String should match pattern"),
        ({"from_address": "a@b.org\n"}, "mail.from_address: String should match pattern"),
        ({"password": "x"}, "mail.password: Extra inputs are not permitted"),
        ({"user": "hub"}, "mail.user: set the password of 'hub' in UWS_MAIL_PASSWORD"),
    ],
)
def test_a_mistake_is_reported_with_its_key(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read({**LEAST, **change}, tmp_path)
    assert told in str(caught.value)
