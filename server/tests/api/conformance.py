"""Validates every response of a test against the schema: no key is missing, and none is extra."""

import re
from functools import cache
from typing import Any

from django.urls import Resolver404, resolve
from jsonschema import Draft202012Validator

from user_workspaces.api.schema_views import describe_api
from user_workspaces.api.urls import ROUTES


@cache
def description() -> dict[str, Any]:
    """Return the schema with all objects closed, so that an undocumented key is an error."""
    closed: dict[str, Any] = _closed(describe_api(ROUTES))
    return closed


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _closed(value) for key, value in node.items()}
    if found.get("type") == "object" and isinstance(found.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference, "components": description()["components"]})


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation of a request; None for a path or method outside of the API."""
    try:
        route = resolve(path.partition("?")[0]).route
    except (Resolver404, ValueError):
        return None
    named = re.sub(r"<\w+:(\w+)>", r"{\1}", route.strip("/"))
    found: dict[str, Any] | None = description()["paths"].get(f"/{named}/", {}).get(method.lower())
    return found


def check(method: str, path: str, status: int, body: object) -> None:
    """Fail for a response that the schema does not allow."""
    operation = operation_of(method, path)
    if operation is None:
        return
    assert str(status) in operation["responses"], f"{method} {path}: {status} is not described"
    response = operation["responses"][str(status)]
    if "$ref" in response:
        response = description()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found = _validator(response["content"]["application/json"]["schema"]["$ref"])
    problem = next(iter(found.iter_errors(body)), None)
    assert problem is None, f"{method} {path}: {problem.json_path}: {problem.message}"
