"""What existing clients compare letter by letter, and orders that are none."""

from conformance.floor.launching import OPTIONS, START, clean_up, make
from conformance.floor.sharing import MADE
from conformance.patterns import Every, Known, Some
from conformance.rows import Call, scenario

SUCCESSFUL = "Successful."
HEALTH = {"connected": bool, "message": str}
DETAILS = {"notebook_path": "a.ipynb", "more": {"deep": [1]}}
TYPED = {"job_type": "{job_type}", "resource_options": OPTIONS}
DATASET = {"name": "survey", "dataset_uuid": "8d4f0a52b6d743a2a5b9e4ce1f0a9c11"}
OFFER = {"original_workspace_id": Known("id"), "shared_user_ids": [Known("grace")]}
BOTH = {**OFFER, "shared_user_ids": [Known("grace"), Known("mallory")]}
MALLORY = Call(
    "another",
    "GET /users/?search={mallory_mail}",
    data={"users": [{}]},
    keep={"mallory": "data.users.0.id"},
    both=False,
)
FIRST = {"shared_workspace_id": {"id": Known("copy")}}
NO_BODY = "The request has no body: send a JSON object."

SCENARIOS = (
    scenario(
        "messages that clients compare",
        Call(
            "a workspace is made",
            "POST /workspaces/",
            json={"name": "compared-{run}", "description": ""},
            says=SUCCESSFUL,
            data={"default_job_type": None, "workspace": {"default_job_type": None}},
            keep={"id": "data.id"},
        ),
        Call("without a usual job type", "GET /workspaces/{id}/", data={"workspaces": [{"default_job_type": None}]}),
        Call("a list that found something", "GET /workspaces/", says=SUCCESSFUL),
        Call("one that is there", "GET /workspaces/{id}/", says=SUCCESSFUL),
        Call("people", "GET /users/?search={grace_mail}", says=SUCCESSFUL),
        Call(
            "the details of a launch are sent",
            START,
            json={**TYPED, "job_details": DETAILS},
            data={"job": {"job_details": {"request_job_details": {**DETAILS, "resource_options": OPTIONS}}}},
            keep={"job": "data.job.id"},
        ),
        Call(
            "and read back as they were sent",
            "GET /jobs/{job}/",
            says=SUCCESSFUL,
            data={"jobs": [{"job_details": {"request_job_details": {**DETAILS, "resource_options": OPTIONS}}}]},
        ),
        Call("verbs in capitals", "PUT /jobs/{job}/Stop/"),
        *clean_up("id"),
    ),
    scenario(
        "datasets by their id",
        Call(
            "made with one",
            "POST /workspaces/",
            json={
                "name": "dataset-{run}",
                "description": "",
                "workspace_details": {"globus_groups_token": "groups-secret-{run}", "symlinks": [DATASET]},
            },
            says=SUCCESSFUL,
            data={"workspace_details": {"request_workspace_details": {"symlinks": [DATASET]}}},
            hides=("groups-secret",),
            keep={"id": "data.id"},
        ),
        Call(
            "another is added",
            "PUT /workspaces/{id}/",
            json={"workspace_details": {"symlinks": [{**DATASET, "name": "second"}]}},
            says="Update successful.",
        ),
        Call(
            "both are kept",
            "GET /workspaces/{id}/",
            data={
                "workspaces": [
                    {
                        "workspace_details": {
                            "request_workspace_details": {"symlinks": [DATASET, {**DATASET, "name": "second"}]},
                            "current_workspace_details": {"symlinks": []},
                        }
                    }
                ]
            },
            hides=("groups-secret",),
        ),
        Call(
            "an id that is a number",
            "PUT /workspaces/{id}/",
            json={"workspace_details": {"symlinks": [{"name": "a", "dataset_uuid": 7}]}},
            status=400,
        ),
        *clean_up("id"),
    ),
    scenario(
        "orders that are none",
        make(default_job_type="{job_type}"),
        Call("a launch without a body", START, status=400, says=NO_BODY),
        Call("a change without a body", "PUT /workspaces/{id}/", status=400, says=NO_BODY),
        Call(
            "details that are an empty text",
            "PUT /workspaces/{id}/",
            json={"workspace_details": ""},
            status=400,
            says="Workspace details not JSON.",
        ),
        Call("nothing runs", "GET /jobs/?workspace_id={id}", data={"jobs": []}),
        Call(
            "an object is an order, in any letters",
            "PUT /workspaces/{id}/START",
            json={"resource_options": OPTIONS},
            says="Successful start.",
        ),
        *clean_up("id"),
    ),
    scenario(
        "shared with several",
        *MADE,
        MALLORY,
        Call(
            "with one",
            "POST /shared_workspaces/",
            json=OFFER,
            says=SUCCESSFUL,
            data={"shared_workspaces": [{}]},
            keep={"copy": "data.shared_workspaces.0.shared_workspace_id.id"},
        ),
        Call(
            "then with both",
            "POST /shared_workspaces/",
            json=BOTH,
            says=SUCCESSFUL,
            data={"shared_workspaces": [FIRST, {"shared_workspace_id": {"user_id": {"username": "{mallory_name}"}}}]},
            keep={"second": "data.shared_workspaces.1.shared_workspace_id.id"},
        ),
        Call("again with both", "POST /shared_workspaces/", json=BOTH, says=SUCCESSFUL),
        Call("the list", "GET /shared_workspaces/", says=SUCCESSFUL, data={"original_workspaces": Some(FIRST)}),
        Call(
            "nobody for somebody else's workspace",
            "POST /shared_workspaces/",
            who="mallory",
            json={**OFFER, "shared_user_ids": []},
            status=404,
            says="Workspace {id} not found for user.",
        ),
        Call("accepted in capitals", "PUT /shared_workspaces/{copy}/ACCEPT/", who="grace", says=SUCCESSFUL),
        Call("the other is cancelled", "DELETE /shared_workspaces/{second}/"),
    ),
    scenario(
        "status as clients know it",
        Call(
            "status",
            "GET /status/",
            who="nobody",
            body={
                "dependencies": {
                    "main_resource": HEALTH,
                    "api_user_authentication": HEALTH,
                    "database": HEALTH,
                    "resources": Every(HEALTH),
                    "storage_methods": Every(HEALTH),
                    "user_authentication_methods": Every(HEALTH),
                }
            },
        ),
    ),
)
