"""What each verdict does, once it is clear that this person may say it."""

from approvals import events
from approvals.models import ApprovalRequest, Decision, Revision
from approvals.operations import _editing, _escalating, _following_up, _pausing, _settling
from approvals.queries import documents
from approvals.refusals import Conflict, Refusal
from approvals.rules import answers, authority, quorum
from approvals.rules.lifecycle import Status, Via
from approvals.rules.progress import RUNS
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Verdict
from audit import trail

GUIDED = "approval.guided"


class DecisionNotAllowed(Conflict):
    code = "decision_not_allowed"


class InvalidDecision(Refusal):
    code = "invalid_decision"


def act(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> None:
    """Do what was said. Expects the row held, and the right to say it established."""
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
    before = approval.tier
    revision = _editing.edit(approval, decision, ruling)
    decision.verdict = Verdict.MODIFY if revision else Verdict.APPROVE
    if not approval.terms.allows(Verdict(decision.verdict)):
        raise DecisionNotAllowed("The agent cannot take a modified action here.")
    decision.revision, decision.digest = approval.revision, approval.digest
    if revision and (needed := _needed_after_edit(approval, decision)):
        # Routing follows what would run: the edit stands as a proposal, for somebody with
        # the authority that it needs.
        _keep(approval, decision, events.DECIDED)
        _escalating.raise_to(
            approval,
            needed,
            before=before,
            event=events.ESCALATED_BY_EDIT,
            actor=decision.reviewer.ref,
            at=decision.decided_at,
            reason=decision.feedback,
        )
        return
    _vote(approval, decision)


def _needed_after_edit(approval: ApprovalRequest, decision: Decision) -> Tier | None:
    """The tier that must agree to an edit which its editor may not settle, or None if they may."""
    at = decision.decided_at
    limit = authority.beyond(decision.reviewer.standing(at=at), approval.case(at=at))
    if limit is None:
        return None
    if not Tier(decision.tier).reaches(approval.tier):
        return approval.tier
    # Their tier would do, but not for this amount: their own vote must not count, either.
    if above := Tier(decision.tier).above:
        return above
    raise DecisionNotAllowed(limit.sentence)


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
    cast = Decision.objects.filter(approval=approval, revision=approval.revision)
    counted = documents.counted_votes(
        approval, cast.select_related("reviewer__user", "acting_for__user")
    )
    votes = _agreeing(counted, decision)
    tallied = quorum.tally(
        [Verdict(vote.verdict) for vote in votes],
        needed=approval.quorum_needed,
        deny_threshold=approval.terms.deny_threshold,
    )
    if tallied is not None:
        _conclude(approval, tallied, votes, decision)


def _agreeing(votes: list[Decision], last: Decision) -> list[Decision]:
    """
    The votes that the last one may complete a quorum with, it at the end.

    Approvals that gave another answer are not among them: two who chose differently do
    not agree. What a "no" completes is a rejection only.
    """
    votes.sort(key=lambda vote: vote.pk == last.pk)
    said = votes[-1]
    return [
        vote
        for vote in votes
        if vote.verdict == Verdict.REJECT
        or (said.verdict != Verdict.REJECT and _answer(vote) == _answer(said))
    ]


def _answer(vote: Decision) -> tuple[list[str], object]:
    return sorted(vote.selected or []), vote.answer


def _conclude(
    approval: ApprovalRequest, tallied: Status, votes: list[Decision], last: Decision
) -> None:
    at = last.decided_at
    final = _settling.current_revision(approval)
    denied = tallied == Status.REJECTED
    counted = [vote for vote in votes if (vote.verdict == Verdict.REJECT) == denied]
    status = tallied if denied else _came_to(final)
    follow_up = None if denied else _following_up.carry_over(approval, final, at=at)
    _settling.settle(
        approval,
        status,
        via=Via.HUMAN,
        actor=last.reviewer.ref,
        at=at,
        votes=counted,
        verdict=_VERDICT_OF[status],
        feedback="\n\n".join(vote.feedback for vote in counted if vote.feedback),
        reason_code=last.reason_code,
        follow_up=[follow_up] if follow_up else [],
    )
    if follow_up:
        _following_up.tell_agent(follow_up, at=at)


_VERDICT_OF = {
    Status.APPROVED: Verdict.APPROVE,
    Status.MODIFIED: Verdict.MODIFY,
    Status.REJECTED: Verdict.REJECT,
}


def _came_to(final: Revision) -> Status:
    """What a yes to this revision is: of a plan of which nothing may run, a no."""
    if final.editor_id is None:
        return Status.APPROVED
    said = [step["status"] for step in final.dispositions.values()]
    return Status.REJECTED if said and not RUNS.intersection(said) else Status.MODIFIED


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
