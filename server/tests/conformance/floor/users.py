"""People to share with."""

from conformance.floor.shapes import PAGED, USER
from conformance.patterns import Every, Lacking, Some
from conformance.rows import Call, scenario

NONE_FOUND = "Users matching given parameters could not be found."
GRACE = {**USER, "username": "{grace_name}", "first_name": "Grace", "email": "{grace_mail}"}

SCENARIOS = (
    scenario(
        "users",
        Call("all", "GET /users/", data={"users": Some(GRACE), **PAGED}),
        Call("are objects of this kind", "GET /users/", data={"users": Every(USER)}),
        Call("never oneself", "GET /users/", data={"users": Lacking({"username": "{ada_name}"})}),
        Call("nor when one asks for it", "GET /users/?search={ada_mail}", says=NONE_FOUND, data={"users": []}),
        Call("an empty search", "GET /users/?search=", data={"users": Some(GRACE)}),
        Call("by the e-mail", "GET /users/?search={grace_mail}", data={"users": [GRACE]}),
        Call("by a part of the e-mail", "GET /users/?search={grace_name}", data={"users": [GRACE]}),
        Call("by first and last name", "GET /users/?search=Grace%20Conformance", data={"users": Some(GRACE)}),
        Call("in any case", "GET /users/?search=gRACE%20conFORMance", data={"users": Some(GRACE)}),
        Call("by a part across both names", "GET /users/?search=race%20conf", data={"users": Some(GRACE)}),
        Call("nobody", "GET /users/?search=nobody-{run}", says=NONE_FOUND, data={"users": []}),
        Call("never a client", "GET /users/?search=client", data={"users": Lacking({"first_name": "portal"})}),
        Call("a NUL", "GET /users/?search=%00", data={"users": list}),
        Call("5,000 characters", f"GET /users/?search={'x' * 5000}", data={"users": []}),
        Call("a per cent sign", "GET /users/?search=%25{run}", data={"users": []}),
    ),
)
