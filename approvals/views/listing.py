"""Lists of requests: which are on the page, and each as a row that nothing can break."""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from approvals.models import ApprovalRequest
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.operations import batches
from approvals.queries import batching, inbox, rows
from approvals.queries.rows import Material
from approvals.views import words
from approvals.views.access import ReviewerRequest
from approvals.views.showing import Place

PAGE_SIZE = 50
MOST_WORDS = 5
_KIND = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger(__name__)


def waiting(request: ReviewerRequest, place: Place, *, at: datetime) -> ApprovalRequestQuerySet:
    """What a view holds for whoever asks, narrowed to what they search for, or to one kind."""
    found = inbox.pending_for(request.reviewer, place.view, at=at)
    if kind := alike(request):
        found = found.filter(likeness=kind)
    for word in searched(request).split()[:MOST_WORDS]:
        found = found.filter(
            Q(effect__icontains=word)
            | Q(action__icontains=word)
            | Q(agent__name__icontains=word)
            | Q(checkpoint__icontains=word)
            | Q(run__icontains=word)
        )
    return found


def searched(request: ReviewerRequest) -> str:
    """The words in the search box."""
    return request.GET.get("q", "").replace("\0", "").strip()[:200]


def alike(request: ReviewerRequest) -> str:
    """The kind of near-identical requests that is asked for by itself, or ""."""
    asked = request.GET.get("alike", "")
    return asked if _KIND.fullmatch(asked) else ""


def one_page(
    request: ReviewerRequest, found: ApprovalRequestQuerySet
) -> tuple[ApprovalRequestQuerySet, str]:
    """
    One page by deadline and the address of the next, or "" if this is the last.

    Many of one kind stand there as one, unless that kind is asked for.
    """
    if not alike(request):
        found = inbox.folded(found)
    if place := _cursor(request.GET.get("after", "")):
        at, pk = place
        found = found.filter(Q(expires_at__gt=at) | Q(expires_at=at, pk__gt=pk))
    keys = list(found.values_list("pk", "expires_at")[: PAGE_SIZE + 1])
    shown = found.filter(pk__in=[pk for pk, _ in keys[:PAGE_SIZE]])
    if len(keys) <= PAGE_SIZE:
        return shown, ""
    last, expires_at = keys[PAGE_SIZE - 1]
    query = request.GET.copy()
    query.pop("focus", None)
    query["after"] = f"{expires_at.isoformat()}_{last.hex}"
    return shown, f"{reverse('queue')}?{query.urlencode()}"


def kinds(
    request: ReviewerRequest, found: ApprovalRequestQuerySet, material: Material
) -> dict[str, int]:
    """How many there are of each kind that is folded on a page; of one asked for, none is."""
    return {} if alike(request) else inbox.alike_among(found, material.approvals)


def of_one_kind(
    request: ReviewerRequest, found: ApprovalRequestQuerySet, material: Material
) -> dict[str, Any] | None:
    """Of the kind that is asked for by itself: how many, and where to decide them together."""
    if not alike(request) or not material.approvals:
        return None
    first = material.approvals[0]
    batch = f"{reverse('batch')}?{urlencode({'group': batching.key_of(first)})}"
    return {
        "size": inbox.count_of(found),
        "batch": batch if batches.why_not_in_batch(first) is None else "",
    }


def drawn(
    request: ReviewerRequest,
    material: Material,
    *,
    at: datetime,
    place: Place,
    focus: uuid.UUID | None = None,
    kinds: Mapping[str, int] | None = None,
    **more: Any,
) -> list[SafeString]:
    """
    Each approval as a row of HTML, in order.

    :param kinds: how many there are of each kind of which only the first is drawn
    """
    context = {"place": place, "now": at, **more}
    kinds = kinds or {}
    return [
        _row(
            request,
            approval,
            material,
            {
                **context,
                "is_current": approval.pk == focus,
                "address": place.address_of(approval),
                "more_alike": kinds.get(approval.likeness, 1) - 1,
            },
            at=at,
        )
        for approval in material.approvals
    ]


def _row(
    request: ReviewerRequest,
    approval: ApprovalRequest,
    material: Material,
    context: dict[str, Any],
    *,
    at: datetime,
) -> SafeString:
    context["approval"] = approval
    try:
        row = rows.row_of(approval, material, reviewer=request.reviewer, at=at)
        ended = "" if approval.is_pending else words.how_it_ended(approval, now=at)
        return render_to_string("approvals/_row.html", {**context, "row": row, "ended": ended})
    except Exception:
        # One request that cannot be drawn must not hide the others; it keeps its place,
        # marked, and somebody is told.
        log.exception("queue.row_failed", approval=str(approval.pk))
        return render_to_string("approvals/_row_broken.html", context)


def views_of(place: Place, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The tabs over the queue, each with how many it holds."""
    most = inbox.COUNT_AT_MOST
    return [
        {
            "title": view.title,
            "address": f"{reverse('queue')}?{urlencode({'view': view.name})}",
            "is_current": view.name == place.view,
            "count": f"{most:,}+" if counts[view.name] > most else f"{counts[view.name]:,}",
        }
        for view in inbox.VIEWS
    ]


def _cursor(text: str) -> tuple[datetime, uuid.UUID] | None:
    """Where a page begins; of anything that is no such place, the beginning."""
    instant, _, pk = text.partition("_")
    try:
        at = datetime.fromisoformat(instant)
        return (at, uuid.UUID(pk)) if at.tzinfo else None
    except ValueError:
        return None
