"""Saying something about a request: every act is a POST of what was on the screen."""

import uuid
from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from approvals.forms import DecideForm
from approvals.models import ApprovalRequest
from approvals.operations import assignment, decisions, revealing
from approvals.queries import serving
from approvals.queries.votes import votes_on
from approvals.refusals import Refusal
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from approvals.views import access, answering, showing, words
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.showing import PANE, Place, Said


@require_POST
@vary_on_headers("HX-Request")
@reviewer_required
def decide(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Any verdict that needs no edit."""
    approval = access.approval_or_404(request.reviewer, approval_id)
    place = showing.place_of(request.POST.get("place"), request.POST.get("view"))
    form = DecideForm(request.POST, approval=approval)
    if not form.is_valid():
        said = Said(
            verdict=request.POST.get("verdict", "") or Verdict.REJECT,
            feedback=request.POST.get("feedback", ""),
            error=form.complaints,
            fields=request.POST,
        )
        return answering.again(request, approval, place=place, status=422, said=said)
    ruling = form.ruling()
    try:
        after = decisions.decide(
            approval.pk, ruling, reviewer=request.reviewer, seen_seconds=form.seen_seconds
        )
    except Refusal as refusal:
        said = Said(ruling.verdict, ruling.feedback, refusal.detail, request.POST)
        return answering.refused(request, approval, refusal, place=place, said=said)
    return answered(request, after, ruling, place=place)


def answered(
    request: ReviewerRequest, after: ApprovalRequest, ruling: Ruling, *, place: Place
) -> HttpResponse:
    """What follows a decision that was taken: guidance stays, everything else moves on."""
    votes = votes_on(after, after.decisions.all())
    message = words.told(after, ruling, tier=request.reviewer.tier, yes=votes.approvals)
    if ruling.verdict == Verdict.GUIDE:
        return answering.stayed(request, after, message, place=place)
    return answering.done(request, after, message, place=place)


@require_POST
@vary_on_headers("HX-Request")
@reviewer_required
def claim(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Take it to look at for ten minutes, or with `release` give it back."""
    approval = access.approval_or_404(request.reviewer, approval_id)
    place = showing.place_of(request.POST.get("place"), request.POST.get("view"))
    if request.POST.get("release"):
        assignment.release(approval.pk, reviewer=request.reviewer)
        return answering.stayed(request, approval, "Given back to the queue.", place=place)
    try:
        assignment.claim(approval.pk, reviewer=request.reviewer, at=timezone.now())
    except Refusal as refusal:
        said = Said(error=refusal.detail)
        return answering.refused(request, approval, refusal, place=place, said=said)
    message = "Yours to look at for 10 minutes. Others may still vote."
    return answering.stayed(request, approval, message, place=place)


@require_POST
@reviewer_required
def reveal(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Show this person the masked fields from now on; that they looked is on record."""
    approval = access.approval_or_404(request.reviewer, approval_id)
    place = showing.place_of(request.POST.get("place"), request.POST.get("view"))
    revealing.reveal(approval.pk, reviewer=request.reviewer, at=timezone.now())
    return redirect(place.address_of(approval))


@require_POST
@reviewer_required
def start(request: ReviewerRequest) -> HttpResponse:
    """Hand out the most urgent request that this person may decide and nobody looks at."""
    at = timezone.now()
    place = Place(PANE)
    first = serving.most_urgent(request.reviewer, at=at)
    if first is None:
        return redirect(place.address_of(None))
    # Somebody may have been faster by a moment; the page will say so, and that is no error.
    with suppress(Refusal):
        assignment.claim(first.pk, reviewer=request.reviewer, at=at)
    return redirect(place.address_of(first))
