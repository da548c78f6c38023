"""The queue: what waits, most urgent first, with the focused request beside it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from approvals.models import ApprovalRequest, PlanStep
from approvals.queries import inbox, rows
from approvals.views import access, changes, listing, showing
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.listing import PAGE_SIZE
from approvals.views.showing import PANE, Place

log = structlog.get_logger(__name__)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@reviewer_required
def queue(request: ReviewerRequest) -> HttpResponse:
    """The whole page; the pane alone, or what changed since, where a fragment is asked for."""
    place = showing.place_of(PANE, request.GET.get("view"))
    asked = request.GET.get("focus", "")
    if request.htmx.target == "changes":
        return changes.since(request, place)
    if request.htmx.target == "detail":
        return pane(request, access.approval_or_none(request.reviewer, asked), place)
    return page(request, place, asked=asked)


@require_safe
@reviewer_required
def plans(request: ReviewerRequest) -> HttpResponse:
    """What waits with steps of its own."""
    at = timezone.now()
    has_steps = Exists(PlanStep.objects.filter(approval=OuterRef("pk")))

    def drawn(view: str) -> list[Any]:
        found = inbox.pending_for(request.reviewer, view, at=at).filter(has_steps)
        return listing.drawn(request, rows.load(found[:PAGE_SIZE]), at=at, place=Place())

    context = {"rows": drawn("yours"), "others": drawn("others")}
    return render(request, "approvals/plans.html", context)


def page(
    request: ReviewerRequest,
    place: Place,
    *,
    asked: str = "",
    beside: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """
    The queue with a request beside it: the one asked for, or else the first.

    :param beside: what stands there instead, as `showing.context_of` gives it
    """
    at = timezone.now()
    waiting = listing.waiting(request, place, at=at)
    shown, after = listing.one_page(request, waiting)
    material = rows.load(shown)
    if beside is None:
        first = str(material.approvals[0].pk) if material.approvals else ""
        focus = access.approval_or_none(request.reviewer, asked or first)
    else:
        focus = beside["approval"]
    context = {
        "place": place,
        "rows": listing.drawn(
            request,
            material,
            at=at,
            place=place,
            focus=focus.pk if focus else None,
            kinds=listing.kinds(request, waiting, material),
        ),
        "beside": _beside(request, focus, place, beside, is_asked=bool(asked) or status != 200),
        "words": listing.searched(request),
        "alike": listing.of_one_kind(request, waiting, material),
        "after": after,
        "is_first": "after" not in request.GET,
        **_around(request, place, focus, at=at),
    }
    return render(request, "approvals/queue.html", context, status=status)


def pane(
    request: ReviewerRequest, approval: ApprovalRequest | None, place: Place, **more: Any
) -> HttpResponse:
    """The request beside the queue, alone."""
    if approval is None:
        return render(request, "approvals/_nothing.html", {"place": place, "is_asked": True})
    context = showing.context_of(request, approval, place=place, is_asked=True, **more)
    return render(request, "approvals/_detail.html", context)


def _beside(
    request: ReviewerRequest,
    focus: ApprovalRequest | None,
    place: Place,
    context: dict[str, Any] | None,
    *,
    is_asked: bool,
) -> SafeString:
    """The pane as HTML; of a request that cannot be drawn, a note in its place."""
    if focus is None:
        nothing = {"place": place, "is_asked": is_asked}
        return render_to_string("approvals/_nothing.html", nothing, request)
    try:
        context = context or showing.context_of(request, focus, place=place)
        return render_to_string("approvals/_detail.html", context | {"is_asked": is_asked}, request)
    except Exception:
        # The queue must stay usable when one of its requests is not.
        log.exception("queue.pane_failed", approval=str(focus.pk))
        broken = {"approval": focus, "is_asked": is_asked}
        return render_to_string("approvals/_broken.html", broken, request)


def _around(
    request: ReviewerRequest, place: Place, focus: ApprovalRequest | None, *, at: datetime
) -> dict[str, Any]:
    """What stands around the rows: tabs with counts, the tally, where changes are asked for."""
    counts = inbox.counts_for(request.reviewer, at=at)
    kept = {"view": place.view, "focus": str(focus.pk) if focus else ""}
    kept |= {name: request.GET.get(name, "") for name in ("q", "alike", "after")}
    here = f"{reverse('queue')}?{urlencode({name: text for name, text in kept.items() if text})}"
    return {
        "views": listing.views_of(place, counts),
        "counts": counts,
        "your_turn": counts["yours"],
        "next_other": None
        if counts["yours"]
        else inbox.pending_for(request.reviewer, "others", at=at).first(),
        "here": here,
    }
