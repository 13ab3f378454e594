"""Accepting, declining, cancelling and retrying shares over HTTP."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.conftest import Caller, listed, share
from support.fake_copies import make_copies, offer
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.sharing.models import Share
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]
NONE = "Shared workspace matching given parameters could not be found."


def test_offer_is_not_listed_as_a_workspace_before_acceptance(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    refusal = f"Workspace {number} is a shared workspace and has not been accepted."
    for made in (False, True):
        if made:
            make_copies()
        for path in ("/workspaces/", f"/workspaces/{number}/", "/workspaces/?name=cell-atlas"):
            assert grace("GET", path).body["data"]["workspaces"] == []
        for method, path, body in (
            ("PUT", "", {"name": "mine"}), ("DELETE", "", {}), ("DELETE", "?force=true", {}), ("PUT", "upload/", {}),
            ("PUT", "start/", {"job_type": "local_test"}),
        ):  # fmt: skip
            response = grace(method, f"/workspaces/{number}/{path}", body)
            assert (response.status, response.message) == (400, refusal)
        response = grace("POST", "/shared_workspaces/", {"original_workspace_id": number, "shared_user_ids": [1]})
        assert (response.status, response.message) == (400, refusal)
    assert grace("PUT", f"/shared_workspaces/{number}/accept").message == "Successful."
    (own,) = grace("GET", "/workspaces/").body["data"]["workspaces"]
    assert (own["id"], own["status"], own["name"]) == (number, "idle", "cell-atlas")
    home = home_of(Workspace.objects.get(pk=number))
    assert [entry.path for entry in home.storage.tree(home.location)] == ["notes", "notes/plan.txt"]
    assert grace("PUT", f"/workspaces/{number}/", {"name": "mine"}).status == 200


def test_permissions_of_sender_and_receiver(ada: Caller, grace: Caller, mallory: Caller, original: Workspace) -> None:
    """A sender, a receiver and another user."""
    number = share(ada, original, grace)
    missing = f"Shared workspace {number} not found."
    assert (listed(ada), listed(grace), listed(mallory)) == (([number], []), ([], [number]), ([], []))
    response = mallory("GET", f"/shared_workspaces/{number}/")
    assert (response.status, response.message, response.body["data"]["total"]) == (200, NONE, 0)
    for caller, verb in ((ada, "accept"), (mallory, "accept"), (mallory, "retry")):
        response = caller("PUT", f"/shared_workspaces/{number}/{verb}/")
        assert (response.status, response.message) == (404, missing)
    response = mallory("DELETE", f"/shared_workspaces/{number}/")
    text = f"User does not have permissions for shared workspace {number}."
    assert (response.status, response.message) == (403, text)
    for caller in (ada, grace, mallory):
        for method, verb, message in (
            ("PUT", "9999/accept/", "Shared workspace 9999 not found."),
            ("DELETE", "9999", "Shared workspace 9999 not found."),
        ):
            response = caller(method, f"/shared_workspaces/{verb}")
            assert (response.status, response.message) == (404, message)
        response = caller("PUT", f"/shared_workspaces/{number}/refuse")
        assert (response.status, response.message) == (400, "Invalid PUT type passed.")
    assert Share.objects.get().is_accepted is False


@pytest.mark.parametrize("who", ["ada", "grace"])
@pytest.mark.parametrize("made", [False, True])
def test_cancelling_a_share_deletes_its_files(
    ada: Caller, grace: Caller, original: Workspace, who: str, *, made: bool
) -> None:
    number = share(ada, original, grace)
    home = home_of(Workspace.objects.get(pk=number))
    if made:
        make_copies()
        assert home.storage.locate(home.location).exists()
    caller = ada if who == "ada" else grace
    for path in (f"/shared_workspaces/{number}/", f"/shared_workspaces/{number}"):
        response = caller("DELETE", path)
        assert (response.status, response.message) == (200, f"Shared workspace {number} queued for deletion.")
    assert (listed(ada), listed(grace)) == (([], []), ([], []))
    assert grace("PUT", f"/shared_workspaces/{number}/accept/").status == 404
    make_copies()
    process_due_workspaces(now=timezone.now())
    assert not home.storage.locate(home.location).exists()
    assert list(Workspace.objects.all()) == [original]
    assert caller("DELETE", f"/shared_workspaces/{number}/").status == 404


def test_accepted_share_cannot_be_cancelled(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    for _ in range(2):
        assert grace("PUT", f"/shared_workspaces/{number}/accept/").message == "Successful."
    for caller in (ada, grace):
        response = caller("DELETE", f"/shared_workspaces/{number}/")
        text = f"Shared workspace {number} has been accepted and cannot be deleted."
        assert (response.status, response.message) == (400, text)
    assert listed(ada, "/shared_workspaces/?is_accepted=true") == ([number], [])
    assert listed(ada, "/shared_workspaces/?is_accepted=false") == ([], [])


@pytest.mark.parametrize("text", ["True", "true", "1"])
def test_acceptance_filter_accepts_all_spellings(ada: Caller, grace: Caller, original: Workspace, text: str) -> None:
    share(ada, original, grace)
    assert listed(grace, f"/shared_workspaces?is_accepted={text}") == ([], [])


@pytest.mark.parametrize("text", ["maybe", "", "%00", "2", "x" * 5000])
def test_invalid_acceptance_filter_is_refused(ada: Caller, text: str) -> None:
    response = ada("GET", f"/shared_workspaces/?is_accepted={text}")
    assert (response.status, response.message) == (400, "is_accepted must be true or false.")


def test_an_original_with_open_shares_is_not_deleted(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    text = (
        f"Workspace {original.pk} has shared workspaces associated with it, that have not yet been accepted. "
        "Please cancel those shares to delete this workspace."
    )
    for query in ("", "?force=true"):
        response = ada("DELETE", f"/workspaces/{original.pk}/{query}")
        assert (response.status, response.message) == (400, text)
    grace("PUT", f"/shared_workspaces/{number}/accept/")
    for caller, workspace_id in ((ada, original.pk), (grace, number)):
        response = caller("DELETE", f"/workspaces/{workspace_id}/")
        text = f"Workspace {workspace_id} is being copied. Delete it when the copy is complete."
        assert (response.status, response.message) == (400, text)
    make_copies()
    for _ in range(2):
        assert ada("DELETE", f"/workspaces/{original.pk}/").status == 200
    process_due_workspaces(now=timezone.now())
    (shown,) = grace("GET", f"/shared_workspaces/{number}/").body["data"]["shared_workspaces"]
    assert shown["original_workspace_id"] is None
    assert shown["shared_workspace_id"]["id"] == number


def test_declined_share_does_not_block_deletion(ada: Caller, grace: Caller, original: Workspace) -> None:
    grace("DELETE", f"/shared_workspaces/{share(ada, original, grace)}/")
    assert ada("DELETE", f"/workspaces/{original.pk}/").status == 200


def test_sender_and_receiver_do_not_see_later_changes(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    make_copies()
    grace("PUT", f"/shared_workspaces/{number}/accept/")
    grace("PUT", f"/workspaces/{number}/", {"name": "of grace", "description": "private"})
    ada("PUT", f"/workspaces/{original.pk}/", {"name": "of ada", "description": "secret"})
    (seen_by_ada,) = ada("GET", "/shared_workspaces/").body["data"]["original_workspaces"]
    (seen_by_grace,) = grace("GET", "/shared_workspaces/").body["data"]["shared_workspaces"]
    sides = ("original_workspace_id", "shared_workspace_id")
    assert [seen_by_ada[side]["name"] for side in sides] == ["of ada", "cell-atlas"]
    assert [seen_by_grace[side]["name"] for side in sides] == ["cell-atlas", "of grace"]
    assert "private" not in str(seen_by_ada)
    assert "secret" not in str(seen_by_grace)


def test_pagination_covers_both_lists(ada: Caller, grace: Caller, workspace_of: Make) -> None:
    assert ada.user
    assert grace.user
    numbers = []
    for number in range(5):
        sender, receiver = (ada, grace) if number % 2 else (grace, ada)
        assert sender.user
        numbers.append(share(sender, workspace_of(sender.user, str(number)), receiver))
    first = ada("GET", "/shared_workspaces/?limit=2").body["data"]
    assert (first["total"], first["previous"]) == (5, None)
    seen, path = [], "/shared_workspaces/?limit=2"
    while path:
        data = ada("GET", path).body["data"]
        shown = [one["shared_workspace_id"]["id"] for key in ("original_workspaces", "shared_workspaces")
                 for one in data[key]]  # fmt: skip
        assert len(shown) <= 2
        seen += sorted(shown, reverse=True)
        path = data["next"]
    assert seen == numbers[::-1]


def test_list_needs_the_same_queries_for_one_and_three(ada: Caller, grace: Caller, workspace_of: Make) -> None:
    assert ada.user
    counts = []
    for more in (1, 2):
        for number in range(more):
            share(ada, workspace_of(ada.user, f"{more}-{number}"), grace)
        grace("GET", "/shared_workspaces/")
        with CaptureQueriesContext(connection) as queries:
            grace("GET", "/shared_workspaces/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_failed_copy_is_reported_and_retried(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = offer(original, grace.user).pk
    home = home_of(original)
    home.storage.delete(home.location)
    make_copies()
    (shown,) = grace("GET", "/shared_workspaces/").body["data"]["shared_workspaces"]
    assert shown["copy_details"]["state"] == "failed"
    assert "No such file or directory" in shown["copy_details"]["message"]
    response = grace("PUT", f"/shared_workspaces/{number}/accept/")
    assert (response.status, response.message.startswith("The copy failed: ")) == (400, True)
    home.storage.create(home.location)
    assert ada("PUT", f"/shared_workspaces/{number}/retry").message == "Successful."
    make_copies()
    assert grace("PUT", f"/shared_workspaces/{number}/accept/").message == "Successful."
    response = grace("PUT", f"/shared_workspaces/{number}/retry/")
    text = f"The copy of shared workspace {number} has not failed: there is nothing to retry."
    assert (response.status, response.message) == (400, text)
