"""What each verdict does, once it is clear that this person may say it."""

from approvals import events
from approvals.models import ApprovalRequest, Decision
from approvals.operations import _editing, _escalating, _pausing, _settling, _tallying
from approvals.refusals import Conflict, Refusal
from approvals.rules import answers, authority
from approvals.rules.authority import Objection
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Verdict
from audit import trail

GUIDED = "approval.guided"


class DecisionNotAllowed(Conflict):
    code = "decision_not_allowed"


class InvalidDecision(Refusal):
    code = "invalid_decision"


class BeyondAuthority(Exception):
    """What the edit made of the action is not this person's to settle; nothing of it stays."""

    def __init__(self, objection: Objection) -> None:
        super().__init__(objection.sentence)
        self.objection = objection


def act(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    """
    Do what was said. Expects the row held, and the right to say it established.

    :raises BeyondAuthority: the right to say it ended with what the edit came to
    """
    _ACTS[ruling.verdict](approval, decision, ruling)


def _approve(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    if ruling.changes_something:
        # Saying yes to a plan with exceptions is an edit of the plan.
        _modify(approval, decision, ruling)
        return
    _refuse_yes(approval, ruling)
    _vote(approval, decision)


def _refuse_yes(approval: ApprovalRequest, ruling: Ruling) -> None:
    _pausing.refuse_if_paused(approval.agent, approval.version.checkpoint)
    if wrong := answers.objection(approval.terms.response, ruling.selected, ruling.answer):
        raise InvalidDecision(wrong.detail, errors=[wrong.as_json()])


def _modify(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    _refuse_yes(approval, ruling)
    before, was_entitled = approval.tier, _limit(approval, decision) is None
    revision = _editing.edit(approval, decision, ruling)
    decision.verdict = Verdict.MODIFY if revision else Verdict.APPROVE
    if not approval.terms.allows(Verdict(decision.verdict)):
        raise DecisionNotAllowed("The agent cannot take a modified action here.")
    decision.revision, decision.digest = approval.revision, approval.digest
    if revision:
        _escalating.raise_to_live(approval, at=decision.decided_at)
    limit = _limit(approval, decision)
    if limit is None:
        _vote(approval, decision)
        return
    if not (was_entitled and limit.can_escalate):
        raise BeyondAuthority(limit)
    # Routing follows what would run: the edit stands as a proposal, for somebody with the
    # authority that it needs.
    _keep(approval, decision, events.DECIDED)
    _escalating.raise_to(
        approval,
        _needed_after_edit(approval, decision, limit),
        before=before,
        event=events.ESCALATED_BY_EDIT,
        actor=decision.reviewer.ref,
        at=decision.decided_at,
        reason=decision.feedback,
    )


def _limit(approval: ApprovalRequest, decision: Decision) -> Objection | None:
    """Why what stands on the approval is beyond who decides, or None."""
    at, by_token = decision.decided_at, decision.door == Decision.Door.API
    return authority.beyond(
        decision.reviewer.standing(at=at), approval.case(at=at, by_token=by_token)
    )


def _needed_after_edit(approval: ApprovalRequest, decision: Decision, limit: Objection) -> Tier:
    """The tier that must agree to an edit which its editor may not settle."""
    if not Tier(decision.tier).reaches(approval.tier):
        return approval.tier
    # Their tier would do, but not for this amount: their own vote must not count, either.
    if above := Tier(decision.tier).above:
        return above
    raise BeyondAuthority(limit)


def _reject(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    _vote(approval, decision)


def _request_changes(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    decision.save(force_insert=True)
    _settling.hand_back(approval, decision=decision, at=decision.decided_at)


def _guide(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    _keep(approval, decision, events.GUIDED)
    _settling.tell(approval, GUIDED, at=decision.decided_at)


def _defer(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    if ruling.until is None or ruling.until <= decision.decided_at:
        sentence = "Say until when; it must lie ahead."
        raise InvalidDecision(
            sentence, errors=[{"pointer": "/until", "code": "required", "detail": sentence}]
        )
    if ruling.until >= approval.expires_at:
        raise InvalidDecision(
            f"Silence decides at {trail.stamp(approval.expires_at)} "
            f"({approval.terms.on_timeout}), before {trail.stamp(ruling.until)}.",
            errors=[{"pointer": "/until", "code": "out_of_range", "detail": "after the deadline"}],
        )
    _keep(approval, decision, events.DEFERRED, until=trail.stamp(ruling.until))


def _escalate(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    above = approval.tier.above
    if above is None:
        raise DecisionNotAllowed("This is with the highest tier already.")
    decision.save(force_insert=True)
    _escalating.raise_to(
        approval,
        above,
        event=events.ESCALATED,
        actor=decision.reviewer.ref,
        at=decision.decided_at,
        reason=decision.feedback,
    )


_ACTS = {
    Verdict.APPROVE: _approve,
    Verdict.MODIFY: _modify,
    Verdict.REJECT: _reject,
    Verdict.REQUEST_CHANGES: _request_changes,
    Verdict.GUIDE: _guide,
    Verdict.DEFER: _defer,
    Verdict.ESCALATE: _escalate,
}


def _vote(approval: ApprovalRequest, decision: Decision) -> None:
    """Keep the vote; settle if the votes on the current revision now come to something."""
    _keep(approval, decision, events.DECIDED)
    _tallying.settle_if_enough(approval, decision, at=decision.decided_at)


def _keep(approval: ApprovalRequest, decision: Decision, event: str, **data: str) -> None:
    decision.save(force_insert=True)
    trail.record(
        approval,
        event,
        actor=decision.reviewer.ref,
        at=decision.decided_at,
        data={
            "verdict": decision.verdict,
            "revision": decision.revision,
            "digest": decision.digest,
            "tier": decision.tier,
            "acting_for": f"reviewer:{decision.acting_for_id}" if decision.acting_for_id else None,
            "reason_code": decision.reason_code,
            "door": decision.door,
            "batch": str(decision.batch) if decision.batch else None,
            **data,
        },
        texts={"feedback": decision.feedback},
        related=approval.topics(),
    )
    approval.save(update_fields=["trail_seq", "trail_hash"])
