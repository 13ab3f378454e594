"""`/shared_workspaces/`: offers and lists, with the messages of the contract."""

from collections.abc import Callable
from typing import Any

import pytest

from api.conftest import Caller, launch, listed, share
from support.fake_copies import make_copies
from user_workspaces.accounts.models import User
from user_workspaces.sharing.models import Mail, Offer, Share
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]


def test_share_has_the_documented_keys(ada: Caller, grace: Caller, original: Workspace) -> None:
    launch(original)
    ids = [user.user.pk for user in (grace,) if user.user]
    response = ada("POST", "/shared_workspaces", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    assert (response.status, response.message) == (200, "Successful.")
    (one,) = response.body["data"]["shared_workspaces"]
    number = one["shared_workspace_id"]["id"]
    assert one.pop("datetime_share_created").endswith("+00:00")
    names = [{"name": "notes/plan.txt"}]
    nothing: dict[str, Any] = {"files": [], "symlinks": []}
    details = {"request_workspace_details": {"files": names, "symlinks": []}, "current_workspace_details": nothing}
    expected = {
        side: {
            "id": workspace_id,
            "user_id": {
                "id": caller.user.pk, "username": name, "first_name": "", "last_name": "",
                "email": f"{name}@example.org",
            },
            "name": "cell-atlas",
            "description": "",
            "workspace_details": details,
        }
        for side, workspace_id, caller, name in (
            ("original_workspace_id", original.pk, ada, "ada"), ("shared_workspace_id", number, grace, "grace")
        )
        if caller.user
    }  # fmt: skip
    further = {
        "last_resource_options": {}, "last_job_type": "local_test", "is_accepted": False,
        "copy_details": {"state": "waiting", "percent": 0, "message": "", "disk_space": 0},
    }  # fmt: skip
    assert one == {**expected, **further}


def test_sender_and_receiver_see_a_ready_share(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    make_copies()
    for caller in (ada, grace):
        for path in ("/shared_workspaces/", f"/shared_workspaces/{number}", "/shared_workspaces/?is_accepted=false"):
            body = caller("GET", path).body["data"]
            (shown,) = body["original_workspaces"] + body["shared_workspaces"]
            assert len(body["original_workspaces"]) == (caller is ada)
            size = Workspace.objects.get(pk=number).disk_space
            assert shown["copy_details"] == {"state": "ready", "percent": 100, "message": "", "disk_space": size}
            assert size > 0
            current = shown["shared_workspace_id"]["workspace_details"]["current_workspace_details"]
            assert current == {"files": [{"name": "/notes/plan.txt"}], "symlinks": []}


def test_share_shows_the_last_launch(ada: Caller, grace: Caller, original: Workspace) -> None:
    body = {"job_type": "jupyter_lab", "resource_options": {"num_cpus": 2}}
    launch(original)
    assert ada("PUT", f"/workspaces/{original.pk}/start/", body).status == 200
    share(ada, original, grace)
    (shown,) = grace("GET", "/shared_workspaces/").body["data"]["shared_workspaces"]
    assert (shown["last_job_type"], shown["last_resource_options"]) == ("jupyter_lab", {"num_cpus": 2})


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "Missing required fields."),
        ({"original_workspace_id": 1}, 400, "Missing required fields."),
        ({"shared_user_ids": ["{grace}"]}, 400, "Missing required fields."),
        ({"original_workspace_id": None, "shared_user_ids": ["{grace}"]}, 400, "Missing required fields."),
        ({"original_workspace_id": "{id}", "shared_user_ids": None}, 400, "Missing required fields."),
        ({"original_workspace_id": "{id}", "shared_user_ids": []}, 400, "Missing required fields."),
        ({"original_workspace_id": "{id}", "shared_user_ids": "x"}, 400, "shared_user_ids is not a list."),
        ({"original_workspace_id": "{id}", "shared_user_ids": 5}, 400, "shared_user_ids is not a list."),
        ({"original_workspace_id": "{id}", "shared_user_ids": {"a": 1}}, 400, "shared_user_ids is not a list."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", "x"]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", "5"]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", None]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", True]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", 1.5]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", [1]]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", {}]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", -1]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", 0]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", 2**63]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", 10**9]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{grace}", "{ada}"]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{portal}"]}, 400, "Invalid user id provided."),
        ({"original_workspace_id": "{id}", "shared_user_ids": ["{gone}"]}, 400, "Invalid user id provided."),
        (
            {"original_workspace_id": "{id}", "shared_user_ids": list(range(1, 1002))}, 400,
            "A workspace can be shared with at most 1000 users at once.",
        ),
        ({"original_workspace_id": 10**9, "shared_user_ids": ["{grace}"]}, 404,
         "Workspace 1000000000 not found for user."),
        ({"original_workspace_id": "abc", "shared_user_ids": ["{grace}"]}, 400,
         "original_workspace_id must be a number."),
        ({"original_workspace_id": True, "shared_user_ids": ["{grace}"]}, 400,
         "original_workspace_id must be a number."),
        ({"original_workspace_id": [1], "shared_user_ids": ["{grace}"]}, 400,
         "original_workspace_id must be a number."),
        ({"original_workspace_id": 2**64 - 1, "shared_user_ids": ["{grace}"]}, 400,
         "original_workspace_id must be a number."),
        ({"original_workspace_id": -5, "shared_user_ids": ["{grace}"]}, 400,
         "original_workspace_id must be a number."),
    ],
)  # fmt: skip
def test_invalid_offer_is_refused_and_leaves_nothing(
    ada: Caller, grace: Caller, original: Workspace, body: dict[str, Any], status: int, message: str
) -> None:
    service = User.objects.create(username="client:portal", is_service=True)
    gone = User.objects.create(username="gone", is_active=False)
    assert ada.user is not None
    assert grace.user is not None
    known = {
        "{id}": original.pk, "{grace}": grace.user.pk, "{ada}": ada.user.pk, "{portal}": service.pk, "{gone}": gone.pk
    }  # fmt: skip

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return known.get(value, value) if isinstance(value, str) else value

    response = ada("POST", "/shared_workspaces/", {name: filled(value) for name, value in body.items()})
    assert (response.status, response.message) == (status, message)
    assert (Share.objects.count(), Offer.objects.count(), Workspace.objects.count(), Mail.objects.count()) == (
        0, 0, 1, 0
    )  # fmt: skip


def test_workspace_of_another_user_cannot_be_offered(grace: Caller, mallory: Caller, original: Workspace) -> None:
    body = {"original_workspace_id": original.pk, "shared_user_ids": [mallory.user.pk if mallory.user else 0]}
    response = grace("POST", "/shared_workspaces/", body)
    assert (response.status, response.message) == (404, f"Workspace {original.pk} not found for user.")


def test_an_open_offer_is_not_made_twice(ada: Caller, grace: Caller, mallory: Caller, original: Workspace) -> None:
    """Existing offers are kept, further receivers get theirs, and repeating an offer is no error."""
    first = share(ada, original, grace, grace)
    ids = [caller.user.pk for caller in (mallory, grace) if caller.user]
    body = {"original_workspace_id": original.pk, "shared_user_ids": ids}
    for _ in range(2):
        response = ada("POST", "/shared_workspaces/", body)
        assert (response.status, response.message) == (200, "Successful.")
        sides = [one["shared_workspace_id"] for one in response.body["data"]["shared_workspaces"]]
        assert {side["user_id"]["username"]: side["id"] == first for side in sides} == {"mallory": False, "grace": True}
        assert (Share.objects.count(), Offer.objects.count()) == (2, 2)


def test_failed_copy_is_retried_by_a_new_offer(
    ada: Caller, grace: Caller, mallory: Caller, original: Workspace
) -> None:
    first, other = share(ada, original, grace), share(ada, original, mallory)
    Share.objects.update(state="failed", message="The disk went away.", next_check_at=None)
    Workspace.objects.filter(pk__in=[first, other]).update(status="error")
    ids = [caller.user.pk for caller in (grace,) if caller.user]
    response = ada("POST", "/shared_workspaces/", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    (shown,) = response.body["data"]["shared_workspaces"]
    told = {"state": "waiting", "percent": 0, "message": "", "disk_space": shown["copy_details"]["disk_space"]}
    assert (response.status, shown["shared_workspace_id"]["id"], shown["copy_details"]) == (200, first, told)
    make_copies()
    assert dict(Share.objects.values_list("pk", "state")) == {first: "ready", other: "failed"}


def test_workspace_can_be_offered_again_after_acceptance_or_decline(
    ada: Caller, grace: Caller, original: Workspace
) -> None:
    first = share(ada, original, grace)
    grace("PUT", f"/shared_workspaces/{first}/accept/")
    second = share(ada, original, grace)
    grace("DELETE", f"/shared_workspaces/{second}/")
    third = share(ada, original, grace)
    assert listed(grace) == ([], [third, first])


@pytest.mark.slow
def test_workspace_is_offered_to_a_thousand_users(ada: Caller, original: Workspace) -> None:
    users = User.objects.bulk_create(User(username=f"p{number}") for number in range(1000))
    body = {"original_workspace_id": original.pk, "shared_user_ids": [one.pk for one in users]}
    assert ada("POST", "/shared_workspaces/", body).status == 200
    assert ada("GET", "/shared_workspaces/?limit=1").body["data"]["total"] == 1000
