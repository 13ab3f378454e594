"""Sharing in the portal: people are found, a copy is offered, declined, offered again, accepted."""

from conformance.beyond.portal import CLOSES, HERE, NO_LINK, log_in
from conformance.patterns import Known
from conformance.rows import Call, Visit, scenario

SHARING = (
    Visit("sharing", f"GET {HERE}/sharing/", shows=("Offer a copy",)),
    Visit(
        "people",
        f"GET {HERE}/sharing/?q={{grace_mail}}",
        part="people",
        shows=("Grace Conformance",),
        keep={"grace": r'name="person"\s+value="(\d+)"'},
    ),
    Visit("nobody", f"GET {HERE}/sharing/?q=nobody-{{run}}", part="people", shows=("Nobody's name",)),
    Visit(
        "offered to nobody",
        f"POST {HERE}/sharing/",
        part="dialog",
        form={"person": "x"},
        status=422,
        shows=("Invalid user id provided.",),
    ),
    Visit(
        "offered",
        f"POST {HERE}/sharing/",
        form={"person": Known("grace")},
        status=302,
        answers={"location": f"{HERE}/sharing/"},
    ),
    Visit("offers look again", f"GET {HERE}/sharing/", part="offers", shows=("Grace Conformance",)),
    Visit("received", "GET /shared/", who="grace", shows=("portal-{run}",), keep={"copy": r"/shared/(\d+)/accept/"}),
    Visit("received looks again", "GET /shared/", who="grace", part="shared", shows=("portal-{run}",)),
    Visit(
        "cannot go yet",
        f"POST {HERE}/delete/",
        part="dialog",
        form={"typed": "portal-{run}"},
        status=422,
        shows=("that have not yet been accepted",),
    ),
    Visit("declined", "POST /shared/{copy}/withdraw/", who="grace", form={}, status=302),
    Visit("offered once more", f"POST {HERE}/sharing/", part="dialog", form={"person": Known("grace")}, answers=CLOSES),
    Visit("received once more", "GET /shared/", who="grace", keep={"copy": r"/shared/(\d+)/accept/"}),
    Visit("nothing to retry", "POST /shared/{copy}/retry/", who="grace", part="dialog", form={}, status=422),
    Visit("not accepted by the sender", "POST /shared/{copy}/accept/", form={}, status=404),
    Visit(
        "accepted", "POST /shared/{copy}/accept/", who="grace", form={}, status=302, answers={"location": "/shared/"}
    ),
    Visit("is among her workspaces", "GET /w/{copy}/", who="grace", shows=("portal-{run}",)),
    Visit("copied", "GET /w/{copy}/files/", who="grace", shows=("plan.md",), until=True),
    Visit("not among mine", "GET /w/{copy}/", status=404),
)

SCENARIOS = (
    scenario(
        "portal sharing",
        *log_in("ada"),
        *log_in("grace"),
        Visit("home of grace", "GET /", who="grace", shows=("{grace_name}",)),
        Visit("new workspace", "GET /new/"),
        Visit(
            "made",
            "POST /new/",
            form=NO_LINK,
            files=(("files", "plan.md", b"# Plan"),),
            status=302,
            keep={"id": r"location: /w/(\d+)/"},
        ),
        *SHARING,
        Call("cleared away", "DELETE /workspaces/{id}/", until=True),
        Call("the copy, too", "DELETE /workspaces/{copy}/", who="grace", until=True),
        browsers=("ada", "grace"),
    ),
)
