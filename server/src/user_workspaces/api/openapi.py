"""The API in OpenAPI: how a view says what it takes and answers, and the description made of all of them.

    @describe(data=page_of("workspaces", WorkspaceSerializer), query=(text("name"),))
    def get(self, request: Request) -> Response: ...

The first line of the method's docstring is the summary. What every operation has in common (the envelope, the
refusals, who calls) is added by `complete`.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

View = TypeVar("View", bound=Callable[..., object])
Fields = Mapping[str, serializers.Field[Any, Any, Any, Any]]
Body = type[serializers.Serializer[Any]] | Mapping[str, Any]

JSON = "application/json"
_described: set[object] = set()
ALWAYS = (400, 405, 500, 503, 507)
"""What any operation may answer."""
REFUSALS: Mapping[int, str] = {
    400: "The request cannot be used: the message says why.",
    401: "No token, or none that is good.",
    403: "Known, but without the right; or the permissions of a file do not allow it.",
    404: "Not there, or somebody else's.",
    405: "There is no such method here.",
    409: "What is there is in the way.",
    412: "What the request made a condition is not so.",
    413: "The request is too large.",
    415: "A body of another type than this needs.",
    416: "The range begins after the end of the file.",
    422: "Resource options outside of the configured bounds; the message names each problem.",
    423: "Another request is at it in this moment.",
    429: "Too often, or too much at once; later it will do.",
    500: "An error of the server; the message has a mark that stands in its log, too.",
    503: "A dependency of the server does not respond. If it is the database, `Retry-After` is set.",
    507: "The storage refused: a full disk, a quota of the file system.",
}


class ErrorResponse(serializers.Serializer[Any]):
    """What every error is."""

    success = serializers.BooleanField(help_text="false")
    message = serializers.CharField(help_text="What happened and what to do, for a person to read.")


REQUEST_ID = {
    "description": "The mark of this request in the server's log: the one that was sent, or a new one.",
    "schema": {"type": "string"},
}
CHALLENGE = {"description": "The scheme to use.", "schema": {"type": "string"}}
LIMIT = OpenApiParameter("limit", int, description="At most so many; without `limit` and `offset` all come.")
OFFSET = OpenApiParameter("offset", int, description="Leave out so many of the first.")


def text(name: str, description: str = "Exactly this.", *, choices: list[str] | None = None) -> OpenApiParameter:
    """Return a parameter of the query."""
    return OpenApiParameter(name, str, description=description, enum=choices)


def number(name: str, description: str = "Exactly this.") -> OpenApiParameter:
    """Return a parameter of the query that is a whole number."""
    return OpenApiParameter(name, int, description=description)


def header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    """Return a header of the request."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, required=required)


def page_of(key: str, shape: type[serializers.Serializer[Any]]) -> Fields:
    """Return the fields of a list that can be cut: they go with the parameters `LIMIT` and `OFFSET`."""
    return {
        key: shape(many=True),
        "total": serializers.IntegerField(help_text="How many there are."),
        "next": serializers.CharField(allow_null=True, help_text="The path of the next page."),
        "previous": serializers.CharField(allow_null=True, help_text="The path of the page before."),
    }


def describe(
    *,
    data: Fields | None = None,
    beside: Fields | None = None,
    body: Body | None = None,
    query: tuple[OpenApiParameter, ...] = (),
    refusals: tuple[int, ...] = (),
    same_body: tuple[int, ...] = (),
    further: Mapping[Any, Any] | None = None,
    succeeds: bool = True,
) -> Callable[[View], View]:
    """Say what a view takes and answers.

    `data`: the fields under `data`; `beside`: further ones beside `success` and `message`; `body`: a serializer, or
    schemas by media type; `refusals`: the status codes that `ErrorResponse` comes with, beside those of every operation
    (401, 404 and 413 are known by themselves); `same_body`: those whose body is that of the success; `further`: answers
    of another form, as drf-spectacular takes them; without `succeeds` there is no 200 in our envelope.
    """

    def decorate(view: View) -> View:
        name = "".join(part[:1].upper() + part[1:] for part in view.__qualname__.split("."))
        codes = (400, *refusals) if body is None else (400, 413, *refusals)
        answers: dict[int, Any] = dict.fromkeys(codes, ErrorResponse)
        if succeeds:
            envelope = _envelope(name, data=data, beside=beside)
            answers[200] = OpenApiResponse(envelope, description="Done.")
            answers |= {code: OpenApiResponse(envelope, description=REFUSALS.get(code, "Done.")) for code in same_body}
        summary, _, rest = (view.__doc__ or "").strip().partition("\n")
        described = extend_schema(
            operation_id=name,
            summary=summary,
            description=" ".join(rest.split()) or " ",
            parameters=list(query),
            request=body if body is None or isinstance(body, Mapping) else {JSON: body},
            responses={**answers, **(further or {})},
        )(view)
        _described.add(described)
        return described

    return decorate


def is_described(view: object) -> bool:
    """Return whether a method of a view says what it takes and answers."""
    return view in _described


def _envelope(name: str, *, data: Fields | None, beside: Fields | None) -> serializers.Serializer[Any]:
    fields: dict[str, Any] = {
        "success": serializers.BooleanField(help_text="true"),
        "message": serializers.CharField(allow_blank=True),
        **(beside or {}),
    }
    if data is not None:
        fields["data"] = inline_serializer(f"{name}Data", dict(data))
    return inline_serializer(f"{name}Response", fields)


TAGS: Mapping[str, str] = {
    "tokens": "API tokens: exchange credentials for a token, list and revoke tokens.",
    "users": "People to share with.",
    "workspaces": "Workspaces with their files and uploads; launches.",
    "jobs": "Sessions and other jobs.",
    "shared_workspaces": "Workspaces offered to other people as copies.",
    "live_tickets": "One-time tickets for the WebSockets with the status of jobs.",
    "quotas": "Limits and usage of the caller.",
    "job_types": "Job types that can be launched.",
    "parameters": "Parameters of a launch.",
    "status": "The health of the server.",
}
"""The first word of a path, and what is below it."""


MAY_BE_EMPTY = {"WorkspaceRunsPost", "RunOutputsPost"}
"""Operations whose body may be left out."""


def complete(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add to a finished description what all operations have in common, each thing once."""
    result["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = result["components"]
    components["headers"] = {"X-Request-ID": REQUEST_ID, "WWW-Authenticate": CHALLENGE}
    components["schemas"]["Dependencies"]["additionalProperties"] = {"$ref": "#/components/schemas/Health"}
    components["schemas"]["Request"]["additionalProperties"] = True
    components["responses"] = {f"Error{code}": _error_response(code) for code in REFUSALS}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            if not operation["description"].strip():
                del operation["description"]
            if "requestBody" in operation and operation["operationId"] not in MAY_BE_EMPTY:
                operation["requestBody"]["required"] = True
            answers = operation["responses"]
            codes = {int(code) for code, response in answers.items() if _is_error(response)} | set(ALWAYS) - set(
                map(int, answers)
            )
            codes |= {401, 403} if {"token": []} in operation.get("security", []) else set()
            codes |= {404} if "_id}" in path else set()
            answers |= {str(code): {"$ref": f"#/components/responses/Error{code}"} for code in codes}
            for response in answers.values():
                if "$ref" not in response:
                    response["headers"] = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
            operation["responses"] = dict(sorted(answers.items()))
    return result


def _error_response(code: int) -> dict[str, Any]:
    headers = ["X-Request-ID", *(["WWW-Authenticate"] if code == HTTPStatus.UNAUTHORIZED else [])]
    return {
        "description": REFUSALS[code],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
    }


def _is_error(response: dict[str, Any]) -> bool:
    schema: dict[str, str] = response.get("content", {}).get(JSON, {}).get("schema", {})
    return schema.get("$ref", "").endswith("/ErrorResponse")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself
    """The two headers that a token may come in."""

    target_class = "user_workspaces.api.authentication.TokenAuthentication"
    name = ["token", "bearer"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """Return that either will do."""
        return [{"token": []}, {"bearer": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        """Describe both."""
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "UWS-Authorization",
                "description": "`Token <token>`, or the bare token.",
            },
            {"type": "http", "scheme": "bearer"},
        ]
