"""Credentials in, a token out: `LocalUserAuthentication`, where a client vouches for people."""

from collections.abc import Mapping

from conformance.patterns import Known, Matching
from conformance.rows import REFUSED, Call, scenario

MINTED = "Successful authentication."
NO_RIGHT = "Incorrect authentication credentials."


def mint(name: str, *, user_info: object, token: object = Known("client_token"), **expected: object) -> Call:
    body = {"client_token": token, "user_info": user_info}
    return Call(name, "POST /tokens/", who="nobody", json=body, **expected)  # type: ignore[arg-type]  # expectations by name


def person(name: str, **fields: object) -> Mapping[str, object]:
    return {"username": name, "email": f"{name}@example.org", **fields}


ADA = {"username": Known("ada_name"), "email": Known("ada_mail")}

SCENARIOS = (
    scenario(
        "tokens",
        mint("a token", user_info=ADA, says=MINTED, body={"token": str}, keep={"first": "token"}),
        mint("a second one", user_info=ADA, says=MINTED, body={"token": str}, keep={"second": "token"}),
        Call(
            "without the slash",
            "POST /tokens",
            who="nobody",
            json={"client_token": Known("client_token"), "user_info": ADA},
            says=MINTED,
            body={"token": str},
        ),
        Call("the first is good", "GET /jobs/", who="nobody", headers={"UWS-Authorization": "Token {first}"}),
        Call("the second is good", "GET /jobs/", who="nobody", headers={"UWS-Authorization": "Token {second}"}),
        mint(
            "a person who was never here",
            user_info=person("new-{run}"),
            says=MINTED,
            body={"token": str},
            keep={"new": "token"},
        ),
        Call(
            "has nothing",
            "GET /workspaces/",
            who="nobody",
            headers={"UWS-Authorization": "Token {new}"},
            data={"workspaces": []},
        ),
    ),
    scenario(
        "tokens refused",
        Call(
            "no client token",
            "POST /tokens/",
            who="nobody",
            json={"user_info": ADA},
            status=400,
            says=Matching(r"^Missing client_token\. ."),
        ),
        Call(
            "no user info",
            "POST /tokens/",
            who="nobody",
            json={"client_token": Known("client_token")},
            status=400,
            says=Matching(r"^Missing user_info\. ."),
        ),
        Call("nothing at all", "POST /tokens/", who="nobody", json={}, status=400, says=Matching("^Missing ")),
        mint("a client token that is not good", token="uws_nobody", user_info=ADA, status=401, says=NO_RIGHT),
        mint("a client token of another type", token=["x"], user_info=ADA, status=401, says=NO_RIGHT),
        mint("a person's own token", token=Known("ada_token"), user_info=ADA, status=403),
        mint("root", user_info=person("root"), status=403),
        mint("an account of the system", user_info=person("daemon"), status=403),
        mint("an administrator", user_info=person("{administrator}"), status=403),
        mint(
            "a name that belongs to another e-mail address",
            user_info={"username": Known("ada_name"), "email": "other-{run}@example.org"},
            status=403,
        ),
        mint("a person without a name", user_info={"email": "x@example.org"}, status=400),
        mint("a name of 5,000 characters", user_info=person("x" * 5000), status=REFUSED),
        mint("a name with a NUL", user_info=person("a\0b"), status=REFUSED),
        mint("a name that is a number", user_info={"username": 7, "email": "x@example.org"}, status=REFUSED),
        mint("a name that is a path", user_info=person("../../etc"), status=REFUSED),
        mint("a list of people", user_info=[ADA], status=REFUSED),
    ),
)
