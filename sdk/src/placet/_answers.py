"""What an answer of the server means: its JSON, or an error. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from . import _errors
from ._errors import PlacetError, Refused, UnexpectedAnswer

_BY_CODE: dict[str, type[Refused]] = {
    "already_settled": _errors.AlreadySettled,
    "digest_mismatch": _errors.DigestMismatch,
    "expired": _errors.AlreadySettled,
    "grant_consumed": _errors.GrantConsumed,
    "idempotency_key_reused": _errors.IdempotencyKeyReused,
    "stale_revision": _errors.StaleRevision,
}
_BY_STATUS: dict[int, type[Refused]] = {
    400: _errors.InvalidRequest,
    401: _errors.NotAuthenticated,
    403: _errors.NotAllowed,
    404: _errors.NotFound,
    409: _errors.Conflict,
    413: _errors.InvalidRequest,
    415: _errors.InvalidRequest,
    422: _errors.InvalidRequest,
    429: _errors.RateLimited,
}


@dataclass(frozen=True)
class Answer:
    """An HTTP response, whole."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes


@dataclass(frozen=True)
class NoAnswer:
    """A call without a response."""

    reason: str
    sent: bool  # False only if it certainly never reached the server


def body_of(answer: Answer) -> Any:
    """
    The JSON of a good answer; {} where it says that there is none.

    :raises Refused: the server said no
    :raises UnexpectedAnswer: not an answer of a Placet server
    """
    if answer.status >= 400:
        raise _refusal(answer)
    if not 200 <= answer.status < 300:
        raise _unexpected(answer, "Is the server's URL the right one?")
    if answer.status == 204:
        return {}
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise _unexpected(answer, "Its body is not JSON.") from None


def results_of(body: Any) -> list[Any]:
    """The rows of a list answer: `{"results": [...]}`, or a bare list."""
    rows = body.get("results") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise UnexpectedAnswer("The server's answer is not a list.")
    return rows


def object_of(body: Any) -> dict[str, Any]:
    """The answer, which has to be an object."""
    if not isinstance(body, dict):
        raise UnexpectedAnswer("The server's answer is not an object.")
    return body


def _refusal(answer: Answer) -> PlacetError:
    problem = _problem(answer)
    code = problem.get("code")
    fallback = _errors.ServerFailed if answer.status >= 500 else Refused
    kind = _BY_CODE.get(str(code)) or _BY_STATUS.get(answer.status, fallback)
    errors = problem.get("errors")
    return kind(
        str(problem.get("detail") or problem.get("title") or f"The server said {answer.status}."),
        code=code if isinstance(code, str) else None,
        status=answer.status,
        request_id=problem.get("request_id") or answer.headers.get("x-request-id"),
        errors=[e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else (),
        problem=problem,
        retry_after=_retry_after(answer.headers.get("retry-after")),
    )


def _problem(answer: Answer) -> dict[str, Any]:
    # Something between us and the server may answer with a page of its own.
    try:
        problem = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _retry_after(value: str | None) -> float | None:
    """Seconds from now; the header holds a number of them, or a date."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())


def _unexpected(answer: Answer, hint: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The server answered {answer.status}. {hint}",
        status=answer.status,
        request_id=answer.headers.get("x-request-id"),
    )
