"""Policies in words: all of them, one version and what it changes, and publishing it."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from approvals.models import CheckpointVersion
from approvals.operations import backtests, policies, versions
from approvals.queries import overview
from approvals.refusals import Refusal
from approvals.rules import policy_diff, policy_words
from approvals.rules.policy_changes import Bearing, Change
from approvals.views.staff import (
    PUBLISHES,
    READS_REQUESTS,
    WRITES_POLICIES,
    StaffRequest,
    actor_of,
    staff_required,
)

State = CheckpointVersion.State
PERIODS = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year")]


class PublishForm(forms.Form):
    """`seen` is the digest of the version that was on the screen."""

    seen = forms.CharField(max_length=80)


class BacktestForm(forms.Form):
    days = forms.TypedChoiceField(label="Over the last", choices=PERIODS, coerce=int, initial=30)


@require_safe
@staff_required()
def index(request: StaffRequest) -> HttpResponse:
    """Every checkpoint: what holds there, and how it goes."""
    context = {"section": "policies", "lines": overview.lines(at=timezone.now())}
    return render(request, "policies/index.html", context)


@require_safe
@staff_required()
def policy(request: StaffRequest, version_id: uuid.UUID) -> HttpResponse:
    """One version in words, against what holds now, with its trials."""
    return _page(request, _version_or_404(version_id))


@require_POST
@staff_required(PUBLISHES)
def publish(request: StaffRequest, version_id: uuid.UUID) -> HttpResponse:
    """Make what was read the live version."""
    version = _version_or_404(version_id)
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, version, error="That page was too old to act on; read it again.")
    try:
        published = versions.publish(
            version,
            actor=actor_of(request),
            at=timezone.now(),
            by_user=request.user,
            seen=form.cleaned_data["seen"],
        )
    except Refusal as refusal:
        return _page(request, version, error=refusal.detail, status=refusal.status)
    messages.success(request, f"Version {published.number} of {published.checkpoint} is live.")
    return redirect("policy", version.pk)


@require_POST
@staff_required(WRITES_POLICIES)
def backtest(request: StaffRequest, version_id: uuid.UUID) -> HttpResponse:
    """Have a version held against the past."""
    version = _version_or_404(version_id)
    form = BacktestForm(request.POST)
    if not form.is_valid():
        return _page(request, version, form=form, status=422)
    asked = backtests.ask(
        version,
        days=form.cleaned_data["days"],
        by_user=request.user,
        actor=actor_of(request),
        at=timezone.now(),
    )
    return redirect("backtest", asked.pk)


def _page(
    request: StaffRequest, version: CheckpointVersion, *, status: int = 200, **more: Any
) -> HttpResponse:
    reference = versions.reference_of(version)
    changes = _changes(reference, version)
    is_open = version.state in (State.DRAFT, State.SHADOW)
    objection = (
        versions.objection_to_publishing(version, by_user=request.user, at=timezone.now())
        if is_open
        else None
    )
    context = {
        "section": "policies",
        "version": version,
        "digest": versions.digest(version),
        "text": policies.text_of(version),
        "passages": policy_words.passages(policies.fields_of(version)),
        "reference": reference,
        "changes": changes,
        "counts": [
            (bearing, count)
            for bearing in Bearing
            if (count := sum(change.bearing == bearing for change in changes))
        ],
        "writers": versions.writers(version),
        "shadowing": overview.shadowing_of(version),
        "sees_requests": request.user.has_perm(READS_REQUESTS),
        "backtests": version.backtests.select_related("created_by")[:20],
        "form": BacktestForm(),
        "is_open": is_open,
        "may_publish": request.user.has_perm(PUBLISHES),
        "may_test": request.user.has_perm(WRITES_POLICIES),
        "objection": objection.detail if objection else "",
        **more,
    }
    return render(request, "policies/policy.html", context, status=status)


def _changes(reference: CheckpointVersion | None, version: CheckpointVersion) -> list[Change]:
    if reference is None:
        return []
    return policy_diff.changes(policies.fields_of(reference), policies.fields_of(version))


def _version_or_404(version_id: uuid.UUID) -> CheckpointVersion:
    found = CheckpointVersion.objects.select_related(
        "checkpoint", "team", "on_call", "created_by", "published_by"
    )
    return get_object_or_404(found, pk=version_id)
