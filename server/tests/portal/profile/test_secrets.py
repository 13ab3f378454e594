"""Workflow secrets on the profile page."""

from base64 import b64decode

import pytest
from django.test import Client

from user_workspaces.accounts.models import User
from user_workspaces.workflows.models import Secret

pytestmark = pytest.mark.usefixtures("site")
VALUE = "swordfish of the 7 seas"


def wanted(**change: str) -> dict[str, str]:
    values = {"name": "DATABASE_PASSWORD", "kind": "env", "value": VALUE, **change}
    return {f"secret-{name}": value for name, value in values.items()}


def kept(user: User) -> dict[str, tuple[str, bytes]]:
    return {one.name: (one.kind, b64decode(one.value)) for one in Secret.objects.filter(owner=user)}


def test_secret_is_stored_and_never_shown(browser: Client, ada: User) -> None:
    assert browser.post("/profile/secrets/", wanted())["Location"] == "/profile/"
    assert kept(ada) == {"DATABASE_PASSWORD": ("env", VALUE.encode())}
    page = browser.get("/profile/").content
    assert (b"DATABASE_PASSWORD" in page, VALUE.encode() in page) == (True, False)


def test_reserved_secret_name_is_reported(browser: Client, ada: User) -> None:
    for name, kind in (("PATH", "env"), ("HOME", "file"), ("TOKEN", "env")):
        Secret.objects.create(owner=ada, name=name, kind=kind, value="")
    assert browser.get("/profile/").content.count(b"not passed to runs: the name is reserved") == 1


def test_line_breaks_of_a_file_are_normalized(browser: Client, ada: User) -> None:
    browser.post("/profile/secrets/", wanted(name="key.pem", kind="file", value=" BEGIN\r\né\r\n"))
    assert kept(ada) == {"key.pem": ("file", " BEGIN\né\n".encode())}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, b"This field is required"),
        ({"name": "two words"}, b"letters, digits and _ only"),
        ({"name": "LD_PRELOAD"}, b"LD_PRELOAD is a reserved name: it changes how commands run. Choose another name."),
        ({"name": "PATH"}, b"PATH is a reserved name"),
        ({"name": "../x", "kind": "file"}, b"must be a valid file name"),
        ({"name": "n" * 201}, b"at most 200 characters"),
        ({"kind": "socket"}, b"Select a valid choice"),
        ({"value": ""}, b"This field is required"),
        ({"value": f"{VALUE}\0"}, b"Null characters are not allowed"),
        ({"value": VALUE + "x" * (1 << 20)}, b"at most 1048576"),
        ({"value": VALUE + "é" * (1 << 19)}, b"at most 1048576 bytes"),
    ],
)
def test_invalid_secret_is_reported_without_its_value(browser: Client, change: dict[str, str], said: bytes) -> None:
    response = browser.post("/profile/secrets/", wanted(**change))
    assert (response.status_code, said in response.content, VALUE.encode() in response.content) == (422, True, False)
    assert not Secret.objects.exists()


def test_secret_is_replaced_only_on_request(browser: Client, ada: User) -> None:
    browser.post("/profile/secrets/", wanted())
    refused = browser.post("/profile/secrets/", wanted(value="another"))
    assert (refused.status_code, b"You already have a secret of this name" in refused.content) == (422, True)
    assert kept(ada)["DATABASE_PASSWORD"][1] == VALUE.encode()
    assert browser.post("/profile/secrets/", wanted(value="another", replace="on")).status_code == 302
    assert kept(ada) == {"DATABASE_PASSWORD": ("env", b"another")}


def test_only_own_secrets_are_deleted(browser: Client, stranger: Client, ada: User) -> None:
    browser.post("/profile/secrets/", wanted())
    assert b"DATABASE_PASSWORD" not in stranger.get("/profile/").content
    assert stranger.post("/profile/secrets/delete/", {"name": "DATABASE_PASSWORD"}).status_code == 404
    assert kept(ada)
    assert browser.post("/profile/secrets/delete/", {"name": "DATABASE_PASSWORD"})["Location"] == "/profile/"
    assert not kept(ada)
    for name in ("DATABASE_PASSWORD", "", "\0"):
        assert browser.post("/profile/secrets/delete/", {"name": name}).status_code == 404
