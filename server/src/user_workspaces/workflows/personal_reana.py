"""A user's external REANA server, which their sessions use in place of this one. It is checked before it is stored."""

import time
from datetime import datetime
from fnmatch import fnmatchcase
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from urllib.parse import urlsplit

import orjson
import requests

from user_workspaces import registry
from user_workspaces.accounts import rate_limit
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest
from user_workspaces.workflows.models import PersonalReana

LONGEST_ADDRESS = 500
LONGEST_TOKEN = 1_000
LARGEST_RESPONSE = 64 * 1024
CONNECT_SECONDS, SILENT_SECONDS, ALL_SECONDS = 5.0, 5.0, 15.0
NO_REANA = "The server at this address is not a REANA server."
TOO_SLOW = "This REANA server did not respond in time. Please try again later."
UNREACHABLE = "The server at this address cannot be reached, or its certificate cannot be verified."

_asking = BoundedSemaphore(8)
"""Limits concurrent checks. They run in own threads: a server that sends a byte a minute blocks no worker thread."""


def personal_reana_of(user_id: int) -> PersonalReana | None:
    """Return a user's external REANA; None if their sessions use the workflow service of this server."""
    return PersonalReana.objects.filter(user_id=user_id).first()


def store_reana(*, user: User, server: str, access_token: str, now: datetime) -> None:
    """Store address and token if that REANA accepts them; raises `InvalidRequest`, never with the token."""
    server = checked_address(server)
    if not access_token.isascii() or not access_token.isprintable() or not 0 < len(access_token) <= LONGEST_TOKEN:
        raise InvalidRequest("This is not a valid REANA access token.")
    limit = registry.site().rate_limits.log_ins_per_account
    # Limited like log-ins: otherwise this form could be used to guess tokens of other REANA servers.
    rate_limit.consume(rate_limit.bucket_of("reana.elsewhere", str(user.pk)), limit=limit, now=now)
    _check_in_thread(server, access_token)
    PersonalReana.objects.update_or_create(user=user, defaults={"server": server, "access_token": access_token})


def forget_reana(*, user: User) -> bool:
    """Delete a user's external REANA; return False if there was none."""
    return bool(PersonalReana.objects.filter(user=user).delete()[0])


def checked_address(text: str) -> str:
    """Return an allowed address without its trailing slash; raises `InvalidRequest`."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        is_plain, parts = False, urlsplit("")
    # A user name before `@` could imitate an allowed host; parsed parts do not show an empty query or fragment.
    has_more = parts.username is not None or "?" in address or "#" in address or not address.isprintable()
    is_address = is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in address
    if not is_address or has_more or len(address) > LONGEST_ADDRESS:
        raise InvalidRequest("The address of a REANA server looks like https://reana.example.org, without a query.")
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if not any(fnmatchcase(origin, pattern.lower()) for pattern in registry.site().workflows.reana_elsewhere):
        raise InvalidRequest("The administrators of this server do not allow this address.")
    return address


def _check_in_thread(server: str, access_token: str) -> None:
    """Check in a daemon thread, and stop waiting for it after `ALL_SECONDS`."""
    if not _asking.acquire(blocking=False):
        raise InvalidRequest(TOO_SLOW)
    results: SimpleQueue[InvalidRequest | None] = SimpleQueue()

    def check() -> None:
        try:
            _check(server, access_token)
            results.put(None)
        except InvalidRequest as error:
            results.put(error)
        finally:
            # By the thread: a check that continues after the timeout keeps its slot.
            _asking.release()

    Thread(target=check, daemon=True, name="reana-elsewhere").start()
    try:
        error = results.get(timeout=ALL_SECONDS)
    except Empty:
        raise InvalidRequest(TOO_SLOW) from None
    if error is not None:
        raise error


def _check(server: str, access_token: str) -> None:
    """Request the token's user from the server; raises `InvalidRequest`, without any text from the server."""
    deadline = time.monotonic() + ALL_SECONDS
    try:
        with requests.get(
            f"{server}/api/you",
            params={"access_token": access_token},
            timeout=(CONNECT_SECONDS, SILENT_SECONDS),
            allow_redirects=False,  # a redirect could send the token to an address that is not allowed
            # Otherwise `requests` reads the whole body first, however large it is.
            stream=True,
        ) as response:
            if response.status_code in {requests.codes.unauthorized, requests.codes.forbidden}:
                raise InvalidRequest("This REANA server rejected the token.")
            body = _read(response, deadline=deadline) if response.ok and not response.is_redirect else b""
    except requests.Timeout:
        raise InvalidRequest(TOO_SLOW) from None
    except (requests.RequestException, ValueError):  # their texts contain the URL with the token
        raise InvalidRequest(UNREACHABLE) from None
    try:
        user = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InvalidRequest(NO_REANA) from None
    if not isinstance(user, dict) or not isinstance(user.get("email"), str):
        raise InvalidRequest(NO_REANA)


def _read(response: requests.Response, *, deadline: float) -> bytes:
    body = b""
    # The timeout of `requests` applies to each read: a slow sender would never exceed it.
    for piece in response.iter_content(4096):
        body += piece
        if len(body) > LARGEST_RESPONSE:
            raise InvalidRequest(NO_REANA)
        if time.monotonic() > deadline:
            raise InvalidRequest(TOO_SLOW)
    return body
