"""The end of workspaces: in the background, refused where something still needs them, and in one step with force."""

from conformance.floor.launching import NOBODYS_ID, make, start
from conformance.patterns import Every, OneOf
from conformance.rows import Call, scenario

QUEUED = "Workspace {id} queued for deletion."

SCENARIOS = (
    scenario(
        "deletion",
        make(),
        Call(
            "somebody else's",
            "DELETE /workspaces/{id}/",
            who="mallory",
            status=404,
            says="Workspace {id} not found for user.",
        ),
        Call(
            "nobody's",
            f"DELETE /workspaces/{NOBODYS_ID}/",
            status=404,
            says=f"Workspace {NOBODYS_ID} not found for user.",
        ),
        Call("queued", "DELETE /workspaces/{id}/", says=QUEUED),
        Call(
            "a second one",
            "DELETE /workspaces/{id}/",
            status=(200, 404),
            says=OneOf(QUEUED, "Workspace {id} not found for user."),
        ),
        Call("gone", "GET /workspaces/{id}/", data={"workspaces": []}, until=True),
        Call("cannot be changed", "PUT /workspaces/{id}/", json={"name": "x"}, status=404),
        Call("nothing starts in it", "PUT /workspaces/{id}/start/", json={"job_type": "{job_type}"}, status=404),
        make("another"),
        Call("queued without the slash", "DELETE /workspaces/{id}", says=QUEUED),
    ),
    scenario(
        "deletion by force",
        make(),
        start("launched"),
        Call("forced", "DELETE /workspaces/{id}/?force=true", says=QUEUED),
        Call("gone", "GET /workspaces/{id}/", data={"workspaces": []}, until=True),
        Call("its jobs have ended and stay", "GET /jobs/?workspace_id={id}", data={"jobs": [{"status": "complete"}]}),
        Call("nothing of them runs", "GET /jobs/?workspace_id={id}", data={"jobs": Every({"status": "complete"})}),
    ),
)
