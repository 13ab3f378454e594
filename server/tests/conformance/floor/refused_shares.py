"""Offers that cannot be made, and what is not there to be accepted or declined."""

from conformance.floor.launching import NOBODYS_ID
from conformance.floor.sharing import MADE, NONE_FOUND
from conformance.patterns import Known, Lacking
from conformance.rows import REFUSED, Call, scenario

SCENARIOS = (
    scenario(
        "share refused",
        *MADE,
        *(
            Call(name, "POST /shared_workspaces/", json=body, status=400, says="Missing required fields.")
            for name, body in {
                "nothing": {},
                "no people": {"original_workspace_id": Known("id")},
                "no workspace": {"shared_user_ids": [Known("grace")]},
            }.items()
        ),
        *(
            Call(
                f"people are {what!r}",
                "POST /shared_workspaces/",
                status=400,
                says="shared_user_ids is not a list.",
                json={"original_workspace_id": Known("id"), "shared_user_ids": what},
            )
            for what in ("all", {"a": 1}, 7)
        ),
        *(
            Call(
                f"a person is {what!r}",
                "POST /shared_workspaces/",
                status=400,
                says="Invalid user id provided.",
                json={"original_workspace_id": Known("id"), "shared_user_ids": [what]},
            )
            for what in (NOBODYS_ID, -1, "grace", None, True, 1.5, [1], {"id": 1}, 10**30)
        ),
        Call(
            "one good, one not",
            "POST /shared_workspaces/",
            status=400,
            says="Invalid user id provided.",
            json={"original_workspace_id": Known("id"), "shared_user_ids": [Known("grace"), NOBODYS_ID]},
        ),
        Call(
            "somebody else's",
            "POST /shared_workspaces/",
            who="mallory",
            status=404,
            json={"original_workspace_id": Known("id"), "shared_user_ids": [Known("grace")]},
            says="Workspace {id} not found for user.",
        ),
        Call(
            "nobody's",
            "POST /shared_workspaces/",
            status=404,
            says=f"Workspace {NOBODYS_ID} not found for user.",
            json={"original_workspace_id": NOBODYS_ID, "shared_user_ids": [Known("grace")]},
        ),
        *(
            Call(
                f"a workspace is {what!r}",
                "POST /shared_workspaces/",
                status=REFUSED,
                json={"original_workspace_id": what, "shared_user_ids": [Known("grace")]},
            )
            for what in ("first", [1], {"id": 1}, True, -1, 10**30)
        ),
        Call(
            "accept nobody's",
            f"PUT /shared_workspaces/{NOBODYS_ID}/accept/",
            status=404,
            says=f"Shared workspace {NOBODYS_ID} not found.",
        ),
        Call(
            "delete nobody's",
            f"DELETE /shared_workspaces/{NOBODYS_ID}/",
            status=404,
            says=f"Shared workspace {NOBODYS_ID} not found.",
        ),
        Call("look at nobody's", f"GET /shared_workspaces/{NOBODYS_ID}/", says=NONE_FOUND),
        Call(
            "none of mine",
            "GET /shared_workspaces/",
            who="mallory",
            says=NONE_FOUND,
            data={"original_workspaces": [], "shared_workspaces": []},
        ),
        Call(
            "offered to nobody",
            "GET /shared_workspaces/",
            data={"original_workspaces": Lacking({"original_workspace_id": {"id": Known("id")}})},
        ),
        Call("can go", "DELETE /workspaces/{id}/"),
    ),
)
