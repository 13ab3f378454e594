"""`/users/` and offers under each search rule: found users, visible e-mail addresses, possible receivers."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth.models import Group

from api.conftest import Caller, share
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import UserSearch
from user_workspaces.sharing.models import Share
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
ALL, GROUPS, EXACT = UserSearch.ALL, UserSearch.GROUPS, UserSearch.EXACT
NOBODY = 10**6
INVALID = (400, "Invalid user id provided.")


@pytest.fixture
def rule(ada: Caller, grace: Caller, make_user: Callable[[str], User]) -> Callable[[UserSearch], None]:
    """Return a function that sets the search rule; Ada and Grace are in one group, Linus is in none."""
    make_user("linus")
    group = Group.objects.create(name="astronomy")
    for caller in (ada, grace):
        assert caller.user
        caller.user.groups.add(group)

    def put(user_search: UserSearch) -> None:
        registry.install(registry.current(), replace(registry.site(), user_search=user_search))

    return put


def found(caller: Caller, search: str) -> dict[str, str]:
    """Return the found users: names with e-mail addresses."""
    response = caller("GET", f"/users/?search={search}")
    users = response.body["data"]["users"]
    assert (response.message == "Users matching given parameters could not be found.") == (not users)
    assert all(set(one) == {"id", "username", "first_name", "last_name", "email"} for one in users)
    return {one["username"]: one["email"] for one in users}


ADA, GRACE, LINUS = ({name: f"{name}@example.org"} for name in ("ada", "grace", "linus"))


@pytest.mark.parametrize(
    ("user_search", "search", "by_ada", "by_stranger"),
    [
        (ALL, "", {**GRACE, **LINUS}, {**ADA, **GRACE}),
        (ALL, "example", {**GRACE, **LINUS}, {**ADA, **GRACE}),
        (GROUPS, "", {"grace": ""}, {}),
        (GROUPS, "example", {}, {}),
        (GROUPS, "grace", {"grace": ""}, {}),
        (GROUPS, "grace@example.org", GRACE, {}),
        (GROUPS, "linus@example.org", {}, {}),
        (EXACT, "", {}, {}),
        (EXACT, "example", {}, {}),
        (EXACT, "grac", {}, {}),
        (EXACT, "grace", {"grace": ""}, {"grace": ""}),
        (EXACT, "Grace@Example.org", GRACE, GRACE),
    ],
)
def test_search_finds_users_by_rule(
    ada: Caller,
    call: Callable[..., Caller],
    rule: Callable[[UserSearch], None],
    user_search: UserSearch,
    search: str,
    by_ada: dict[str, str],
    by_stranger: dict[str, str],
) -> None:
    rule(user_search)
    assert found(ada, search) == by_ada
    assert found(call("linus"), search) == by_stranger


@pytest.mark.parametrize(
    ("user_search", "member", "stranger"), [(ALL, True, True), (GROUPS, True, False), (EXACT, False, False)]
)
def test_hidden_ids_look_like_unknown_ones(
    ada: Caller,
    rule: Callable[[UserSearch], None],
    original: Workspace,
    user_search: UserSearch,
    *,
    member: bool,
    stranger: bool,
) -> None:
    rule(user_search)
    ids = {name: User.objects.get(username=name).pk for name in ("grace", "linus")}
    for number, wanted in ((ids["grace"], member), (ids["linus"], stranger), (NOBODY, False)):
        body = {"original_workspace_id": original.pk, "shared_user_ids": [number]}
        response = ada("POST", "/shared_workspaces/", body)
        assert (response.status, response.message) == ((200, "Successful.") if wanted else INVALID)
    assert Share.objects.count() == member + stranger


def test_sharing_with_an_exactly_found_user_does_not_reveal_the_email(
    ada: Caller, grace: Caller, rule: Callable[[UserSearch], None], original: Workspace
) -> None:
    rule(EXACT)
    assert found(ada, "grace") == {"grace": ""}
    share(ada, original, grace)
    for caller, other, kind in ((ada, "grace", "original_workspaces"), (grace, "ada", "shared_workspaces")):
        (one,) = caller("GET", "/shared_workspaces/").body["data"][kind]
        sides = [one[side]["user_id"] for side in ("original_workspace_id", "shared_workspace_id")]
        told = {side["username"]: side["email"] for side in sides}
        assert caller.user
        assert told == {caller.user.username: caller.user.email, other: ""}


def test_receiver_can_share_with_the_sender(
    ada: Caller,
    grace: Caller,
    rule: Callable[[UserSearch], None],
    original: Workspace,
    workspace_of: Callable[..., Workspace],
) -> None:
    """Sender and receiver see each other in the offer."""
    rule(ALL)
    share(ada, original, grace)
    rule(EXACT)
    assert grace.user
    share(grace, workspace_of(grace.user), ada)
