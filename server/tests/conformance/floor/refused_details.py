"""What a workspace cannot be made of, at the first and at every later time; nothing is left behind."""

from conformance.patterns import Matching
from conformance.rows import REFUSED, Call, scenario

NAMED = {"name": "refused-{run}", "description": ""}
NO_TYPE = "conformance is not in the list of available job types."
DETAILS: dict[str, tuple[object, str]] = {
    "details are a text": ("files", "Workspace details not JSON."),
    "details are a number": (7, "Workspace details not JSON."),
    "details are a list": ([1], "Workspace details not JSON."),
    "files are an object": ({"files": {"name": "a"}}, "'files' index must contain a list."),
    "files are a text": ({"files": "a.txt"}, "'files' index must contain a list."),
    "links are an object": ({"symlinks": {"name": "a"}}, "'symlinks' index must contain a list."),
    "links are a text": ({"symlinks": "a"}, "'symlinks' index must contain a list."),
    "a file above": ({"files": [{"name": "../a", "content": ""}]}, "File name cannot contain double dots."),
    "a file above in the middle": ({"files": [{"name": "a/../../b"}]}, "File name cannot contain double dots."),
    "a file that is above": ({"files": [{"name": ".."}]}, "File name cannot contain double dots."),
    "a link above": (
        {"symlinks": [{"name": "../a", "path": "/etc"}]},
        "Symlink name cannot contain double dots.",
    ),
    "a link to what is not there": (
        {"symlinks": [{"name": "a", "path": "/no/such/{run}"}]},
        "Symlink path not found: /no/such/{run}",
    ),
    "a link to what is none of theirs": (
        {"symlinks": [{"name": "a", "path": "/etc/passwd"}]},
        "Symlink path not found: /etc/passwd",
    ),
    "a link to the root": ({"symlinks": [{"name": "a", "source_path": "/"}]}, "Symlink path not found: /"),
}
ODD: dict[str, object] = {
    "a file that is a text": {"files": ["a.txt"]},
    "a file without a name": {"files": [{"content": "x"}]},
    "a file whose name is a number": {"files": [{"name": 7}]},
    "a file whose name is empty": {"files": [{"name": ""}]},
    "a file with a NUL in its name": {"files": [{"name": "a\0b", "content": ""}]},
    "a file whose content is an object": {"files": [{"name": "a", "content": {}}]},
    "a name of 5,000 characters": {"files": [{"name": "x" * 5000, "content": ""}]},
    "a link without a path": {"symlinks": [{"name": "a"}]},
    "a link whose path is null": {"symlinks": [{"name": "a", "path": None}]},
    "a link whose path has a NUL": {"symlinks": [{"name": "a", "path": "/a\0b"}]},
    "a relative link": {"symlinks": [{"name": "a", "path": "etc"}]},
    "one file that is good and one that is not": {"files": [{"name": "good"}, {"name": "../bad"}]},
}
FIELDS: dict[str, object] = {
    "no name": {"description": ""},
    "no description": {"name": "refused-{run}"},
    "nothing": {},
    "a name that is null": {"name": None, "description": ""},
    "a name that is empty": {"name": "", "description": ""},
}
ODD_FIELDS: dict[str, object] = {
    "a name that is a number": {"name": 7, "description": ""},
    "a name that is a list": {"name": ["a"], "description": ""},
    "a description that is an object": {"name": "refused-{run}", "description": {}},
    "a name with a NUL": {"name": "refused-{run}\0", "description": ""},
    "a name that is too long": {"name": "x" * 5000, "description": ""},
    "a job type that is a list": {**NAMED, "default_job_type": ["a"]},
    "a list of it all": [NAMED],
    "a text": "refused-{run}",
    "null": None,
}

SCENARIOS = (
    scenario(
        "no workspace of this",
        *(
            Call(name, "POST /workspaces/", json=body, status=400, says="Missing required fields.")
            for name, body in FIELDS.items()
        ),
        *(Call(name, "POST /workspaces/", json=body, status=REFUSED) for name, body in ODD_FIELDS.items()),
        *(
            Call(name, "POST /workspaces/", json={**NAMED, "workspace_details": details}, status=400, says=says)
            for name, (details, says) in DETAILS.items()
        ),
        *(
            Call(name, "POST /workspaces/", json={**NAMED, "workspace_details": details}, status=REFUSED)
            for name, details in ODD.items()
        ),
        Call(
            "a job type that is none",
            "POST /workspaces/",
            json={**NAMED, "default_job_type": "conformance"},
            status=400,
            says=NO_TYPE,
        ),
        Call("left nothing", "GET /workspaces/?name=refused-{run}", data={"workspaces": []}),
    ),
    scenario(
        "no such change",
        Call("made", "POST /workspaces/", json={"name": "kept-{run}", "description": "kept"}, keep={"id": "data.id"}),
        *(
            Call(name, "PUT /workspaces/{id}/", json={"workspace_details": details}, status=400, says=says)
            for name, (details, says) in DETAILS.items()
        ),
        *(
            Call(name, "PUT /workspaces/{id}/", json={"workspace_details": details}, status=REFUSED)
            for name, details in ODD.items()
        ),
        *(Call(name, "PUT /workspaces/{id}/", json=body, status=REFUSED) for name, body in ODD_FIELDS.items()),
        Call(
            "a job type that is none",
            "PUT /workspaces/{id}/",
            json={"default_job_type": "conformance"},
            status=400,
            says=NO_TYPE,
        ),
        Call(
            "changed nothing",
            "GET /workspaces/{id}/",
            data={
                "workspaces": [
                    {
                        "name": "kept-{run}",
                        "description": "kept",
                        "status": Matching("idle|initializing"),
                        "workspace_details": {"current_workspace_details": {"files": [], "symlinks": []}},
                    }
                ]
            },
        ),
    ),
)
