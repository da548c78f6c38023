"""Filters from a fixed list, and pages by opaque cursors that belong to one list and caller."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import Q
from rest_framework.request import Request

from approvals.api import instants
from approvals.api.problems import Problem
from approvals.models.approval_request import ApprovalRequestQuerySet
from audit.trail import stamp

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


def refuse_unknown(request: Request, allowed: Collection[str]) -> None:
    """:raises Problem: a parameter this list does not have, repeated, or that no text is"""
    for name, values in request.query_params.lists():
        if name not in allowed:
            raise Problem(422, "invalid_filter", f"There is no filter {name!r} here.")
        if len(values) > 1:
            raise Problem(422, "invalid_filter", f"{name} is given twice.")
        if name != "cursor" and ("\0" in values[0] or len(values[0]) > 1000):
            raise Problem(422, "invalid_filter", f"{name} is no usable text.")


def limit_of(request: Request) -> int:
    raw = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 6 and 1 <= int(raw) <= MAX_LIMIT):
        raise Problem(422, "invalid_filter", f"limit must be a number from 1 to {MAX_LIMIT}.")
    return int(raw)


def instant_of(request: Request, name: str) -> datetime | None:
    """A query parameter as an instant; it needs an offset, for it would mean nothing without."""
    raw = request.query_params.get(name)
    if raw is None:
        return None
    # A plus sign that nobody encoded arrives as a space.
    found = instants.read(raw.replace(" ", "+"))
    if found is None:
        raise Problem(
            422, "invalid_filter", f"{name} must be an RFC 3339 date-time with an offset."
        )
    return found


def choice_of(request: Request, name: str, allowed: Collection[str]) -> str | None:
    raw = request.query_params.get(name)
    if raw is not None and raw not in allowed:
        raise Problem(422, "invalid_filter", f"{name} must be one of {', '.join(sorted(allowed))}.")
    return raw


def cursor_for(list_name: str, *place: Any) -> str:
    return signing.dumps([str(part) for part in place], salt=f"cursor:{list_name}", compress=False)


def place_of(request: Request, list_name: str, parts: int) -> list[str] | None:
    """Where a cursor points, or None for the beginning."""
    raw = request.query_params.get("cursor")
    if raw is None:
        return None
    try:
        place = signing.loads(raw, salt=f"cursor:{list_name}")
    except signing.BadSignature:
        place = None
    if not isinstance(place, list) or len(place) != parts:
        raise Problem(422, "invalid_cursor", "This cursor is not valid.")
    return place


def newest_first(
    request: Request, approvals: ApprovalRequestQuerySet, list_name: str
) -> tuple[list[Any], str | None]:
    """One page by submission, newest first, and the cursor of the next page or None."""
    if place := place_of(request, list_name, 2):
        at, pk = datetime.fromisoformat(place[0]), uuid.UUID(place[1])
        approvals = approvals.filter(Q(submitted_at__lt=at) | Q(submitted_at=at, pk__lt=pk))
    return _page(request, approvals.order_by("-submitted_at", "-id"), list_name, "submitted_at")


def nearest_deadline_first(
    request: Request, approvals: ApprovalRequestQuerySet, list_name: str
) -> tuple[list[Any], str | None]:
    """One page by deadline, nearest first, and the cursor of the next page or None."""
    if place := place_of(request, list_name, 2):
        at, pk = datetime.fromisoformat(place[0]), uuid.UUID(place[1])
        approvals = approvals.filter(Q(expires_at__gt=at) | Q(expires_at=at, pk__gt=pk))
    return _page(request, approvals.order_by("expires_at", "id"), list_name, "expires_at")


def _page(
    request: Request, ordered: ApprovalRequestQuerySet, list_name: str, instant: str
) -> tuple[list[Any], str | None]:
    """The first so many, and the cursor behind them: the last one's `instant` and key."""
    limit = limit_of(request)
    page = list(ordered[: limit + 1])
    if len(page) <= limit:
        return page, None
    last = page[limit - 1]
    return page[:limit], cursor_for(list_name, stamp(getattr(last, instant)), last.pk)
