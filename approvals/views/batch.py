"""Many alike requests decided side by side: after some were opened, and each by itself."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from approvals.forms import FeedbackField
from approvals.models import ApprovalRequest, Decision
from approvals.operations import batches
from approvals.operations.batches import Item, Result
from approvals.queries import approvals, batching
from approvals.rules.verdicts import Verdict
from approvals.views import batch_memory, batch_sheet, words
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.batch_memory import Capture, Outcome

_VERDICTS = (Verdict.APPROVE, Verdict.REJECT)
TOO_OLD = "That page was too old to act on. This is what waits now."


class BatchForm(forms.Form):
    """`counted` is the number on the button that was pressed."""

    verdict = forms.ChoiceField(choices=[(one.value, one.label) for one in _VERDICTS])
    counted = forms.IntegerField(min_value=0)
    feedback = FeedbackField()


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@reviewer_required
def batch(request: ReviewerRequest) -> HttpResponse:
    """The groups, and one of them as a sheet; a POST decides what is selected on it."""
    if request.method == "POST":
        return _decide(request)
    return _page(request, None, asked=request.GET.get("group", ""))


@require_POST
@vary_on_headers("HX-Request")
@reviewer_required
def look(request: ReviewerRequest) -> HttpResponse:
    """Open one request of the sheet, on record, or count anew what is selected."""
    capture = Capture.read(request.POST.get("capture", ""), request.reviewer)
    if capture is None:
        return _start_again(request)
    asked = _uuid(request.POST.get("open", ""))
    item = next((one for one in capture.seen if one.id == asked), None)
    if item is not None:
        batch_memory.remember_opened(request.session, item)
    return _again(request, capture, showing=item.id if item else None)


@require_safe
@reviewer_required
def outcome(request: ReviewerRequest, token: uuid.UUID) -> HttpResponse:
    """What became of each request of a batch; the same however often it is asked for."""
    found = batch_memory.outcome_of(request.session, token)
    if found is None:
        raise Http404
    return render(request, "approvals/batch_outcome.html", _told(request, found))


def _decide(request: ReviewerRequest) -> HttpResponse:
    capture = Capture.read(request.POST.get("capture", ""), request.reviewer)
    if capture is None:
        return _start_again(request)
    if batch_memory.outcome_of(request.session, capture.token) is None:
        form = BatchForm(request.POST)
        if wrong := _objection_to(request, capture, form):
            return _again(request, capture, refusal=wrong, status=422)
        _act(request, capture, form.cleaned_data)
    return redirect("batch_outcome", token=capture.token)


def _objection_to(request: ReviewerRequest, capture: Capture, form: BatchForm) -> str:
    """Why nothing is decided yet, or ""."""
    if not form.is_valid():
        return " ".join(str(error) for errors in form.errors.values() for error in errors)
    selected = _selected(request, capture)
    if not selected:
        return "Nothing is selected."
    if form.cleaned_data["counted"] != len(selected):
        return f"You changed the selection. It is {len(selected)} now: press again."
    if form.cleaned_data["verdict"] == Verdict.REJECT:
        return ""
    sheet = batching.sheet_of(capture.seen, request.reviewer, at=timezone.now())
    inspection = batch_sheet.inspection_of(
        sheet,
        selected=selected,
        opened=batch_memory.opened_among(request.session, capture.seen),
    )
    left = len(inspection.missing)
    return "" if inspection.is_done else f"Open {left} more before you approve. Nothing was sent."


def _act(request: ReviewerRequest, capture: Capture, said: dict[str, Any]) -> None:
    verdict, selected = Verdict(said["verdict"]), _selected(request, capture)
    results = batches.decide_many(
        [Item(one.id, one.revision, one.digest) for one in capture.seen if one.id in selected],
        verdict,
        reviewer=request.reviewer,
        feedback=said["feedback"],
        inspected=frozenset(batch_memory.opened_among(request.session, capture.seen)),
        batch=capture.token,
    )
    results = _with_what_a_twin_did(request, capture, results)
    batch_memory.remember_outcome(
        request.session, capture.token, Outcome(verdict, timezone.now(), results)
    )


def _with_what_a_twin_did(
    request: ReviewerRequest, capture: Capture, results: list[Result]
) -> list[Result]:
    """
    The results as if the form had been sent once.

    Of two requests that a double click sends, one finds everything decided: by the other.
    """
    skipped = [one.id for one in results if one.result == "skipped"]
    done = Decision.objects.filter(
        approval__in=skipped, reviewer=request.reviewer, batch=capture.token
    ).select_related("approval")
    by_twin = {
        one.approval_id: Result(
            one.approval_id,
            "voted" if one.approval.is_open else "settled",
            status=one.approval.status,
        )
        for one in done
    }
    return [by_twin.get(one.id, one) for one in results]


def _page(
    request: ReviewerRequest,
    capture: Capture | None,
    *,
    asked: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    at = timezone.now()
    waiting = batching.waiting_for(request.reviewer, at=at, why_not=batches.why_not_in_batch)
    if capture is None and waiting.groups:
        found = (group for group in waiting.groups if group.key == asked)
        group = next(found, waiting.groups[0])
        capture = Capture.of(group.key, batching.seen_now(group))
        more["selected"] = {one.id for one in capture.seen}
    context: dict[str, Any] = {"sheet": None}
    if capture is not None:
        context = batch_sheet.context_of(request, capture, at=at, **more)
    action = context.get("action")
    context |= {
        "groups": batch_sheet.groups_of(waiting.groups, capture.group if capture else ""),
        "left_out": [_named(one, why) for one, why in waiting.left_out if one.action == action],
        "others": [_named(one, why) for one, why in waiting.left_out if one.action != action],
        "most_shown": batching.LEFT_OUT_SHOWN,
    }
    return render(request, "approvals/batch.html", context, status=status)


def _again(
    request: ReviewerRequest, capture: Capture, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The very requests that were shown, with the selection as it is."""
    more |= {
        "selected": _selected(request, capture),
        "feedback": request.POST.get("feedback", ""),
    }
    if not request.htmx:
        return _page(request, capture, status=status, **more)
    context = batch_sheet.context_of(request, capture, at=timezone.now(), **more)
    return render(request, "approvals/_batch_sheet.html", context, status=status)


def _start_again(request: ReviewerRequest) -> HttpResponse:
    messages.warning(request, TOO_OLD)
    address = reverse("batch")
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _selected(request: HttpRequest, capture: Capture) -> set[uuid.UUID]:
    ticked = {_uuid(text) for text in request.POST.getlist("item")}
    return {one.id for one in capture.seen if one.id in ticked}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _told(request: ReviewerRequest, found: Outcome) -> dict[str, Any]:
    at: datetime = timezone.now()
    visible = approvals.seen_by(request.reviewer, at=at).select_related("agent", "version")
    shown: dict[uuid.UUID, ApprovalRequest] = visible.in_bulk([one.id for one in found.results])
    told = [{**_named(shown.get(one.id), one.detail), "result": one} for one in found.results]
    return {
        "section": "batch",
        "outcome": found,
        "is_approval": found.verdict == Verdict.APPROVE,
        **{
            kind: [each for each in told if each["result"].result == kind]
            for kind in ("settled", "voted", "skipped")
        },
    }


def _named(approval: ApprovalRequest | None, why: str) -> dict[str, Any]:
    name = words.named(approval) if approval else ""
    return {"approval": approval, "name": name, "why": why}
