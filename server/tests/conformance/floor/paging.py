"""Lists in pieces, and whole where nothing is said."""

from conformance.floor.shapes import PAGED, WORKSPACE
from conformance.patterns import Known
from conformance.rows import REFUSED, Call, scenario

NAMED = "name=paged-{run}"
LISTS = {
    "/workspaces/": "workspaces",
    "/jobs/": "jobs",
    "/users/": "users",
    "/shared_workspaces/": "shared_workspaces",
}
PAIR = {"workspaces": [WORKSPACE, WORKSPACE], "total": 5}
ALL = {"workspaces": [WORKSPACE] * 5, "total": 5, "next": None, "previous": None}


def _nonsense(ask: str) -> Call:
    return Call(ask, f"GET {ask}", status=REFUSED)


SCENARIOS = (
    scenario(
        "pages",
        *(
            Call(f"workspace {number}", "POST /workspaces/", json={"name": "paged-{run}", "description": str(number)})
            for number in range(5)
        ),
        Call("all without a limit", f"GET /workspaces/?{NAMED}", data=ALL),
        Call(
            "the first two",
            f"GET /workspaces/?{NAMED}&limit=2",
            both=False,
            keep={"next": "data.next", "first": "data.workspaces.0.id", "second": "data.workspaces.1.id"},
            data={**PAIR, "next": str, "previous": None},
        ),
        Call("the first two, whatever the spelling", f"GET /workspaces?{NAMED}&limit=2", data={**PAIR, "next": str}),
        Call(
            "the next two, where it says",
            "GET {next}",
            both=False,
            keep={"after": "data.next", "before": "data.previous", "third": "data.workspaces.0.id"},
            data={**PAIR, "next": str, "previous": str},
        ),
        Call(
            "and back",
            "GET {before}",
            both=False,
            data={"workspaces": [{"id": Known("first")}, {"id": Known("second")}], "previous": None},
        ),
        Call(
            "the last one",
            "GET {after}",
            both=False,
            data={"workspaces": [WORKSPACE], "total": 5, "next": None, "previous": str},
        ),
        Call("by offset", f"GET /workspaces/?{NAMED}&limit=1&offset=2", data={"workspaces": [{"id": Known("third")}]}),
        Call("offset alone", f"GET /workspaces/?{NAMED}&offset=3", data={"workspaces": [dict, dict], "next": None}),
        Call(
            "beyond the end",
            f"GET /workspaces/?{NAMED}&limit=2&offset=10",
            data={"workspaces": [], "total": 5, "next": None, "previous": str},
        ),
        Call("more than there are", f"GET /workspaces/?{NAMED}&limit=1000", data=ALL),
    ),
    scenario(
        "pages of every list",
        *(
            Call(f"{path} in pieces", f"GET {path}?limit=1&offset=0", data={key: list, **PAGED})
            for path, key in LISTS.items()
        ),
        *(
            Call(f"{path} whole", f"GET {path}", data={key: list, **PAGED, "next": None, "previous": None})
            for path, key in LISTS.items()
        ),
        *(
            _nonsense(f"{path}?{query}")
            for path in LISTS
            for query in (
                "limit=abc",
                "limit=-1",
                "offset=-1",
                "limit=1.5",
                "limit=1&offset=x",
                f"limit={'9' * 30}",
                f"offset={'9' * 30}",
                "limit=",
                "limit=%00",
            )
        ),
    ),
)
