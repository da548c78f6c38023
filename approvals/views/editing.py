"""Changing what would run before letting it: the change, its risk, and who must agree."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from approvals.argument_form import ArgumentForm
from approvals.forms import AnswerForm
from approvals.models import ApprovalRequest, Revision
from approvals.operations import decisions, previewing
from approvals.operations.previewing import Preview
from approvals.refusals import Refusal
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from approvals.views import access, answering, deciding, showing
from approvals.views.access import ReviewerRequest, reviewer_required
from approvals.views.showing import Place, Said


@dataclass(frozen=True)
class Draft:
    """An edit as it is typed: the revision it starts from, and both its forms."""

    base: Revision
    arguments: ArgumentForm
    words: AnswerForm | None

    @property
    def is_valid(self) -> bool:
        return self.words is not None and self.arguments.is_valid() and self.words.is_valid()

    def ruling(self) -> Ruling:
        assert self.words is not None  # noqa: S101 - a valid draft has been sent
        return Ruling(
            Verdict.MODIFY,
            revision=self.words.cleaned_data["revision"],
            digest=self.words.cleaned_data["digest"],
            feedback=self.words.cleaned_data["feedback"],
            arguments=self.arguments.arguments(),
            **self.words.cleaned_data["answered"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
@reviewer_required
def modify(request: ReviewerRequest, approval_id: uuid.UUID) -> HttpResponse:
    """The edit form; with `?preview`, what the edit would come to; else the decision itself."""
    approval = access.approval_or_404(request.reviewer, approval_id)
    sent = request.POST if request.method == "POST" else request.GET
    place = showing.place_of(sent.get("place"), sent.get("view"))
    context = showing.context_of(request, approval, place=place)
    context["back"] = place.address_of(approval)
    if request.method != "POST" and (why_not := _closed(context)):
        messages.warning(request, why_not)
        return redirect(place.address_of(approval))
    if context["shown"].is_masked:
        return render(request, "approvals/modify.html", context)
    draft = _draft(request, approval)
    if request.method != "POST" or "preview" in request.GET:
        return _page(request, approval, draft, context)
    if not draft.is_valid:
        return _page(request, approval, draft, context, status=422)
    return _decided(request, approval, draft, place=place)


def _draft(request: ReviewerRequest, approval: ApprovalRequest) -> Draft:
    sent = request.POST if request.method == "POST" else None
    # The fields of the form mean the arguments of the revision it was made for, which may
    # stand no more; what then becomes of the edit, `decide` says.
    number = sent.get("revision", "") if sent is not None else ""
    revisions = Revision.objects.filter(approval=approval)
    base = revisions.filter(number=int(number)).first() if number.isdecimal() else None
    base = base or revisions.get(number=approval.revision)
    arguments = ArgumentForm(
        sent,
        arguments=base.arguments,
        schema=approval.submitted.get("arguments_schema") or {},
        is_whole=(sent or request.GET).get("as") == "json",
    )
    return Draft(base, arguments, AnswerForm(sent, approval=approval) if sent is not None else None)


def _page(
    request: ReviewerRequest,
    approval: ApprovalRequest,
    draft: Draft,
    context: dict[str, Any],
    *,
    status: int = 200,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """The whole page, or for htmx what it shows of the edit, which keeps the fields as typed."""
    preview, problem = _preview(request, approval, draft)
    sent = request.POST
    context = context | {
        "draft": draft,
        "answer": sent.get("answer", ""),
        "chosen": sent.getlist("selected"),
        "form": draft.arguments,
        "changed": draft.arguments.changed(),
        "preview": preview,
        "problem": problem or refusal,
        "before": draft.base.arguments,
        "seen": draft.words,
        "raised": preview is not None and preview.tier.rank > approval.tier.rank,
        "new_factors": _new_factors(approval, preview),
        "next_revision": approval.revision + 1,
        "out_of_band": request.htmx.target == "preview",
    }
    template = "_preview" if request.htmx.target == "preview" else "modify"
    return render(request, f"approvals/{template}.html", context, status=status)


def _preview(
    request: ReviewerRequest, approval: ApprovalRequest, draft: Draft
) -> tuple[Preview | None, Refusal | None]:
    """What the edit would come to, or why that cannot be said."""
    if draft.words is None or not draft.is_valid:
        return None, None
    try:
        return (
            previewing.preview(
                approval,
                draft.ruling(),
                current=draft.base,
                reviewer=request.reviewer,
                at=timezone.now(),
            ),
            None,
        )
    except Refusal as refusal:
        _mark_fields(draft.arguments, refusal)
        return None, refusal


def _decided(
    request: ReviewerRequest, approval: ApprovalRequest, draft: Draft, *, place: Place
) -> HttpResponse:
    ruling = draft.ruling()
    try:
        after = decisions.decide(
            approval.pk,
            ruling,
            reviewer=request.reviewer,
            seen_seconds=draft.words.seen_seconds if draft.words else None,
        )
    except Refusal as refusal:
        if refusal.status == 422:
            fresh = access.approval_or_404(request.reviewer, approval_id=approval.pk)
            context = showing.context_of(request, fresh, place=place)
            context["back"] = place.address_of(fresh)
            return _page(request, fresh, draft, context, status=422, refusal=refusal)
        kept = json.dumps(ruling.arguments, indent=2, ensure_ascii=False)
        said = Said(Verdict.MODIFY, ruling.feedback, refusal.detail, draft=kept)
        return answering.refused(request, approval, refusal, place=place, said=said)
    return deciding.answered(request, after, ruling, place=place)


def _new_factors(approval: ApprovalRequest, preview: Preview | None) -> set[str]:
    """The rules that apply to the edit and did not before."""
    before = {factor["rule"] for factor in approval.risk["factors"]}
    return {factor.rule for factor in preview.risk.factors} - before if preview else set()


def _closed(context: dict[str, Any]) -> str:
    """Why nobody, or not this person, may edit this; "" if they may."""
    hand = context["hand"]
    if hand is None:
        return "This can no longer be changed."
    group = hand.choices[Verdict.MODIFY].group
    return next((sentence for name, _, sentence in hand.reasons if name == group), "")


def _mark_fields(form: ArgumentForm, refusal: Refusal) -> None:
    """Put each thing that the schema says beside the field it concerns."""
    by_key = {field.key: name for name, field in form.fields.items()}  # type: ignore[attr-defined]
    for error in refusal.errors:
        key = error["pointer"].removeprefix("/arguments/").partition("/")[0]
        form.add_error(by_key.get(key.replace("~1", "/").replace("~0", "~")), error["detail"])
