"""The API in OpenAPI: `describe` documents one operation, `complete` finishes the schema.

    @describe(data=page_of("workspaces", WorkspaceSerializer), query=(text("name"),))
    def get(self, request: Request) -> Response: ...

The first line of the method's docstring is the summary, the rest is the description. `complete` adds what all
operations share: the common errors, the request ID and the credentials.
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
ALWAYS = (400, 405, 500, 503, 507)
"""Status codes of errors that every operation may return."""
ERRORS: Mapping[int, str] = {
    400: "The request is invalid; the message names the problem.",
    401: "Missing or invalid token.",
    403: "The caller lacks the permission, or the permissions of a file deny the access.",
    404: "Not found, or owned by another user.",
    405: "The path does not support this method.",
    409: "The request conflicts with the current state, such as an existing file.",
    412: "A precondition of the request failed.",
    413: "The request is too large.",
    415: "The body has an unsupported media type.",
    416: "The range starts after the end of the file.",
    422: "Resource options exceed the configured bounds; the message lists each problem.",
    423: "The resource is locked by another request.",
    429: "Too many requests; try again later.",
    500: "Internal server error; the message holds the request ID, which is also in the server's log.",
    503: "A dependency of the server does not respond. If it is the database, `Retry-After` is set.",
    507: "The storage rejected the write: the disk is full, or a quota of the file system is exceeded.",
}


class ErrorResponse(serializers.Serializer[Any]):
    """An error."""

    success = serializers.BooleanField(help_text="false")
    message = serializers.CharField(help_text="What happened and what to do next, for users.")


REQUEST_ID = {
    "description": "The request ID in the server's log: the one that the client sent, or a new one.",
    "schema": {"type": "string"},
}
CHALLENGE = {"description": "The scheme to use.", "schema": {"type": "string"}}
LIMIT = OpenApiParameter("limit", int, description="Maximum number of items; all items without `limit` and `offset`.")
OFFSET = OpenApiParameter("offset", int, description="Number of items to skip.")


def text(name: str, description: str = "Exact match.", *, choices: list[str] | None = None) -> OpenApiParameter:
    """Return a text parameter of the query."""
    return OpenApiParameter(name, str, description=description, enum=choices)


def number(name: str, description: str = "Exact match.") -> OpenApiParameter:
    """Return an integer parameter of the query."""
    return OpenApiParameter(name, int, description=description)


def header(name: str, description: str, *, required: bool = False) -> OpenApiParameter:
    """Return a header of the request."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, required=required)


def page_of(key: str, item: type[serializers.Serializer[Any]]) -> Fields:
    """Return the fields of a paginated list, whose operation takes `LIMIT` and `OFFSET`."""
    return {
        key: item(many=True),
        "total": serializers.IntegerField(help_text="Number of items on all pages."),
        "next": serializers.CharField(allow_null=True, help_text="Path of the next page."),
        "previous": serializers.CharField(allow_null=True, help_text="Path of the previous page."),
    }


def describe(
    *,
    data: Fields | None = None,
    beside: Fields | None = None,
    body: Body | None = None,
    query: tuple[OpenApiParameter, ...] = (),
    errors: tuple[int, ...] = (),
    same_body: tuple[int, ...] = (),
    further: Mapping[Any, Any] | None = None,
    succeeds: bool = True,
) -> Callable[[View], View]:
    """Document the request and the responses of a view's method.

    `data`: the fields under `data`; `beside`: fields beside `success` and `message`; `body`: a serializer, or schemas
    by media type; `errors`: the status codes of errors beside those of every operation (401, 404 and 413 are added
    where they apply); `same_body`: further status codes with the body of the success; `further`: other responses, as
    drf-spectacular takes them; `succeeds`: False for a method that never returns 200 with the common fields.
    """

    def decorate(view: View) -> View:
        name = "".join(part[:1].upper() + part[1:] for part in view.__qualname__.split("."))
        codes = (400, *errors) if body is None else (400, 413, *errors)
        responses: dict[int, Any] = dict.fromkeys(codes, ErrorResponse)
        if succeeds:
            envelope = _envelope(name, data=data, beside=beside)
            responses[200] = OpenApiResponse(envelope, description="Success.")
            responses |= {
                code: OpenApiResponse(envelope, description=ERRORS.get(code, "Success.")) for code in same_body
            }
        summary, _, rest = (view.__doc__ or "").strip().partition("\n")
        return extend_schema(
            operation_id=name,
            summary=summary,
            description=" ".join(rest.split()) or " ",  # empty: drf-spectacular would take the whole docstring
            parameters=list(query),
            request=body if body is None or isinstance(body, Mapping) else {JSON: body},
            responses={**responses, **(further or {})},
        )(view)

    return decorate


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
    "users": "Users to share workspaces with.",
    "workspaces": "Workspaces, their files and uploads, and launches.",
    "jobs": "Sessions and other jobs.",
    "shared_workspaces": "Workspaces offered to other users as copies.",
    "live_tickets": "One-time tickets for the WebSockets with the status of jobs.",
    "quotas": "Quotas of the caller and their usage.",
    "job_types": "Job types that can be launched.",
    "parameters": "Parameters of a launch.",
    "status": "The health of the server.",
}
"""Descriptions of the tags; a tag is the first segment of a path."""


MAY_BE_EMPTY = {"WorkspaceRunsPost", "RunOutputsPost"}
"""Operations with an optional request body."""


def complete(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add to a generated schema what all operations share, each component once."""
    result["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = result["components"]
    components["headers"] = {"X-Request-ID": REQUEST_ID, "WWW-Authenticate": CHALLENGE}
    # Serializers describe fixed keys only, but these two objects have further ones.
    components["schemas"]["Dependencies"]["additionalProperties"] = {"$ref": "#/components/schemas/Health"}
    components["schemas"]["JobRequest"]["additionalProperties"] = True
    components["responses"] = {f"Error{code}": _error_response(code) for code in ERRORS}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            if not operation["description"].strip():
                del operation["description"]
            if "requestBody" in operation and operation["operationId"] not in MAY_BE_EMPTY:
                operation["requestBody"]["required"] = True
            responses = operation["responses"]
            codes = {int(code) for code, response in responses.items() if _is_error(response)}
            # An operation may describe one of these codes itself, as `/status/` does with 503.
            codes |= set(ALWAYS) - set(map(int, responses))
            codes |= {401, 403} if {"token": []} in operation.get("security", []) else set()
            codes |= {404} if "_id}" in path else set()
            responses |= {str(code): {"$ref": f"#/components/responses/Error{code}"} for code in codes}
            for response in responses.values():
                if "$ref" not in response:
                    response["headers"] = {"X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"}}
            operation["responses"] = dict(sorted(responses.items()))
    return result


def _error_response(code: int) -> dict[str, Any]:
    headers = ["X-Request-ID", *(["WWW-Authenticate"] if code == HTTPStatus.UNAUTHORIZED else [])]
    return {
        "description": ERRORS[code],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
    }


def _is_error(response: dict[str, Any]) -> bool:
    schema: dict[str, str] = response.get("content", {}).get(JSON, {}).get("schema", {})
    return schema.get("$ref", "").endswith("/ErrorResponse")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the base class registers the subclass and has no types
    """The two headers that accept a token."""

    target_class = "user_workspaces.api.authentication.TokenAuthentication"
    name = ["token", "bearer"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """Return the two schemes; one of them suffices."""
        return [{"token": []}, {"bearer": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        """Describe the two schemes."""
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "UWS-Authorization",
                "description": "`Token <token>`, or the bare token.",
            },
            {"type": "http", "scheme": "bearer"},
        ]
