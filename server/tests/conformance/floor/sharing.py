"""A workspace from one person to another: offered, accepted, declined, cancelled, and refused to all others."""

from conformance.floor.launching import make
from conformance.floor.shapes import PAGED, SHARE, WORKSPACE
from conformance.patterns import Known, Lacking, OneOf, Some
from conformance.rows import Call, scenario

NONE_FOUND = "Shared workspace matching given parameters could not be found."
NOT_ACCEPTED = "Workspace {copy} is a shared workspace and has not been accepted."
OPEN_SHARES = (
    "Workspace {id} has shared workspaces associated with it, that have not yet been accepted. "
    "Please cancel those shares to delete this workspace."
)
FILES = {"files": [{"name": "shared.txt", "content": "of {run}"}]}
SIDES = {
    "original_workspace_id": {"id": Known("id"), "user_id": {"username": "{ada_name}", "email": "{ada_mail}"}},
    "shared_workspace_id": {"id": Known("copy"), "user_id": {"username": "{grace_name}"}, "name": "launch-{run}"},
}
WAITING = {**SHARE, **SIDES, "is_accepted": False}
GRACE = Call(
    "whom", "GET /users/?search={grace_mail}", data={"users": [{}]}, keep={"grace": "data.users.0.id"}, both=False
)
MADE = (make(workspace_details=FILES), GRACE)


def offer(name: str = "offered", path: str = "/shared_workspaces/") -> Call:
    body = {"original_workspace_id": Known("id"), "shared_user_ids": [Known("grace")]}
    sent = {
        "shared_workspaces": [{**SHARE, "original_workspace_id": SIDES["original_workspace_id"], "is_accepted": False}]
    }
    place = "data.shared_workspaces.0.shared_workspace_id.id"
    return Call(name, f"POST {path}", json=body, data=sent, keep={"copy": place})


COPY_IDLE = Call(
    "the copy is made",
    "GET /workspaces/{copy}/",
    who="grace",
    until=True,
    data={
        "workspaces": [
            {
                **WORKSPACE,
                "status": "idle",
                "workspace_details": {"current_workspace_details": {"files": [{"name": "/shared.txt"}]}},
            }
        ]
    },
)

SCENARIOS = (
    scenario(
        "share accepted",
        *MADE,
        offer(),
        Call("the sender's list", "GET /shared_workspaces/", data={"original_workspaces": Some(WAITING), **PAGED}),
        Call(
            "is none that was received",
            "GET /shared_workspaces/",
            data={"shared_workspaces": Lacking({"shared_workspace_id": {"id": Known("copy")}})},
        ),
        Call("the receiver's list", "GET /shared_workspaces/", who="grace", data={"shared_workspaces": Some(WAITING)}),
        Call(
            "is none that was sent",
            "GET /shared_workspaces/",
            who="grace",
            data={"original_workspaces": Lacking({"shared_workspace_id": {"id": Known("copy")}})},
        ),
        Call(
            "alone, sent",
            "GET /shared_workspaces/{copy}/",
            data={"original_workspaces": [WAITING], "shared_workspaces": []},
        ),
        Call(
            "alone, received",
            "GET /shared_workspaces/{copy}/",
            who="grace",
            data={"original_workspaces": [], "shared_workspaces": [WAITING]},
        ),
        Call(
            "not yet accepted ones",
            "GET /shared_workspaces/?is_accepted=false",
            who="grace",
            data={"shared_workspaces": Some(WAITING)},
        ),
        Call(
            "accepted ones",
            "GET /shared_workspaces/?is_accepted=true",
            who="grace",
            data={"shared_workspaces": Lacking({"shared_workspace_id": {"id": Known("copy")}})},
        ),
        Call(
            "a stranger sees nothing",
            "GET /shared_workspaces/{copy}/",
            who="mallory",
            says=NONE_FOUND,
            data={"original_workspaces": [], "shared_workspaces": []},
        ),
        Call(
            "is no workspace yet", "GET /workspaces/", who="grace", data={"workspaces": Lacking({"id": Known("copy")})}
        ),
        Call("nor alone", "GET /workspaces/{copy}/", who="grace", data={"workspaces": []}),
        Call(
            "cannot be changed",
            "PUT /workspaces/{copy}/",
            who="grace",
            json={"name": "x"},
            status=400,
            says=NOT_ACCEPTED,
        ),
        Call("cannot be deleted as one", "DELETE /workspaces/{copy}/", who="grace", status=400, says=NOT_ACCEPTED),
        Call(
            "cannot be launched in",
            "PUT /workspaces/{copy}/start/",
            who="grace",
            status=400,
            json={"job_type": "{job_type}", "resource_options": Known("options")},
        ),
        Call("the original stays", "DELETE /workspaces/{id}/", status=400, says=OPEN_SHARES),
        Call(
            "the sender cannot accept",
            "PUT /shared_workspaces/{copy}/accept/",
            status=404,
            says="Shared workspace {copy} not found.",
        ),
        Call(
            "a stranger cannot accept",
            "PUT /shared_workspaces/{copy}/accept/",
            who="mallory",
            status=404,
            says="Shared workspace {copy} not found.",
        ),
        Call(
            "a stranger cannot decline",
            "DELETE /shared_workspaces/{copy}/",
            who="mallory",
            status=(403, 404),
            says=OneOf(
                "User does not have permissions for shared workspace {copy}.", "Shared workspace {copy} not found."
            ),
        ),
        Call(
            "no other verb",
            "PUT /shared_workspaces/{copy}/conformance/",
            who="grace",
            status=400,
            says="Invalid PUT type passed.",
        ),
        Call("accept", "PUT /shared_workspaces/{copy}/accept/", who="grace", says="Successful."),
        Call(
            "is accepted",
            "GET /shared_workspaces/?is_accepted=true",
            who="grace",
            data={"shared_workspaces": Some({**SHARE, **SIDES, "is_accepted": True})},
        ),
        Call(
            "is no open one",
            "GET /shared_workspaces/?is_accepted=false",
            who="grace",
            data={"shared_workspaces": Lacking({"shared_workspace_id": {"id": Known("copy")}})},
        ),
        COPY_IDLE,
        Call("is a workspace", "GET /workspaces/", who="grace", data={"workspaces": Some({"id": Known("copy")})}),
        Call(
            "cannot be withdrawn",
            "DELETE /shared_workspaces/{copy}/",
            status=400,
            says="Shared workspace {copy} has been accepted and cannot be deleted.",
        ),
        Call(
            "can be changed",
            "PUT /workspaces/{copy}/",
            who="grace",
            json={"name": "own-{run}"},
            says="Update successful.",
        ),
        Call("the original is as it was", "GET /workspaces/{id}/", data={"workspaces": [{"name": "launch-{run}"}]}),
        Call("the original can go", "DELETE /workspaces/{id}/"),
        Call(
            "and is null then",
            "GET /shared_workspaces/{copy}/",
            who="grace",
            until=True,
            data={"shared_workspaces": [{**SHARE, "original_workspace_id": None}]},
        ),
        Call("the copy can go", "DELETE /workspaces/{copy}/", who="grace"),
    ),
    scenario(
        "share declined",
        *MADE,
        offer(),
        Call(
            "declined",
            "DELETE /shared_workspaces/{copy}/",
            who="grace",
            says="Shared workspace {copy} queued for deletion.",
        ),
        Call(
            "gone for both",
            "GET /shared_workspaces/{copy}/",
            until=True,
            data={"original_workspaces": [], "shared_workspaces": []},
        ),
        Call("cannot be accepted", "PUT /shared_workspaces/{copy}/accept/", who="grace", status=404),
        offer("offered once more, without the slash", "/shared_workspaces"),
        Call(
            "cancelled, without the slash",
            "DELETE /shared_workspaces/{copy}",
            says="Shared workspace {copy} queued for deletion.",
        ),
        Call(
            "gone for the receiver",
            "GET /shared_workspaces/{copy}/",
            who="grace",
            until=True,
            data={"original_workspaces": [], "shared_workspaces": []},
        ),
        offer("offered a third time"),
        Call("accepted, without the slash", "PUT /shared_workspaces/{copy}/accept", who="grace", says="Successful."),
        COPY_IDLE,
        Call("the copy goes", "DELETE /workspaces/{copy}/", who="grace"),
        Call("the original goes", "DELETE /workspaces/{id}/", until=True),
    ),
)
