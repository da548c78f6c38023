"""A backtest while it runs and when it is done, and the cases that somebody has to open."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from approvals.models import Backtest, OverruledCase
from approvals.operations import backtests
from approvals.queries import documents
from approvals.rules import redaction
from approvals.rules.hindsight import Tally, report_of
from approvals.views.staff import READS_REQUESTS, StaffRequest, actor_of, staff_required

MOST_CASES = 200
# htmx leaves off asking when it is answered with this.
STOP_POLLING = 286


@require_safe
@vary_on_headers("HX-Request")
@staff_required()
def backtest(request: StaffRequest, backtest_id: uuid.UUID) -> HttpResponse:
    """How far it is, or what it found."""
    found = _backtest_or_404(backtest_id)
    if request.htmx and not found.is_over:
        return render(request, "policies/_progress.html", {"backtest": found})
    if request.htmx:
        # Done while somebody watched: the whole page has something else to show.
        answer = HttpResponse(status=STOP_POLLING)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "policies/backtest.html", _context(request, found))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(READS_REQUESTS)
def case(request: StaffRequest, backtest_id: uuid.UUID, approval_id: uuid.UUID) -> HttpResponse:
    """One decision that the version would have made otherwise; a POST opens it, on record."""
    cases = OverruledCase.objects.select_related(
        "backtest__version__checkpoint", "approval__agent", "approval__version"
    )
    found = get_object_or_404(cases, backtest=backtest_id, approval=approval_id)
    if request.method == "POST":
        backtests.open_case(found, by_user=request.user, actor=actor_of(request), at=timezone.now())
        return redirect("overruled", backtest_id, approval_id)
    opened = backtests.opened_in(found.backtest, by_user=request.user)
    if str(approval_id) not in opened:
        raise Http404  # it is opened by a POST, which is on record
    context = _shown(found) | {"next": _next_of(found.backtest, opened)}
    return render(request, "policies/case.html", {"section": "policies", **context})


def _context(request: StaffRequest, found: Backtest) -> dict[str, Any]:
    sees = request.user.has_perm(READS_REQUESTS)
    opened = backtests.opened_in(found, by_user=request.user)
    cases = found.overruled.select_related("approval__agent")
    keys = {str(pk) for pk in found.overruled.values_list("approval_id", flat=True)}
    report = (
        report_of(Tally.from_json(found.result["tally"]))
        if found.state == Backtest.State.DONE
        else None
    )
    return {
        "section": "policies",
        "backtest": found,
        "version": found.version,
        "report": report,
        "sees_requests": sees,
        "cases": cases[:MOST_CASES] if sees else [],
        "case_count": len(keys),
        "opened": opened,
        "unopened": len(keys - opened),
    }


def _shown(found: OverruledCase) -> dict[str, Any]:
    approval = found.approval
    revisions = approval.revisions.order_by("-number")
    own, final = revisions.filter(editor__isnull=True)[:1].get(), revisions[:1].get()
    pointers = approval.terms.redacted_fields
    before, after = (
        redaction.masked({**revision.proposed, "context": revision.about}, pointers)
        for revision in (own, final)
    )
    about = before["context"]
    return {
        "case": found,
        "approval": approval,
        "asked": own,
        "version": found.backtest.version,
        "effect": documents.effect_parts(approval.version.effect, before, about),
        "arguments": before["arguments"],
        "steps": before.get("steps", []),
        "about": about,
        "before": before["arguments"],
        "after": after["arguments"],
        "decisions": approval.decisions.select_related("reviewer__user"),
    }


def _next_of(found: Backtest, opened: set[str]) -> OverruledCase | None:
    return next(
        (case for case in found.overruled.all() if str(case.approval_id) not in opened), None
    )


def _backtest_or_404(backtest_id: uuid.UUID) -> Backtest:
    found = Backtest.objects.select_related("version__checkpoint", "created_by")
    return get_object_or_404(found, pk=backtest_id)
