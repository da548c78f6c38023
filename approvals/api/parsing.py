"""Bodies pass the strict gate before anybody reads them, and then fit a schema."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from approvals.api.problems import Problem
from approvals.rules import gate, schemas

_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        _refuse_other_encodings(request, media_type or "")
        # One byte more than allowed is enough to know.
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        try:
            return gate.parse(body, limit_bytes=settings.MAX_BODY_BYTES)
        except gate.Malformed as wrong:
            error = {"pointer": wrong.pointer, "code": wrong.code, "detail": wrong.detail}
            raise Problem(wrong.status, wrong.code, wrong.detail, errors=[error]) from None


def body_of(
    request: Request, schema: Mapping[str, Any], *, may_be_empty: bool = False
) -> dict[str, Any]:
    """
    The request's body, of the shape the schema asks for.

    :param may_be_empty: no body at all stands for `{}`
    :raises Problem: 400 or 415 for what cannot be read, 422 with a pointer for each field
        at fault
    """
    if _is_empty(request):
        if may_be_empty:
            return {}
        raise Problem(400, "malformed_json", "The request body is empty; send a JSON object.")
    if not request.content_type:
        # DRF would hand over an empty form instead of calling a parser.
        raise exceptions.UnsupportedMediaType("")
    body = request.data
    if not isinstance(body, dict):
        raise Problem(
            422, "not_an_object", f"The top level must be a JSON object, not {_KINDS[type(body)]}."
        )
    if wrong := schemas.problems(schema, body, ours=True):
        # An unknown field is most likely the misspelling that made another one "missing".
        first = next((problem for problem in wrong if problem.code == "unknown_field"), wrong[0])
        raise Problem(
            422,
            first.code,
            f"{first.pointer or 'The body'}: {first.detail}.",
            errors=[problem.as_json() for problem in wrong],
        )
    return body


def _is_empty(request: Request) -> bool:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not (length.isascii() and length.isdecimal() and int(length))


def _refuse_other_encodings(request: Request, media_type: str) -> None:
    for part in media_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in ("utf-8", "utf8"):
            raise Problem(415, "unsupported_charset", "Only UTF-8 is accepted.")
    if request.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise Problem(
            415, "unsupported_content_encoding", "Compressed request bodies are not accepted."
        )
