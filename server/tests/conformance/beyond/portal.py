"""The portal as its own pages ask for it: from the log-in to the end of a workspace."""

from conformance.patterns import Matching
from conformance.rows import Call, Visit, scenario

HERE = "/w/{id}"
TO_LOGIN = {"location": Matching("^/login/")}
NEW = {"name": "portal-{run}", "description": "walked through", "links-INITIAL_FORMS": "0"}
WITH_LINK = {**NEW, "links-TOTAL_FORMS": "1", "links-0-name": "survey", "links-0-path": "{dataset}"}
NO_LINK = {**NEW, "links-TOTAL_FORMS": "0"}
CLOSES = {"hx-trigger": Matching("uws-changed")}
PAGES = (
    "/",
    "/new/",
    "/shared/",
    "/w/1/",
    "/w/1/files/",
    "/w/1/settings/",
    "/w/1/sharing/",
    "/w/1/launch/",
    "/w/1/delete/",
    "/open/1/",
    "/session/1/stop/",
    "/session/1/log/",
    "/runs/",
    "/w/1/runs/",
    "/w/1/run/",
    "/runs/00000000-0000-4000-8000-000000000001/",
)


def log_in(who: str) -> tuple[Visit, ...]:
    link = f"/login/{{{who}_secret}}/"
    return (
        Visit(f"link of {who}", f"GET {link}", who=who, shows=(f"Log in as {{{who}_name}}",)),
        Visit(f"{who} logs in", f"POST {link}", who=who, form={}, status=302, answers={"location": "/"}),
    )


def _strangers() -> tuple[Visit, ...]:
    return (
        *(
            Visit(f"{path} asks for a log-in", f"GET {path}", who="nobody", status=302, answers=TO_LOGIN)
            for path in PAGES
        ),
        Visit("log-in page", "GET /login/", who="nobody", shows=("Password",)),
        Visit("wrong password", "POST /login/", who="nobody", form={"username": "ada", "password": "x"}, status=422),
        Visit(
            "log-in from elsewhere",
            "POST /login/",
            who="nobody",
            form={"username": "ada", "password": "x"},
            forged=True,
            status=403,
        ),
        Visit(
            "a link that is none", "GET /login/nothing/", who="nobody", status=410, shows=("does not work any more",)
        ),
        Visit(
            "a part of a page asks for a log-in",
            "GET /",
            who="nobody",
            part="list",
            answers={"hx-redirect": Matching("^/login/")},
        ),
        Visit(
            "an upload is told so",
            "POST /w/1/tus/",
            who="nobody",
            status=403,
            forged=True,
            answers={"content-type": Matching("html|json")},
        ),
        Visit("nothing is there", "GET /nothing/", who="nobody", status=404),
    )


STRANGERS = scenario("portal for strangers", *_strangers())
LOGGED_IN = scenario(
    "portal log-in",
    Visit(
        "link",
        "GET /login/{mallory_secret}/",
        who="mallory",
        shows=("Log in as {mallory_name}",),
        hides=("{mallory_token}",),
    ),
    Visit("from elsewhere", "POST /login/{mallory_secret}/", who="mallory", form={}, forged=True, status=403),
    Visit(
        "log in",
        "POST /login/{mallory_secret}/",
        who="mallory",
        form={},
        status=302,
        answers={"location": "/", "set-cookie": Matching("(?i)httponly.*samesite=lax")},
    ),
    Visit("only once", "GET /login/{mallory_secret}/", who="nobody", status=410),
    Visit(
        "is in",
        "GET /",
        who="mallory",
        shows=("{mallory_name}", "New workspace"),
        answers={
            "content-security-policy": Matching("default-src"),
            "cache-control": Matching("no-store|no-cache|private"),
            "x-content-type-options": "nosniff",
        },
    ),
    Visit("nobody's workspace", "GET /w/999999999/", who="mallory", status=404),
    Visit("nobody's session", "GET /open/999999999/", who="mallory", status=404),
    Visit("no such page", "GET /nothing/", who="mallory", status=404),
    Visit("no administration", "GET /admin/", who="mallory", status=404, both=False),
    Visit("logged out from elsewhere", "POST /logout/", who="mallory", form={}, forged=True, status=403),
    Visit("log out", "POST /logout/", who="mallory", form={}, status=302, answers=TO_LOGIN),
    Visit("is out", "GET /", who="mallory", status=302, answers=TO_LOGIN),
    browsers=("mallory",),
)
MAKING = (
    Visit("new workspace", "GET /new/", shows=("Create workspace",)),
    Visit("made from elsewhere", "POST /new/", form=NO_LINK, forged=True, status=403),
    Visit("without a name", "POST /new/", form={**NO_LINK, "name": ""}, status=422, shows=("This field is required.",)),
    Visit(
        "with a link to nowhere",
        "POST /new/",
        form={**WITH_LINK, "links-0-path": "/etc/passwd"},
        status=422,
        shows=("Symlink path not found: /etc/passwd",),
    ),
    Visit(
        "made with a file and a link",
        "POST /new/",
        form=WITH_LINK,
        files=(("files", "plan.md", b"# Plan"),),
        status=302,
        answers={"location": Matching(r"^/w/\d+/$")},
        keep={"id": r"location: /w/(\d+)/"},
    ),
    Visit(
        "made by the page's script",
        "POST /new/",
        form=NO_LINK,
        part="new-workspace",
        answers={"hx-redirect": Matching(r"^/w/\d+/$")},
        keep={"other": r"hx-redirect: /w/(\d+)/"},
    ),
    Visit("is listed", "GET /", shows=("portal-{run}",)),
    Visit("found", "GET /?q=portal-{run}&sort=name", shows=("portal-{run}",)),
    Visit("not found", "GET /?q=nothing-{run}", hides=(">portal-{run}<",)),
    Visit("list looks again", "GET /", part="list", shows=("portal-{run}",)),
    Visit("its page", f"GET {HERE}/", shows=("portal-{run}", "Launch")),
    Visit("looks again", f"GET {HERE}/", part="sessions"),
    Visit("about", f"GET {HERE}/about/?edit", part="about", shows=("Save",)),
    Visit(
        "about is told anew",
        f"POST {HERE}/about/",
        part="about",
        form={"name": "portal-{run}", "description": "anew"},
        shows=("anew",),
    ),
    Visit("settings", f"GET {HERE}/settings/", shows=("Delete this workspace",)),
    Visit(
        "settings are saved",
        f"POST {HERE}/settings/",
        status=302,
        answers={"location": f"{HERE}/settings/"},
        form={"name": "portal-{run}", "description": "", "default_job_type": "{job_type}"},
    ),
    Visit("and said to be", f"GET {HERE}/settings/", shows=("Saved.",), both=False),
    Visit("settings cannot be that", f"POST {HERE}/settings/", form={"name": "", "default_job_type": "x"}, status=422),
)
LAUNCHING = (
    Visit("launch", f"GET {HERE}/launch/", shows=("Launch in portal-{run}",)),
    Visit("launch in a dialog", f"GET {HERE}/launch/", part="dialog", shows=("Launch in portal-{run}",)),
    Visit(
        "launch with too much",
        f"POST {HERE}/launch/",
        part="dialog",
        status=422,
        form={"job_type": "{job_type}", "resource": "local", "option-project": "p", "option-num_cpus": "99"},
    ),
    Visit("launch of nothing", f"POST {HERE}/launch/", form={}, status=422),
    Visit(
        "launched",
        f"POST {HERE}/launch/",
        status=302,
        keep={"job": r"location: /open/(\d+)/"},
        form={
            "job_type": "{job_type}",
            "resource": "local",
            "option-num_cpus": "1",
            "option-memory_mb": "1024",
            "option-time_limit_min": "10",
            "option-project": "portal",
        },
    ),
    Visit("waits", "GET /open/{job}/", shows=("portal-{run}",)),
    Visit("looks again while it waits", "GET /open/{job}/", part="progress"),
    Call("runs", "GET /jobs/{job}/", data={"jobs": [{"status": "running"}]}, until=True),
    Visit("is on the workspace's page", f"GET {HERE}/", shows=("/session/{job}/stop/",)),
    Visit("log", "GET /session/{job}/log/"),
    Visit("log looks again", "GET /session/{job}/log/", part="log"),
    Visit("stop?", "GET /session/{job}/stop/", shows=("Stop it",)),
    Visit("stop in a dialog?", "GET /session/{job}/stop/", part="dialog", shows=("Stop it",)),
    Visit("not by others", "POST /session/{job}/stop/", who="grace", form={}, status=404),
    Visit("stop", "POST /session/{job}/stop/", part="dialog", form={}, answers=CLOSES),
    Call("ends", "GET /jobs/{job}/", data={"jobs": [{"status": "complete"}]}, until=True),
    Visit("has ended", "GET /open/{job}/"),
    Visit(
        "a second stop",
        "POST /session/{job}/stop/",
        part="dialog",
        form={},
        status=422,
        shows=("This job is not running or pending.",),
    ),
    Visit("once more", "POST /session/{job}/again/", form={}, status=302, keep={"again": r"location: /open/(\d+)/"}),
    Visit("stop that, too", "POST /session/{again}/stop/", form={}, status=302),
    Call("ends, too", "GET /jobs/{again}/", data={"jobs": [{"status": "complete"}]}, until=True),
)
ENDING = (
    Visit("delete?", f"GET {HERE}/delete/", shows=("This cannot be undone.",)),
    Visit("delete in a dialog?", f"GET {HERE}/delete/", part="dialog", shows=("This cannot be undone.",)),
    Visit(
        "another name typed",
        f"POST {HERE}/delete/",
        form={"typed": "x"},
        status=422,
        shows=("This is not the name of the workspace.",),
    ),
    Visit("not deleted by others", f"POST {HERE}/delete/", who="grace", form={"typed": "portal-{run}"}, status=404),
    Visit(
        "deleted",
        f"POST {HERE}/delete/",
        form={"typed": "portal-{run}"},
        status=302,
        answers={"location": "/"},
        until=True,
    ),
    Visit("the list says so", "GET /", shows=("portal-{run} is being deleted.",), both=False),
    Visit("gone", f"GET {HERE}/", status=404, until=True),
    Call("cleared away", "DELETE /workspaces/{other}/?force=true"),
    Visit("log out", "POST /logout/", form={}, status=302, answers=TO_LOGIN),
    Visit("is out", "GET /", status=302, answers=TO_LOGIN),
)
WALK = scenario(
    "portal",
    *log_in("ada"),
    *log_in("grace"),
    *(Visit("home of grace", "GET /", who="grace", shows=("{grace_name}",)),),
    *MAKING,
    *LAUNCHING,
    *ENDING,
    browsers=("ada", "grace"),
)

SCENARIOS = (STRANGERS, LOGGED_IN, WALK)
