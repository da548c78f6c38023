"""What goes over the wire for each thing the server can do. No I/O."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from ._canonical import canonical

API = "/api/v1/"
LONGEST_WAIT_SECONDS = 60  # what the server holds one call for

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")


@dataclass(frozen=True)
class Call:
    """One request, ready to be sent any number of times."""

    method: str
    path: str  # below the server's URL
    body: bytes | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: int = 0  # how long the server may hold its answer
    repeatable: bool = True  # sent twice, it still happens once


def submission(
    action: str,
    arguments: Mapping[str, Any] | None,
    *,
    checkpoint: str,
    context: Mapping[str, Any] | None = None,
    steps: Sequence[Mapping[str, Any]] | None = None,
    risk_score: float | None = None,
    arguments_schema: Mapping[str, Any] | None = None,
    response: Mapping[str, Any] | None = None,
    allowed_decisions: Sequence[str] | None = None,
    expires_in_seconds: int | None = None,
    callback_url: str | None = None,
    run: str | None = None,
    group: Mapping[str, Any] | None = None,
    on_behalf_of: str | None = None,
    source: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a submission; what is None is left out."""
    given = {
        "checkpoint": checkpoint,
        "action": action,
        "arguments": {} if arguments is None else arguments,
        "arguments_schema": arguments_schema,
        "context": context,
        "risk_score": risk_score,
        "steps": steps,
        "response": response,
        "allowed_decisions": allowed_decisions,
        "expires_in_seconds": expires_in_seconds,
        "callback_url": callback_url,
        "run": run,
        "group": group,
        "on_behalf_of": on_behalf_of,
        "source": source,
        "metadata": metadata,
    }
    return _present(given)


def submit(body: Mapping[str, Any], *, idempotency_key: str | None) -> Call:
    return _keyed("approvals/", body, idempotency_key=idempotency_key)


def submit_group(
    group: str, requests: Iterable[Mapping[str, Any]], *, idempotency_key: str | None
) -> Call:
    body = {"group": group, "requests": list(requests)}
    return _keyed("approvals/bulk/", body, idempotency_key=idempotency_key)


def approval(id: str, *, wait_seconds: int = 0) -> Call:
    return _get(f"approvals/{_segment(id)}/", wait_seconds=wait_seconds)


def approvals(
    cursor: str | None,
    *,
    status: str | None = None,
    checkpoint: str | None = None,
    run: str | None = None,
    created_after: datetime | None = None,
    limit: int | None = None,
) -> Call:
    filters = {
        "status": status,
        "checkpoint": checkpoint,
        "run": run,
        "created_after": created_after,
        "limit": limit,
    }
    return _get("approvals/", params={**filters, "cursor": cursor})


def group(id: str, *, wait_seconds: int = 0) -> Call:
    return _get(f"groups/{_segment(id)}/", wait_seconds=wait_seconds)


def revise(
    id: str,
    arguments: Mapping[str, Any],
    *,
    context: Mapping[str, Any] | None,
    steps: Sequence[Mapping[str, Any]] | None,
) -> Call:
    body = _present({"arguments": arguments, "context": context, "steps": steps})
    return _post_once(f"approvals/{_segment(id)}/revise/", body)


def cancel(id: str, *, reason: str) -> Call:
    return _post_once(f"approvals/{_segment(id)}/cancel/", {"reason": reason})


def consume(id: str, *, digest: str) -> Call:
    return _post_once(f"approvals/{_segment(id)}/consume/", {"digest": digest})


def report(
    id: str,
    *,
    status: str,
    detail: str,
    severity: int | None,
    loss: float | None,
    occurred_at: datetime | None,
) -> Call:
    body = {
        "status": status,
        "detail": detail,
        "severity": severity,
        "loss": loss,
        "occurred_at": None if occurred_at is None else instant(occurred_at),
    }
    return _post_once(f"approvals/{_segment(id)}/outcome/", _present(body))


def inbox(view: str, *, cursor: str | None) -> Call:
    return _get("inbox/", params={"view": view, "cursor": cursor})


def decide(id: str, body: Mapping[str, Any]) -> Call:
    return _post_once(f"approvals/{_segment(id)}/decisions/", body)


def decide_batch(body: Mapping[str, Any]) -> Call:
    return _post_once("decisions/batch/", body)


def evaluate(body: Mapping[str, Any]) -> Call:
    return Call("POST", f"{API}evaluate/", body=canonical(body))  # creates nothing: repeatable


def checkpoints() -> Call:
    return _get("checkpoints/")


def checkpoint(name: str) -> Call:
    return _get(f"checkpoints/{_segment(name)}/")


def feed(*, cursor: str | None, wait_seconds: int = 0) -> Call:
    return _get("feed/", wait_seconds=wait_seconds, params={"cursor": cursor})


def jwks() -> Call:
    return Call("GET", "/.well-known/jwks.json")


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, as the API writes times."""
    if at.tzinfo is None:
        raise ValueError("A time sent to the server must be an aware datetime.")
    return at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _get(
    path: str,
    *,
    wait_seconds: int = 0,
    params: Mapping[str, str | int | datetime | None] | None = None,
) -> Call:
    return Call(
        "GET",
        API + path,
        params={
            name: instant(value) if isinstance(value, datetime) else str(value)
            for name, value in _present(params or {}).items()
        },
        headers={"Prefer": f"wait={wait_seconds}"} if wait_seconds else {},
        wait_seconds=wait_seconds,
    )


def _keyed(path: str, body: Mapping[str, Any], *, idempotency_key: str | None) -> Call:
    """A POST that may be sent again: the server knows it by its key."""
    key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
    if not _IDEMPOTENCY_KEY.match(key):
        raise ValueError("An idempotency key is 1 to 255 visible ASCII characters.")
    headers = {"Idempotency-Key": key}
    return Call("POST", API + path, body=canonical(body), headers=headers)


def _post_once(path: str, body: Mapping[str, Any]) -> Call:
    return Call("POST", API + path, body=canonical(body), repeatable=False)


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _segment(text: str) -> str:
    if not text or set(text) == {"."}:
        raise ValueError("An empty id names nothing.")
    return quote(text, safe="")
