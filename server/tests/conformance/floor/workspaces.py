"""Workspaces: made in both forms of the answer, listed, filtered, changed."""

from conformance.floor.shapes import NO_CONTENT, PAGED, WORKSPACE
from conformance.patterns import Every, Known, Lacking, Matching, OneOf, Some
from conformance.rows import Call, scenario

NONE_FOUND = "Workspace matching given parameters could not be found."
NOBODYS = 999_999_999
NEW = {"name": "new-{run}", "description": "what it is for"}
FULL = {
    "name": "full-{run}",
    "description": "with everything",
    "default_job_type": "{job_type}",
    "workspace_details": {
        "files": [
            {"name": "plan.md", "content": "# a plan of {run}"},
            {"name": "deep/er/a..b.txt", "content": ""},
            {"name": ".hidden", "content": "x"},
        ],
        "symlinks": [],
    },
}
LINKED = {
    "name": "linked-{run}",
    "description": "",
    "workspace_details": {
        "symlinks": [
            {"name": "survey", "path": "{dataset}"},
            {"name": "below/survey", "source_path": "{dataset}"},
        ]
    },
}
CURRENT = {
    "workspaces": [
        {"workspace_details": {"current_workspace_details": {"files": Some({"name": "/plan.md"}), "symlinks": []}}}
    ]
}
SHOWN = [{"name": "/deep/er/a..b.txt"}, {"name": "/plan.md"}]

SCENARIOS = (
    scenario(
        "workspace made",
        Call(
            "with a name and a description",
            "POST /workspaces/",
            json=NEW,
            data={**WORKSPACE, "name": "new-{run}", "description": "what it is for", "workspace": WORKSPACE},
            keep={"id": "data.id", "also": "data.workspace.id"},
        ),
        Call(
            "without the slash",
            "POST /workspaces",
            json=NEW,
            data={**WORKSPACE, "workspace": {"name": "new-{run}"}},
            keep={"second": "data.workspace.id"},
        ),
        Call("both forms are the same", "GET /workspaces/{also}/", data={"workspaces": [{"id": Known("id")}]}),
        Call("is listed", "GET /workspaces/", data={"workspaces": Some({**WORKSPACE, "id": Known("id")}), **PAGED}),
        Call("all are objects of this kind", "GET /workspaces/", data={"workspaces": Every(WORKSPACE)}),
        Call("comes alone", "GET /workspaces/{id}/", data={"workspaces": [{**WORKSPACE, "id": Known("id")}]}),
        Call(
            "was never launched in",
            "GET /workspaces/{id}/",
            data={"workspaces": [{"datetime_last_job_launch": None, "default_job_type": None}]},
        ),
        Call(
            "empty default job type means none",
            "POST /workspaces/",
            json={**NEW, "default_job_type": ""},
            data={"default_job_type": None},
        ),
        Call("details may be null", "POST /workspaces/", json={**NEW, "workspace_details": None}),
        Call("an empty description", "POST /workspaces/", json={"name": "bare-{run}", "description": ""}),
        Call("becomes idle", "GET /workspaces/{id}/", data={"workspaces": [{"status": "idle"}]}, until=True),
    ),
    scenario(
        "workspace with files",
        Call(
            "made",
            "POST /workspaces/",
            json=FULL,
            data={"default_job_type": "{job_type}", "workspace": {"default_job_type": "{job_type}"}},
            hides=("a plan of {run}",),
            keep={"id": "data.id"},
        ),
        Call("shows them", "GET /workspaces/{id}/", data=CURRENT, until=True, hides=("a plan of {run}",)),
        Call(
            "shows them sorted or not, but not what is hidden",
            "GET /workspaces/{id}/",
            until=True,
            data={
                "workspaces": [
                    {"workspace_details": {"current_workspace_details": {"files": OneOf(SHOWN, SHOWN[::-1])}}}
                ]
            },
        ),
        Call("has a size in bytes", "GET /workspaces/{id}/", data={"workspaces": [{"disk_space": int}]}),
        Call(
            "keeps no content",
            "GET /workspaces/{id}/",
            data={"workspaces": [{"workspace_details": {"request_workspace_details": {"files": NO_CONTENT}}}]},
            hides=("a plan of {run}",),
        ),
    ),
    scenario(
        "workspace with links",
        Call("made, by both names of the path", "POST /workspaces/", json=LINKED, keep={"id": "data.id"}),
        Call(
            "shows them",
            "GET /workspaces/{id}/",
            until=True,
            data={
                "workspaces": [
                    {
                        "workspace_details": {
                            "request_workspace_details": {"symlinks": Some({"name": "survey"})},
                            "current_workspace_details": {"symlinks": Some({"name": "/survey"})},
                        }
                    }
                ]
            },
        ),
        Call(
            "and the one that is deeper",
            "GET /workspaces/{id}/",
            data={
                "workspaces": [
                    {"workspace_details": {"current_workspace_details": {"symlinks": Some({"name": "/below/survey"})}}}
                ]
            },
        ),
    ),
    scenario(
        "workspace filters",
        Call("one", "POST /workspaces/", json={"name": "f-{run}", "description": "d-{run}"}, keep={"id": "data.id"}),
        Call("another", "POST /workspaces/", json={"name": "f-{run}-2", "description": "d-{run}"}),
        Call("by name", "GET /workspaces/?name=f-{run}", data={"workspaces": [{"id": Known("id")}], "total": 1}),
        Call(
            "by description",
            "GET /workspaces/?description=d-{run}",
            data={"workspaces": [{"description": "d-{run}"}, {"description": "d-{run}"}]},
        ),
        Call("exact, no part of it", "GET /workspaces/?name=f-{run}-", says=NONE_FOUND, data={"workspaces": []}),
        Call("by both", "GET /workspaces/?name=f-{run}&description=other", says=NONE_FOUND, data={"workspaces": []}),
        Call("idle", "GET /workspaces/?name=f-{run}&status=idle", data={"workspaces": [WORKSPACE]}, until=True),
        Call("by status", "GET /workspaces/?status=idle", data={"workspaces": Every({"status": "idle"})}),
        Call("of another status", "GET /workspaces/?name=f-{run}&status=error", data={"workspaces": []}),
        Call("of no status", "GET /workspaces/?status=nonsense", says=NONE_FOUND, data={"workspaces": []}),
        Call("nobody's", f"GET /workspaces/{NOBODYS}/", says=NONE_FOUND, data={"workspaces": []}),
        Call("somebody else's", "GET /workspaces/{id}/", who="mallory", says=NONE_FOUND, data={"workspaces": []}),
        Call(
            "not in somebody else's list",
            "GET /workspaces/",
            who="mallory",
            data={"workspaces": Lacking({"id": Known("id")})},
        ),
    ),
    scenario(
        "workspace changed",
        Call("made", "POST /workspaces/", json=NEW, keep={"id": "data.id"}),
        Call(
            "name and description",
            "PUT /workspaces/{id}/",
            json={"name": "renamed-{run}", "description": "told anew"},
            says="Update successful.",
        ),
        Call(
            "are so",
            "GET /workspaces/{id}/",
            data={"workspaces": [{"name": "renamed-{run}", "description": "told anew"}]},
        ),
        Call(
            "usual job type", "PUT /workspaces/{id}", json={"default_job_type": "{job_type}"}, says="Update successful."
        ),
        Call(
            "is so, and the name stays",
            "GET /workspaces/{id}/",
            data={"workspaces": [{"default_job_type": "{job_type}", "name": "renamed-{run}"}]},
        ),
        Call("no job type", "PUT /workspaces/{id}/", json={"default_job_type": ""}, says="Update successful."),
        Call("nothing", "PUT /workspaces/{id}/", json={}, says="Update successful."),
        Call(
            "a file",
            "PUT /workspaces/{id}/",
            json={"workspace_details": {"files": [{"name": "added.txt", "content": "1"}]}},
            says="Update successful.",
        ),
        Call(
            "is there",
            "GET /workspaces/{id}/",
            until=True,
            data={
                "workspaces": [
                    {"workspace_details": {"current_workspace_details": {"files": [{"name": "/added.txt"}]}}}
                ]
            },
        ),
        Call(
            "the same once more, and another",
            "PUT /workspaces/{id}/",
            json={"workspace_details": {"files": [{"name": "added.txt", "content": "22"}, {"name": "b.txt"}]}},
            says="Update successful.",
        ),
        Call(
            "both are there",
            "GET /workspaces/{id}/",
            until=True,
            data={
                "workspaces": [
                    {
                        "workspace_details": {
                            "current_workspace_details": {
                                "files": [
                                    {"name": Matching("^/(added|b).txt$")},
                                    {"name": Matching("^/(added|b).txt$")},
                                ]
                            }
                        }
                    }
                ]
            },
        ),
        Call(
            "a link",
            "PUT /workspaces/{id}/",
            json={"workspace_details": {"symlinks": [{"name": "survey", "path": "{dataset}"}]}},
            says="Update successful.",
        ),
        Call(
            "somebody else's",
            "PUT /workspaces/{id}/",
            who="mallory",
            json={"name": "mine"},
            status=404,
            says="Workspace {id} not found for user.",
        ),
        Call(
            "nobody's",
            f"PUT /workspaces/{NOBODYS}/",
            json={"name": "mine"},
            status=404,
            says=f"Workspace {NOBODYS} not found for user.",
        ),
        Call("stays", "GET /workspaces/{id}/", data={"workspaces": [{"name": "renamed-{run}"}]}),
    ),
)
