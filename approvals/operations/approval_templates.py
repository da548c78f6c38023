"""Templates: written by some, switched on by somebody else."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from approvals import events
from approvals.models import ApprovalTemplate
from approvals.operations import _policy_rows, policies
from approvals.operations.versions import SecondPersonNeeded
from approvals.rules.template_checks import LONGEST_LIFE
from audit import trail
from audit.models import Event

State = ApprovalTemplate.State


def saved(template: ApprovalTemplate, *, actor: str, at: datetime) -> None:
    """
    Put on record what a template says now, and who said it. Expects the transaction of the save.

    One that was on is off from here: what nobody else has seen lets nothing pass.
    """
    if template.state == State.ON:
        template.state = State.OFF
        template.save(update_fields=["state"])
    _record(template, events.TEMPLATE_CHANGED, actor=actor, at=at)


@transaction.atomic(durable=True)
def switch_on(template: ApprovalTemplate, *, by_user: User, actor: str, at: datetime) -> None:
    """
    Let it pass requests, for 90 days at most.

    :raises SecondPersonNeeded: whoever wrote it since it was last on cannot switch it on
    :raises InvalidPolicy: what stands in it could not be saved today
    """
    template = _held(template)
    if f"user:{by_user.pk}" in writers_of(template):
        raise SecondPersonNeeded("Somebody else has to turn on what you wrote.")
    if template.expires_at is None or template.expires_at <= at:
        template.expires_at = at + LONGEST_LIFE - timedelta(seconds=1)
    if found := policies.problems_of_template(template, at=at):
        raise policies.InvalidPolicy(f"It stays off. {found[0]}")
    _switch(template, State.ON, actor=actor, at=at)


@transaction.atomic(durable=True)
def switch_off(template: ApprovalTemplate, *, actor: str, at: datetime) -> None:
    """Let it pass nothing more. Anybody who may change it may do that."""
    _switch(_held(template), State.OFF, actor=actor, at=at)


def writers_of(template: ApprovalTemplate) -> set[str]:
    """Who saved it since it was last switched on, as the trail names them ("user:…")."""
    writers: set[str] = set()
    told = Event.objects.filter(
        subject=_ref(template), type__in=(events.TEMPLATE_CHANGED, events.TEMPLATE_SWITCHED)
    ).order_by("seq")
    for type_, actor, body in told.values_list("type", "actor", "body"):
        # By a file, a template changes and is on in one: whoever has a shell did both.
        if json.loads(body)["data"]["state"] == State.ON:
            writers = set()
        elif type_ == events.TEMPLATE_CHANGED:
            writers.add(actor)
    return writers


def _held(template: ApprovalTemplate) -> ApprovalTemplate:
    held = ApprovalTemplate.objects.select_for_update(of=("self",)).select_related("checkpoint")
    return held.get(pk=template.pk)


def _switch(template: ApprovalTemplate, state: State, *, actor: str, at: datetime) -> None:
    template.state = state
    template.save(update_fields=["state", "expires_at"])
    _record(template, events.TEMPLATE_SWITCHED, actor=actor, at=at)


def _record(template: ApprovalTemplate, event: str, *, actor: str, at: datetime) -> None:
    # Templates have no versions, so the trail keeps what they said.
    data: dict[str, Any] = {
        "name": template.name,
        "state": str(template.state),
        "template": _policy_rows.said_of_template(template),
    }
    trail.record_in_stream(_ref(template), event, actor=actor, at=at, data=data)


def _ref(template: ApprovalTemplate) -> str:
    return f"template:{template.pk}"
