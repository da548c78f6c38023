"""Deciding a plan: a word on every step, sent as one decision."""

import uuid
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from approvals.forms import PlanForm
from approvals.models import ApprovalRequest, Revision
from approvals.operations import decisions, previewing
from approvals.operations.previewing import Preview
from approvals.refusals import Refusal
from approvals.rules import progress
from approvals.rules.progress import RUNS
from approvals.rules.ruling import Ruling
from approvals.views import access, answering, deciding, showing
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.showing import Said


@require_POST
@vary_on_headers("HX-Request", "HX-Target")
@reviewer_required
def decide_plan(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    """The decision; with `?preview`, what the agent could run if it were sent as it stands."""
    approval = access.approval_or_404(request.reviewer, approval_id)
    place = showing.place_of(request.POST.get("place"), request.POST.get("view"))
    current = Revision.objects.get(approval=approval, number=approval.revision)
    form = PlanForm(request.POST, approval=approval, steps=current.steps)
    said = Said("plan", request.POST.get("feedback", ""), form.complaints, request.POST)
    if "preview" in request.GET:
        told = outcome_of(request, approval, current, form)
        if request.htmx.target == "outcome":
            return render(request, "approvals/_outcome.html", {"approval": approval, **told})
        return answering.again(request, approval, place=place, status=200, said=said, **told)
    if not form.is_valid():
        return answering.again(request, approval, place=place, status=422, said=said)
    ruling = form.ruling()
    try:
        after = decisions.decide(
            approval.pk, ruling, reviewer=request.reviewer, seen_seconds=form.seen_seconds
        )
    except Refusal as refusal:
        said = Said("plan", ruling.feedback, refusal.detail, request.POST)
        if refusal.status == 409:
            # The fields meant the steps as they stood; kept in words, they cannot mean others.
            said = replace(said, fields={}, draft=_in_words(ruling))
        return answering.refused(request, approval, refusal, place=place, said=said)
    return deciding.answered(request, after, ruling, place=place)


def outcome_of(
    request: ReviewerRequest, approval: ApprovalRequest, current: Revision, form: PlanForm
) -> dict[str, Any]:
    """What the agent may run as the steps stand: in words, in numbers, in bytes."""
    if not form.is_valid():
        return {"outcome_problem": form.complaints}
    try:
        preview = previewing.preview(
            approval, form.ruling(), current=current, reviewer=request.reviewer, at=timezone.now()
        )
    except Refusal as refusal:
        return {"outcome_problem": refusal.detail}
    return {"outcome": outcome(preview)}


def outcome(preview: Preview) -> dict[str, Any]:
    runs = [status for status in preview.statuses.values() if status in RUNS]
    return {
        "words": progress.in_words(preview.statuses),
        "runs": len(runs),
        "steps": len(preview.statuses),
        "effect": preview.effect if runs else [],
        "digest": preview.proposed.digest,
        "objection": preview.objection,
        "tier": preview.tier,
        "score": preview.risk.score,
    }


def _in_words(ruling: Ruling) -> str:
    return "\n".join(
        f"{name}: {said['verdict']}. {said['feedback']}".rstrip()
        for name, said in ruling.steps.items()
    )
