"""
What happened to the rows on somebody's screen.

Nothing moves: rows that are another now are drawn anew in their place, those that left
are struck out, and new ones are counted until they are asked for.
"""

import uuid
from urllib.parse import urlsplit

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from approvals.queries import approvals, inbox, rows
from approvals.views import listing
from approvals.views.access import ReviewerRequest
from approvals.views.showing import Place

MOST_SHOWN = 200


def since(request: ReviewerRequest, place: Place) -> HttpResponse:
    """The answer to `shown=<id>-<event>` for each row: a count, and the rows to replace."""
    at = timezone.now()
    reviewer = request.reviewer
    on_screen = _marks(request)
    waiting = listing.waiting(request, place, at=at)
    page, _ = listing.one_page(request, waiting)
    first = set(page.values_list("pk", flat=True))
    # What would be folded by now stands where it stood.
    present = first | set(waiting.filter(pk__in=on_screen).values_list("pk", flat=True))
    known = approvals.seen_by(reviewer, at=at).filter(pk__in=on_screen)
    other = [
        pk
        for pk, seq in known.values_list("pk", "trail_seq")
        if seq != on_screen[pk] or pk not in present
    ]
    material = rows.load(known.filter(pk__in=other))
    counts = inbox.counts_for(reviewer, at=at)
    focus = _focus(request)
    drawn = listing.drawn(
        request,
        material,
        at=at,
        place=place,
        focus=focus,
        still_here=present,
        kinds=listing.kinds(request, waiting, material),
        out_of_band=True,
    )
    context = {
        "new": len(first - set(on_screen)),
        "changed": drawn,
        "views": listing.views_of(place, counts),
        "your_turn": counts["yours"],
        "counts": counts,
        "here": f"{reverse('queue')}?{_kept(request, focus)}",
        "out_of_band": True,
    }
    return render(request, "approvals/_changes.html", context)


def _marks(request: ReviewerRequest) -> dict[uuid.UUID, int]:
    """The rows on the screen: which approvals, as of which event of their trail."""
    marks = {}
    for mark in request.GET.getlist("shown")[:MOST_SHOWN]:
        text, _, seq = mark.partition("-")
        if (pk := _id(text)) and seq.isdecimal():
            marks[pk] = int(seq)
    return marks


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _focus(request: ReviewerRequest) -> uuid.UUID | None:
    """What stands beside the list by now, which the address of the page tells."""
    here = QueryDict(urlsplit(request.htmx.current_url or "").query)
    return _id(here.get("focus") or request.GET.get("focus", ""))


def _kept(request: ReviewerRequest, focus: uuid.UUID | None) -> str:
    query = request.GET.copy()
    query.pop("shown", None)
    if focus:
        query["focus"] = str(focus)
    return query.urlencode()
