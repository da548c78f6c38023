"""Explain: one submission under one version at one instant, step by step."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.models import Agent, ApprovalRequest, CheckpointVersion
from approvals.operations import explaining, policies
from approvals.operations.explaining import Explanation
from approvals.refusals import Refusal
from approvals.rules import policy_words
from approvals.views.staff import READS_REQUESTS, StaffRequest, staff_required

SILENCE = "Silence"
FURTHEST = timedelta(days=3652)


class ExplainForm(forms.Form):
    """What to explain: a request by its id, or a body as it would be submitted."""

    body = forms.CharField(
        label="A submission",
        required=False,
        strip=False,
        max_length=300_000,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text="JSON, as an agent would send it to POST /api/v1/approvals/.",
    )
    request_id = forms.UUIDField(
        label="Or a request", required=False, help_text="The id in the address of its page."
    )
    agent = forms.ModelChoiceField(
        label="Asked by",
        queryset=Agent.objects.order_by("name"),
        required=False,
        empty_label="an agent nobody knows",
    )
    version = forms.ModelChoiceField(
        label="Under",
        queryset=CheckpointVersion.objects.select_related("checkpoint", "team", "on_call").order_by(
            "checkpoint__name", "-number"
        ),
        required=False,
        empty_label="the live version that it names",
    )
    at = forms.DateTimeField(
        label="At",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Now, if left empty. Who is away depends on it.",
    )

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        # At the ends of the calendar there is no deadline left to compute.
        if at and abs(at - timezone.now()) > FURTHEST:
            raise forms.ValidationError("Choose an instant within ten years from now.")
        return at

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and not said.get("body", "").strip() and not said.get("request_id"):
            self.add_error("body", "Paste a submission, or name a request.")
        return said


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required()
def explain(request: StaffRequest) -> HttpResponse:
    """The form; a POST answers it, since bodies are long, and writes nothing."""
    if request.method != "POST":
        form = ExplainForm(initial=_asked(request))
        return render(request, "policies/explain.html", {"section": "policies", "form": form})
    form = ExplainForm(request.POST)
    context: dict[str, Any] = {"section": "policies", "form": form}
    if not form.is_valid():
        return render(request, "policies/explain.html", context, status=422)
    said = form.cleaned_data
    try:
        approval = None if said["body"].strip() else _request_of(request, said["request_id"])
        found = _explained(said, approval)
    except Refusal as refusal:
        return render(request, "policies/explain.html", context | {"refusal": refusal})
    context |= _context(found) | {"approval": approval}
    return render(request, "policies/explain.html", context)


def _asked(request: StaffRequest) -> dict[str, str]:
    asked = {name: request.GET.get(name, "") for name in ("version", "request_id")}
    return {name: value for name, value in asked.items() if _is_uuid(value)}


def _explained(said: dict[str, Any], approval: ApprovalRequest | None) -> Explanation:
    agent = said["agent"] or (approval.agent if approval else Agent(name="nobody"))
    submitted = explaining.submission_of(approval) if approval else explaining.read(said["body"])
    return explaining.explain(
        agent, submitted, at=said["at"] or timezone.now(), version=said["version"]
    )


def _request_of(request: StaffRequest, request_id: uuid.UUID) -> ApprovalRequest:
    found = ApprovalRequest.objects.select_related("agent").filter(pk=request_id).first()
    if found is None or not request.user.has_perm(READS_REQUESTS):
        raise explaining.Unreadable("There is no such request, or you may not see it.")
    return found


def _context(found: Explanation) -> dict[str, Any]:
    said = policy_words.passages(policies.fields_of(found.prepared.version))
    return {
        "found": found,
        "prepared": found.prepared,
        "judged": found.prepared.evaluation,
        "policy": found.prepared.policy,
        "able": [each for each in found.pool if each.may_decide],
        "unable": [each for each in found.pool if not each.may_decide],
        "silence": next(each.sentences for each in said if each.title == SILENCE),
    }


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
