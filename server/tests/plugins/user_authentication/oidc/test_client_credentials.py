"""How the server identifies itself to the provider: in the form, in a header, or not at all."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.user_authentication.oidc.hostile import HostileProvider, LoginDriver

Make = Callable[..., LoginDriver]


def test_secret_is_sent_by_the_method_of_the_provider(make_driver: Make, provider: HostileProvider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    make_driver().whole()
    assert provider.forms[0]["client_secret"] == "s3cret"


def test_public_client_sends_no_secret(make_driver: Make, provider: HostileProvider) -> None:
    make_driver(client_secret_env="").whole()
    assert provider.forms[0]["client_id"] == "uws"
    assert "client_secret" not in provider.forms[0]


def test_secret_of_any_letters_is_sent_as_utf8(
    make_driver: Make, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_TEST_SECRET", "pä€")
    make_driver().whole()
    assert provider.credentials == [f"Basic {base64.b64encode('uws:pä€'.encode()).decode()}"]


@pytest.mark.parametrize("options", [{"client_secret_env": ""}, {}])
def test_credentials_of_the_account_are_not_sent(
    make_driver: Make,
    provider: HostileProvider,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: dict[str, str],
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login root password of-the-administrator\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    make_driver(**options).whole()
    assert provider.credentials == [None]
