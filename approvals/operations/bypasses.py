"""Bypasses: opened for a storm, for a few hours, by somebody who answers for them."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from approvals import events
from approvals.models import Agent, Bypass, Checkpoint, Reviewer
from approvals.operations._bypassing import OPENED_BY
from approvals.queries import policies
from approvals.refusals import Conflict, Forbidden, Refusal
from approvals.rules import authority
from approvals.rules.authority import Case
from audit import trail

LONGEST = timedelta(hours=8)


class MayNotOpen(Forbidden):
    code = "insufficient_authority"


class InvalidBypass(Refusal):
    code = "invalid_bypass"


class BypassOver(Conflict):
    code = "bypass_over"


@transaction.atomic(durable=True)
def open_bypass(
    checkpoint: Checkpoint,
    *,
    by_user: User,
    lasts: timedelta,
    reason: str,
    actor: str,
    at: datetime,
    agent: Agent | None = None,
) -> Bypass:
    """
    From now on, what is low at the checkpoint passes without a person, for so long.

    :param lasts: up to eight hours
    :param agent: only what this one asks; None means all who come there
    :raises MayNotOpen: not a director or above who reviews there, or the owner of the agent
    :raises InvalidBypass: no reason, no time, or too much; or nobody is asked there at all
    """
    if not reason.strip():
        raise InvalidBypass("Say why: everybody who reviews here reads it.")
    if not timedelta() < lasts <= LONGEST:
        raise InvalidBypass("A bypass lasts up to 8 hours.")
    version = policies.live_version(checkpoint.name)
    if version is None:
        raise InvalidBypass(f"{checkpoint} has no live policy, so nothing comes there.")
    reviewer = Reviewer.objects.with_standing().filter(user=by_user).first()
    if reviewer is None:
        raise MayNotOpen(f"{by_user} is not a reviewer.", code="not_eligible")
    policy = policies.policy_of(version)
    case = Case(
        checkpoint=checkpoint.name,
        needed=OPENED_BY,
        at=at,
        team=policy.team,
        team_name=policy.team_name,
        agent_owner=str(agent.owner_id) if agent and agent.owner_id else None,
    )
    if objection := authority.objection_to(reviewer.standing(at=at), case):
        raise MayNotOpen(objection.sentence, code=objection.code)
    bypass = Bypass.objects.create(
        checkpoint=checkpoint,
        agent=agent,
        reason=reason,
        starts_at=at,
        ends_at=at + lasts,
        created_by=by_user,
    )
    trail.record_in_stream(
        bypass.ref,
        events.BYPASS_OPENED,
        actor=actor,
        at=at,
        data={
            "checkpoint": checkpoint.name,
            "agent": agent.ref if agent else None,
            "ends_at": trail.stamp(bypass.ends_at),
        },
        texts={"reason": reason},
        related=[checkpoint.ref],
    )
    return bypass


@transaction.atomic(durable=True)
def end_bypass(bypass: Bypass, *, actor: str, at: datetime) -> None:
    """
    Nothing more passes by it.

    :raises BypassOver: its time has run out, or somebody was first
    """
    bypass = Bypass.objects.select_for_update().get(pk=bypass.pk)
    if not bypass.is_on(at):
        raise BypassOver("This bypass is over already.")
    bypass.ended_at = at
    bypass.save(update_fields=["ended_at"])
    trail.record_in_stream(bypass.ref, events.BYPASS_ENDED, actor=actor, at=at)
