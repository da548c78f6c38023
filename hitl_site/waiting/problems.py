"""What the front answers by itself, without Django."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from hitl_site.waiting.threads import Answer, Headers

API_PREFIX = "/api/"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    :param retry_after: seconds
    :param is_final: close the connection: the request was not read to its end
    """

    status: HTTPStatus
    code: str
    detail: str
    retry_after: int | None = None
    is_final: bool = False

    def answer(self, scope: dict[str, Any]) -> Answer:
        """Problem details (RFC 9457) for the API, plain text for everyone else."""
        request_id = uuid.uuid4().hex
        if scope["path"].startswith(API_PREFIX):
            content_type = b"application/problem+json"
            body = json.dumps(self._details(request_id)).encode()
        else:
            content_type = b"text/plain; charset=utf-8"
            body = f"{self.status.phrase}: {self.detail}\n".encode()
        headers: Headers = [
            (b"content-type", content_type),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
        ]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        if self.is_final:
            headers.append((b"connection", b"close"))
        return Answer(self.status, headers, body)

    def _details(self, request_id: str) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "errors": [],
        }


NOT_ESCAPED = Problem(
    HTTPStatus.BAD_REQUEST, "invalid_encoding", "The address contains bytes that need escaping."
)
NUL_IN_ADDRESS = Problem(
    HTTPStatus.BAD_REQUEST, "forbidden_character", "The address contains a NUL character."
)
TOO_LARGE = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    "The body is larger than this server takes.",
    is_final=True,
)
TOO_SLOW = Problem(
    HTTPStatus.REQUEST_TIMEOUT, "timeout", "The body did not arrive in time.", is_final=True
)
BUSY = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "The server has more to do than it can. Try again.",
    retry_after=1,
    is_final=True,
)
STOPPING = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "The server is restarting. Ask again.",
    retry_after=1,
)
TOO_MANY_WAITS = Problem(
    HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "too many waits at once", retry_after=5
)
