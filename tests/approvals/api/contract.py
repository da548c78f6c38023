"""Whether an answer is one that the published OpenAPI document promises."""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from django.urls import Resolver404

from approvals.api import published

PREFIX = "/api/v1/"
UNPUBLISHED = "/api/v1/approvals/together/"  # between the front and Django


def check(response) -> None:
    """
    Hold an answer of the API against the document: status, media type, and each field.

    Fields that the document does not name are refused here, though clients must bear
    with them: what is not written down is not promised.
    """
    document = published.openapi()
    path = _template_of(response)
    if not path.startswith(PREFIX) or response.status_code == 405:
        assert_problem(response)
        return
    if path == UNPUBLISHED:
        return
    operation = document["paths"][path][response.request["REQUEST_METHOD"].lower()]
    described = operation["responses"][str(response.status_code)]
    if response.status_code == 304:
        assert response.content == b""
        return
    media_type = response.headers["Content-Type"]
    shape = described["content"][media_type]["schema"]
    _validator(json.dumps(shape)).validate(json.loads(response.content))


def assert_problem(response) -> dict[str, Any]:
    """The answer as problem details, which name the very request they are about."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    _validator(json.dumps({"$ref": "#/components/schemas/Problem"})).validate(problem)
    assert problem["status"] == response.status_code >= 400
    assert problem["request_id"] == response.headers["X-Request-Id"]
    return problem


def _template_of(response) -> str:
    """The address as the document writes it, or "" where no route matched."""
    try:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", response.resolver_match.route)
    except Resolver404:
        return ""


@cache
def _validator(shape: str) -> jsonschema_rs.Draft202012Validator:
    document = published.openapi()
    components = _strict(document["components"])
    schema = {**_strict(json.loads(shape)), "components": components}
    return jsonschema_rs.Draft202012Validator(schema, offline=True, validate_formats=True)


def _strict(shape: Any) -> Any:
    if isinstance(shape, list):
        return [_strict(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    inner = {name: _strict(part) for name, part in shape.items()}
    if isinstance(shape.get("properties"), dict):
        inner.setdefault("additionalProperties", False)
    return inner
