"""Answers that may be waited for: what the front in `hitl_site` is told, and ETags."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.callers import key_of
from approvals.api.problems import Problem
from approvals.api.rendering import JSONRenderer
from approvals.models import Agent

MAX_WAIT_SECONDS = 60
# Read and removed by the front: authorised, nothing to tell yet, ask again when a topic fires.
WAIT_HEADER = "X-Placet-Wait"
_PREFERENCE = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,9})\"?(?:$|[,;\s])", re.IGNORECASE)


def seconds_asked_for(request: Request) -> int:
    """
    How long the caller is ready to wait (0–60 s), by `Prefer: wait=N` or `?wait=N`.

    :raises Problem: `?wait` is not a number; a preference that is none is ignored (RFC 7240)
    """
    asked = request.query_params.get("wait")
    if asked is not None:
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):
            raise Problem(422, "invalid_filter", "wait must be a number of seconds.")
        return min(int(asked), MAX_WAIT_SECONDS)
    found = _PREFERENCE.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), MAX_WAIT_SECONDS) if found else 0


def wait_for(
    request: Request,
    response: Response,
    topics: Sequence[str],
    *,
    agent: Agent,
    seconds: int,
    path: str,
    **more: Any,
) -> Response:
    """
    Ask the front to hold this answer until a topic fires, the caller's key is revoked, or
    the time is over.

    :param agent: who waits
    :param path: what it asks then
    """
    key = key_of(request)
    if seconds:
        response[WAIT_HEADER] = json.dumps(
            {
                "topics": [*topics, key.ref],
                "seconds": seconds,
                "path": path,
                "holder": agent.ref,
                "limit": agent.max_waits,
                **more,
            }
        )
    return response


def tagged(request: Request, body: Any, *, status: int = 200) -> Response:
    """The answer with an ETag; 304 without a body if the caller has it already."""
    text = JSONRenderer().render(body)
    etag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
    known = request.headers.get("If-None-Match", "").split(",")
    if request.method == "GET" and {etag, "*"} & {tag.strip().removeprefix("W/") for tag in known}:
        return Response(status=304, headers={"ETag": etag})
    return Response(text, status=status, headers={"ETag": etag})
