"""One request, whole, on a page of its own."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from approvals.models import ApprovalRequest
from approvals.queries.rows import mark_of
from approvals.views import access, showing, words
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.showing import Place


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@reviewer_required
def approval(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    found = access.approval_or_404(request.reviewer, approval_id)
    if request.htmx.target == "watch":
        return _watched(request, found)
    context = showing.context_of(request, found, place=Place())
    return render(request, "approvals/approval.html", context)


def _watched(request: ReviewerRequest, found: ApprovalRequest) -> HttpResponse:
    """Whether it is still what is on the screen; if not, a line that says so."""
    if request.GET.get("mark") == mark_of(found):
        return HttpResponse(status=204)
    place = showing.place_of(request.GET.get("place"), request.GET.get("view"))
    context = {
        "approval": found,
        "ended": "" if found.is_pending else words.how_it_ended(found, now=timezone.now()),
        "address": place.address_of(found),
    }
    return render(request, "approvals/_watch.html", context)
