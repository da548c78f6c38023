"""What was decided, by whom or by what; and a workflow from its first checkpoint to its last."""

import uuid
from typing import Any, cast
from urllib.parse import urlencode

import structlog
from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.models import Agent, ApprovalRequest
from approvals.queries import rows, settled
from approvals.queries.rows import Material
from approvals.queries.settled import Place, Sieve
from approvals.rules.effect import Part
from approvals.rules.lifecycle import TERMINAL, Status, Via
from approvals.views import words
from approvals.views.access import ReviewerRequest, reviewer_required

PAGE_SIZE = 50

log = structlog.get_logger(__name__)


class SieveForm(forms.Form):
    """The filters over the history; all of them optional."""

    q = forms.CharField(label="Effect or action", required=False, max_length=200)
    status = forms.ChoiceField(
        choices=[("", "any"), *[(one.value, one.label) for one in Status if one in TERMINAL]],
        required=False,
    )
    via = forms.ChoiceField(label="Decided by", required=False, choices=[("", "any"), *Via.choices])
    checkpoint = forms.ChoiceField(required=False)
    agent = forms.CharField(required=False, max_length=100)
    run = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any, *, checkpoints: list[str]) -> None:
        super().__init__(data)
        names = [("", "any"), *((name, name) for name in checkpoints)]
        cast(forms.ChoiceField, self.fields["checkpoint"]).choices = names

    def sieve(self) -> Sieve:
        """What is understood of it; a filter that is not keeps nothing out."""
        self.is_valid()
        said = {name: self.cleaned_data.get(name, "") for name in self.fields}
        return Sieve(words=said.pop("q"), **said)


@require_safe
@reviewer_required
def history(request: ReviewerRequest) -> HttpResponse:
    """Settled requests, newest first, a page at a time."""
    at = timezone.now()
    form = SieveForm(request.GET, checkpoints=settled.checkpoint_names(request.reviewer))
    sieve = form.sieve()
    found = settled.settled_for(request.reviewer, sieve, at=at)
    after = Place.read(request.GET.get("after", ""))
    shown, onward = settled.one_page(found, size=PAGE_SIZE, after=after)
    context = {
        "form": form,
        "is_sifted": sieve != Sieve(),
        "is_first": after is None,
        "entries": _entries(rows.load(shown)),
        "next_url": _address_of(request, onward) if onward else "",
    }
    return render(request, "approvals/history.html", context)


@require_safe
@reviewer_required
def run(request: ReviewerRequest, agent_id: uuid.UUID, run: str) -> HttpResponse:
    """The checkpoints of one workflow in order, and where it stands."""
    agent = get_object_or_404(Agent, pk=agent_id)
    found = settled.run_of(agent, run, request.reviewer, at=timezone.now())
    entries = _entries(rows.load(found))
    if not entries:
        raise Http404
    context = {
        "section": "history",
        "agent": agent,
        "run": run,
        "entries": entries,
        "stands": _where_it_stands([entry["approval"] for entry in entries]),
        "is_cut": len(entries) == settled.LONGEST_RUN,
    }
    return render(request, "approvals/run.html", context)


def _entries(material: Material) -> list[dict[str, Any]]:
    return [_entry(approval, material) for approval in material.approvals]


def _entry(approval: ApprovalRequest, material: Material) -> dict[str, Any]:
    entry = {"approval": approval, "via": _by_what(approval), "how": "", "template": ""}
    try:
        if approval.via == Via.TEMPLATE and approval.template:
            entry["template"] = approval.template.name
        if not approval.is_open:
            entry["how"] = words.how_it_ended(approval, now=timezone.now())
        return entry | {"effect": rows.effect_of(approval, material.revisions[approval.pk])}
    except Exception:
        # One request that cannot be drawn must not hide the others; it keeps its place,
        # and somebody is told.
        log.exception("history.row_failed", approval=str(approval.pk))
        broken = f"Request {approval.short_id} cannot be shown in a list; open it."
        return entry | {"effect": [Part("text", broken)]}


def _by_what(approval: ApprovalRequest) -> str:
    """The kind of badge: of what a person decided, a person's."""
    return "human" if approval.is_open else approval.via


def _where_it_stands(course: list[ApprovalRequest]) -> str:
    waiting = [one for one in course if one.is_open]
    if waiting:
        return f"waits at {waiting[0].checkpoint}"
    last = course[-1]
    if last.may_proceed:
        return f"went on after {last.checkpoint}"
    return f"stopped at {last.checkpoint}: {last.get_status_display()}"


def _address_of(request: ReviewerRequest, place: Place) -> str:
    kept = {name: request.GET[name] for name in SieveForm.base_fields if request.GET.get(name)}
    return f"{reverse('history')}?{urlencode(kept | {'after': str(place)})}"
