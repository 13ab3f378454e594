"""Listening, and what answers where no view does."""

import socket
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from user_workspaces.accounts.models import User
from user_workspaces.config import web
from user_workspaces.errors import ConfigurationError
from user_workspaces.registry import Registry


def test_a_taken_port_is_told_and_nothing_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port} cannot be listened on"):
            web.bind(host="127.0.0.1", port=port)


@pytest.mark.parametrize("address", ["localhost:abc", "localhost:0", "99999", "localhost:-1"])
@pytest.mark.django_db
def test_an_address_without_a_port_is_told(address: str) -> None:
    with pytest.raises(CommandError, match="is not a port"):
        call_command("runserver", address)


@pytest.mark.parametrize("path", ["/jobs/1/2/3/4", "/workspaces/x", "/tokens/a/b"])
def test_a_path_of_the_api_answers_json_to_browsers_too(site: Registry, client: Client, path: str) -> None:
    answer = client.get(path, HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.json()) == (404, {"success": False, "message": "Not found."})


def test_any_other_path_answers_browsers_with_a_page(
    site: Registry, client: Client, person: Callable[[str], User]
) -> None:
    person("ada")
    answer = client.get("/nowhere/", HTTP_ACCEPT="text/html")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_a_host_that_is_not_ours_is_refused_in_json(site: Registry, client: Client) -> None:
    answer = client.get("/status/", HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert answer.json()["success"] is False
