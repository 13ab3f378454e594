"""`/shared_workspaces/`: offering, looking, accepting and declining, in the words of the contract."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.conftest import Caller, launch
from copy_shop import make_copies, offer
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import tend_workspaces
from user_workspaces.sharing.models import Mail, Offer, Share
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]
NONE = "Shared workspace matching given parameters could not be found."
FILES = Details(files=(NewFile("notes/plan.txt", b"hello"), NewFile(".secret", b"x")))


@pytest.fixture
def original(ada: Caller, workspace_of: Make) -> Workspace:
    return workspace_of(ada.user, "cell-atlas", FILES)


@pytest.fixture
def grace(call: Callable[..., Caller]) -> Caller:
    return call("grace")


@pytest.fixture
def mallory(call: Callable[..., Caller]) -> Caller:
    return call("mallory")


def share(sender: Caller, original: Workspace, *receivers: Caller) -> int:
    """Offer it over HTTP, and return the number of the first share."""
    ids = [receiver.user.pk for receiver in receivers if receiver.user]
    answer = sender("POST", "/shared_workspaces/", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    assert answer.status == 200, answer.message
    number: int = answer.body["data"]["shared_workspaces"][0]["shared_workspace_id"]["id"]
    return number


def listed(caller: Caller, path: str = "/shared_workspaces/") -> tuple[list[int], list[int]]:
    """Return the numbers of what was sent and of what was received."""
    data = caller("GET", path).body["data"]
    sent, received = data["original_workspaces"], data["shared_workspaces"]
    return [one["shared_workspace_id"]["id"] for one in sent], [one["shared_workspace_id"]["id"] for one in received]


def test_a_share_has_the_shape_that_clients_know(ada: Caller, grace: Caller, original: Workspace) -> None:
    launch(original)
    ids = [person.user.pk for person in (grace,) if person.user]
    answer = ada("POST", "/shared_workspaces", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    assert (answer.status, answer.message) == (200, "Workspace shared.")
    (one,) = answer.body["data"]["shared_workspaces"]
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
        "copy_details": {"state": "waiting", "percent": 0, "message": ""},
    }  # fmt: skip
    assert one == {**expected, **further}
    make_copies()
    for caller in (ada, grace):
        for path in ("/shared_workspaces/", f"/shared_workspaces/{number}", "/shared_workspaces/?is_accepted=false"):
            body = caller("GET", path).body["data"]
            (shown,) = body["original_workspaces"] + body["shared_workspaces"]
            assert len(body["original_workspaces"]) == (caller is ada)
            assert shown["copy_details"] == {"state": "ready", "percent": 100, "message": ""}
            current = shown["shared_workspace_id"]["workspace_details"]["current_workspace_details"]
            assert current == {"files": [{"name": "/notes/plan.txt"}], "symlinks": []}


def test_the_last_launch_is_told(ada: Caller, grace: Caller, original: Workspace) -> None:
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
            "A workspace can be shared with at most 1000 people at once.",
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
def test_an_offer_that_cannot_be_is_refused_and_leaves_nothing(
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

    answer = ada("POST", "/shared_workspaces/", {name: filled(value) for name, value in body.items()})
    assert (answer.status, answer.message) == (status, message)
    assert (Share.objects.count(), Offer.objects.count(), Workspace.objects.count(), Mail.objects.count()) == (
        0, 0, 1, 0
    )  # fmt: skip


def test_somebody_elses_workspace_cannot_be_offered(grace: Caller, mallory: Caller, original: Workspace) -> None:
    body = {"original_workspace_id": original.pk, "shared_user_ids": [mallory.user.pk if mallory.user else 0]}
    answer = grace("POST", "/shared_workspaces/", body)
    assert (answer.status, answer.message) == (404, f"Workspace {original.pk} not found for user.")


def test_an_open_offer_is_not_made_twice(ada: Caller, grace: Caller, mallory: Caller, original: Workspace) -> None:
    share(ada, original, grace, grace)
    assert Share.objects.count() == 1
    ids = [caller.user.pk for caller in (mallory, grace) if caller.user]
    answer = ada("POST", "/shared_workspaces/", {"original_workspace_id": original.pk, "shared_user_ids": ids})
    text = f"Workspace {original.pk} is shared already, and not yet accepted by: grace."
    assert (answer.status, answer.message) == (400, text)
    assert Share.objects.count() == 1


def test_after_an_answer_the_same_can_be_offered_again(ada: Caller, grace: Caller, original: Workspace) -> None:
    first = share(ada, original, grace)
    grace("PUT", f"/shared_workspaces/{first}/accept/")
    second = share(ada, original, grace)
    grace("DELETE", f"/shared_workspaces/{second}/")
    third = share(ada, original, grace)
    assert listed(grace) == ([], [third, first])


def test_a_workspace_is_offered_to_a_thousand(ada: Caller, original: Workspace) -> None:
    people = User.objects.bulk_create(User(username=f"p{number}") for number in range(1000))
    body = {"original_workspace_id": original.pk, "shared_user_ids": [one.pk for one in people]}
    assert ada("POST", "/shared_workspaces/", body).status == 200
    assert ada("GET", "/shared_workspaces/?limit=1").body["data"]["total"] == 1000


def test_an_offer_is_no_workspace_before_it_is_accepted(ada: Caller, grace: Caller, original: Workspace) -> None:
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
            answer = grace(method, f"/workspaces/{number}/{path}", body)
            assert (answer.status, answer.message) == (400, refusal)
        answer = grace("POST", "/shared_workspaces/", {"original_workspace_id": number, "shared_user_ids": [1]})
        assert (answer.status, answer.message) == (400, refusal)
    assert grace("PUT", f"/shared_workspaces/{number}/accept").message == "Successful."
    (own,) = grace("GET", "/workspaces/").body["data"]["workspaces"]
    assert (own["id"], own["status"], own["name"]) == (number, "idle", "cell-atlas")
    home = home_of(Workspace.objects.get(pk=number))
    assert [entry.path for entry in home.storage.tree(home.place)] == ["notes", "notes/plan.txt"]
    assert grace("PUT", f"/workspaces/{number}/", {"name": "mine"}).status == 200


def test_who_may_do_what(ada: Caller, grace: Caller, mallory: Caller, original: Workspace) -> None:
    """Two people and a stranger."""
    number = share(ada, original, grace)
    missing = f"Shared workspace {number} not found."
    assert (listed(ada), listed(grace), listed(mallory)) == (([number], []), ([], [number]), ([], []))
    answer = mallory("GET", f"/shared_workspaces/{number}/")
    assert (answer.status, answer.message, answer.body["data"]["total"]) == (200, NONE, 0)
    for caller, verb in ((ada, "accept"), (mallory, "accept"), (mallory, "retry")):
        answer = caller("PUT", f"/shared_workspaces/{number}/{verb}/")
        assert (answer.status, answer.message) == (404, missing)
    answer = mallory("DELETE", f"/shared_workspaces/{number}/")
    text = f"User does not have permissions for shared workspace {number}."
    assert (answer.status, answer.message) == (403, text)
    for caller in (ada, grace, mallory):
        for method, verb, message in (
            ("PUT", "9999/accept/", "Shared workspace 9999 not found."),
            ("DELETE", "9999", "Shared workspace 9999 not found."),
        ):
            answer = caller(method, f"/shared_workspaces/{verb}")
            assert (answer.status, answer.message) == (404, message)
        answer = caller("PUT", f"/shared_workspaces/{number}/refuse")
        assert (answer.status, answer.message) == (400, "Invalid PUT type passed.")
    assert Share.objects.get().is_accepted is False


@pytest.mark.parametrize("who", ["ada", "grace"])
@pytest.mark.parametrize("made", [False, True])
def test_a_share_is_taken_back_with_its_files(
    ada: Caller, grace: Caller, original: Workspace, who: str, *, made: bool
) -> None:
    number = share(ada, original, grace)
    home = home_of(Workspace.objects.get(pk=number))
    if made:
        make_copies()
        assert home.storage.locate(home.place).exists()
    caller = ada if who == "ada" else grace
    for path in (f"/shared_workspaces/{number}/", f"/shared_workspaces/{number}"):
        answer = caller("DELETE", path)
        assert (answer.status, answer.message) == (200, f"Shared workspace {number} queued for deletion.")
    assert (listed(ada), listed(grace)) == (([], []), ([], []))
    assert grace("PUT", f"/shared_workspaces/{number}/accept/").status == 404
    make_copies()
    tend_workspaces(now=timezone.now())
    assert not home.storage.locate(home.place).exists()
    assert list(Workspace.objects.all()) == [original]
    assert caller("DELETE", f"/shared_workspaces/{number}/").status == 404


def test_what_is_accepted_is_not_taken_back(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    for _ in range(2):
        assert grace("PUT", f"/shared_workspaces/{number}/accept/").message == "Successful."
    for caller in (ada, grace):
        answer = caller("DELETE", f"/shared_workspaces/{number}/")
        text = f"Shared workspace {number} has been accepted and cannot be deleted."
        assert (answer.status, answer.message) == (400, text)
    assert listed(ada, "/shared_workspaces/?is_accepted=true") == ([number], [])
    assert listed(ada, "/shared_workspaces/?is_accepted=false") == ([], [])


@pytest.mark.parametrize("text", ["True", "true", "1"])
def test_acceptance_filters_in_all_its_spellings(ada: Caller, grace: Caller, original: Workspace, text: str) -> None:
    share(ada, original, grace)
    assert listed(grace, f"/shared_workspaces?is_accepted={text}") == ([], [])


@pytest.mark.parametrize("text", ["maybe", "", "%00", "2", "x" * 5000])
def test_a_filter_that_is_no_answer_is_refused(ada: Caller, text: str) -> None:
    answer = ada("GET", f"/shared_workspaces/?is_accepted={text}")
    assert (answer.status, answer.message) == (400, "is_accepted must be true or false.")


def test_an_original_with_open_shares_is_not_deleted(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = share(ada, original, grace)
    text = (
        f"Workspace {original.pk} has shared workspaces associated with it, that have not yet been accepted. "
        "Please cancel those shares to delete this workspace."
    )
    for query in ("", "?force=true"):
        answer = ada("DELETE", f"/workspaces/{original.pk}/{query}")
        assert (answer.status, answer.message) == (400, text)
    grace("PUT", f"/shared_workspaces/{number}/accept/")
    for caller, workspace_id in ((ada, original.pk), (grace, number)):
        answer = caller("DELETE", f"/workspaces/{workspace_id}/")
        text = f"Workspace {workspace_id} is being copied: it can be deleted when that is done."
        assert (answer.status, answer.message) == (400, text)
    make_copies()
    for _ in range(2):
        assert ada("DELETE", f"/workspaces/{original.pk}/").status == 200
    tend_workspaces(now=timezone.now())
    (shown,) = grace("GET", f"/shared_workspaces/{number}/").body["data"]["shared_workspaces"]
    assert shown["original_workspace_id"] is None
    assert shown["shared_workspace_id"]["id"] == number


def test_a_declined_share_does_not_hold_the_original(ada: Caller, grace: Caller, original: Workspace) -> None:
    grace("DELETE", f"/shared_workspaces/{share(ada, original, grace)}/")
    assert ada("DELETE", f"/workspaces/{original.pk}/").status == 200


def test_neither_sees_what_the_other_does_with_theirs(ada: Caller, grace: Caller, original: Workspace) -> None:
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


def test_pages_cut_both_lists_as_one(ada: Caller, grace: Caller, workspace_of: Make) -> None:
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


def test_a_list_takes_as_many_queries_for_three_as_for_one(ada: Caller, grace: Caller, workspace_of: Make) -> None:
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


def test_a_failed_copy_is_told_and_tried_again(ada: Caller, grace: Caller, original: Workspace) -> None:
    number = offer(original, grace.user).pk
    home = home_of(original)
    home.storage.delete(home.place)
    make_copies()
    (shown,) = grace("GET", "/shared_workspaces/").body["data"]["shared_workspaces"]
    assert shown["copy_details"]["state"] == "failed"
    assert "There is no such file or directory" in shown["copy_details"]["message"]
    answer = grace("PUT", f"/shared_workspaces/{number}/accept/")
    assert (answer.status, answer.message.startswith("The copy could not be made: ")) == (400, True)
    home.storage.create(home.place)
    assert ada("PUT", f"/shared_workspaces/{number}/retry").message == "Successful."
    make_copies()
    assert grace("PUT", f"/shared_workspaces/{number}/accept/").message == "Successful."
    answer = grace("PUT", f"/shared_workspaces/{number}/retry/")
    text = f"The copy of shared workspace {number} has not failed: there is nothing to retry."
    assert (answer.status, answer.message) == (400, text)
