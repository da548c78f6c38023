"""Deferred steps do not vanish: they wait on, in a request of their own."""

from datetime import datetime
from typing import Any

from approvals import events
from approvals.models import ApprovalRequest, Revision
from approvals.operations import _announcing, _creating, _preparing, _settling
from approvals.operations._preparing import Prepared, UrlNotAllowed
from approvals.rules.verdicts import StepStatus
from audit import trail

CREATED = "approval.follow_up_created"
# What was about the whole turn or the first clock, and not about what is left.
_NOT_CARRIED = {"group", "expires_in_seconds"}


def carry_over(
    approval: ApprovalRequest, final: Revision, *, at: datetime
) -> ApprovalRequest | None:
    """
    Create the request that carries the deferred steps, or None if there are none.

    It stands under the same frozen version, with a deadline of its own, and waits for a
    person whatever its risk: a person put it there.
    """
    deferred = {
        name for name, said in final.dispositions.items() if said["status"] == StepStatus.DEFERRED
    }
    if not deferred:
        return None
    submitted = _settling.agents_revision(approval)
    steps = [_alone(step, deferred) for step in submitted.steps if step["id"] in deferred]
    left = {name: said for name, said in approval.submitted.items() if name not in _NOT_CARRIED}
    body = left | {
        "action": approval.action,
        "arguments": final.arguments,
        "steps": steps,
        "context": submitted.about,
    }
    prepared = _prepared(approval, body, at=at)
    follow_up = _creating.create(prepared, at=at, follows=approval)
    trail.record(
        approval,
        events.FOLLOW_UP_CREATED,
        actor="policy:deferred_steps",
        at=at,
        data={"follow_up": follow_up.ref, "steps": [step["id"] for step in steps]},
        related=[*approval.topics(), follow_up.ref],
    )
    _announcing.new(follow_up, at=at)
    return follow_up


def _prepared(approval: ApprovalRequest, body: dict[str, Any], *, at: datetime) -> Prepared:
    try:
        return _preparing.prepare(
            approval.agent, body, at=at, version=approval.version, ask_a_person=True
        )
    except UrlNotAllowed:
        # No longer on the agent's list; that must not keep a reviewer from deferring.
        # Polling and the feed still tell the agent.
        return _prepared(approval, body | {"callback_url": None}, at=at)


def tell_agent(follow_up: ApprovalRequest, *, at: datetime) -> None:
    _settling.tell(follow_up, CREATED, at=at)


def _alone(step: dict[str, Any], deferred: set[str]) -> dict[str, Any]:
    # What it needed and was approved runs before it; only its deferred company stays with it.
    if "depends_on" not in step:
        return step
    return {**step, "depends_on": [name for name in step["depends_on"] if name in deferred]}
