"""Errors as RFC 9457 problem details: one shape, one place that makes it."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from approvals.refusals import Refusal


class Problem(Exception):
    """An answer that is an error: status, stable code, a sentence, and the fields at fault."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.members = list(errors), dict(headers or {}), members


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every anticipated error as a problem; others fly on as bugs."""
    problem = _problem_of(error)
    if problem is None:
        return None
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": getattr(context["request"], "request_id", ""),
        "errors": problem.errors,
        **problem.members,
    }
    return Response(
        body,
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def _problem_of(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case Refusal():
            members = {"current": error.current} if error.status == 409 else {}
            return Problem(
                error.status,
                error.code,
                error.detail,
                errors=error.errors,
                headers={"Retry-After": str(error.retry_after_seconds)}
                if error.retry_after_seconds
                else {},
                **members,
            )
        case Http404() | ObjectDoesNotExist():
            return Problem(404, "not_found", "Not found.")
        case exceptions.Throttled():
            wait = str(math.ceil(getattr(error, "wait", None) or 1))
            return Problem(
                429, "rate_limited", "Too many requests; slow down.", headers={"Retry-After": wait}
            )
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            headers = {"WWW-Authenticate": 'Bearer realm="placet"'}
            return Problem(401, "unauthorized", str(error.detail), headers=headers)
        case exceptions.MethodNotAllowed():
            return Problem(405, "method_not_allowed", "This address does not take that method.")
        case exceptions.UnsupportedMediaType():
            return Problem(415, "unsupported_media_type", "Send application/json.")
        case SuspiciousOperation():
            return Problem(400, "malformed_request", "The request cannot be read.")
    return None
