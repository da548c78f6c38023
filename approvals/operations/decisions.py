"""decide(): the only way a person settles anything."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, Decision, Reviewer
from approvals.operations import _deadlines, _escalating, _settling, _voting
from approvals.operations._settling import AlreadySettled
from approvals.operations._voting import BeyondAuthority, DecisionNotAllowed, InvalidDecision
from approvals.refusals import Conflict, Forbidden, Refusal
from approvals.rules import authority, ruling
from approvals.rules.authority import Case, Objection, Standing
from approvals.rules.lifecycle import Status
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import PASS, VOTES, Verdict
from audit import trail


class NotAuthorized(Forbidden):
    """This person may not; `code` and sentence are those of the objection."""

    code = "not_eligible"

    def __init__(self, objection: Objection) -> None:
        super().__init__(objection.sentence, code=objection.code)
        self.can_escalate = objection.can_escalate


class AlreadyVoted(Conflict):
    code = "already_voted"


class StaleRevision(Conflict):
    code = "stale_revision"


def decide(
    approval_id: uuid.UUID,
    said: Ruling,
    *,
    reviewer: Reviewer,
    at: datetime | None = None,
    door: str = Decision.Door.BROWSER,
    **how: Any,
) -> ApprovalRequest:
    """
    Record one reviewer's verdict; settle the approval if that completes its quorum.

    When this returns, the verdict, its event and anything owed to the agent are
    committed together. When it refuses a person, the refusal is on record.

    :param at: the instant of the click; left out, the clock is read once the row is held
    :param how: `batch`, `inspected`, `seen_seconds`, kept with the decision
    :raises AlreadySettled: another reviewer, the agent or the clock got there first
    :raises Expired: the deadline had passed, whether or not a worker had noticed
    :raises NotAuthorized, AlreadyVoted: this person may not, or not again
    :raises StaleRevision: something else stands there now than was seen
    :raises DecisionNotAllowed: the client said it cannot take this answer
    :raises InvalidDecision, InvalidEdit: the words or the edit do not fit
    :raises Paused: nothing may be let through just now
    """
    if wrong := ruling.objection(said):
        raise InvalidDecision(wrong.detail, errors=[wrong.as_json()])

    def act(approval: ApprovalRequest, now: datetime) -> Refusal | None:
        return _decide(approval, said, reviewer=reviewer, at=now, door=door, how=how)

    return _deadlines.in_time(approval_id, at, act)


def objection_to(
    approval: ApprovalRequest,
    reviewer: Reviewer,
    verdict: Verdict,
    *,
    at: datetime,
    door: str = Decision.Door.BROWSER,
) -> Objection | None:
    """
    Why this person may not say this of this approval, or None. Any door may ask first;
    `decide` asks again. Wants the reviewer loaded `with_standing`.
    """
    return authority.objection_to(
        reviewer.standing(at=at),
        _case(approval, verdict, at=at, door=door),
        needs_tier=_needs_tier(approval, verdict),
    )


def _needs_tier(approval: ApprovalRequest, verdict: Verdict) -> bool:
    # Where an edit may lower the tier, it is the edited action that asks for authority.
    edit_decides = verdict == Verdict.MODIFY and approval.terms.edits_may_lower
    return verdict.needs_authority and not edit_decides


def _case(approval: ApprovalRequest, verdict: Verdict, *, at: datetime, door: str) -> Case:
    voted = _voted(approval) if verdict in VOTES else frozenset()
    return approval.case(at=at, voted=voted, by_token=door == Decision.Door.API)


def _decide(
    approval: ApprovalRequest,
    said: Ruling,
    *,
    reviewer: Reviewer,
    at: datetime,
    door: str,
    how: Mapping[str, Any],
) -> Refusal | None:
    # Read inside the transaction: a role taken away a moment ago counts as taken away.
    reviewer = Reviewer.objects.with_standing().get(pk=reviewer.pk)
    person = reviewer.standing(at=at)
    case = _case(approval, said.verdict, at=at, door=door)
    if objection := authority.objection_to(
        person, case, needs_tier=_needs_tier(approval, said.verdict)
    ):
        return _denied(approval, reviewer, objection, said, at=at)
    if approval.status != Status.PENDING:
        raise AlreadySettled(approval)
    if (said.revision, said.digest) != (approval.revision, approval.digest):
        raise StaleRevision(
            f"You saw revision {said.revision}; this is revision {approval.revision} now.",
            current=_settling.current_of(approval),
        )
    if not approval.terms.allows(said.verdict):
        raise DecisionNotAllowed(
            f"The agent cannot take {said.verdict.label!r} here; "
            f"it can take {', '.join(approval.terms.allowed_decisions)}."
        )
    if said.verdict in PASS:
        _escalating.raise_to_live(approval, at=at)
        if not approval.is_open:
            return AlreadySettled(approval)
        case = _case(approval, said.verdict, at=at, door=door)
        if _needs_tier(approval, said.verdict) and (limit := authority.beyond(person, case)):
            return _denied(approval, reviewer, limit, said, at=at)
    decision = Decision(
        approval=approval,
        reviewer=reviewer,
        acting_for_id=_acting_for(person, case),
        verdict=said.verdict,
        revision=approval.revision,
        digest=approval.digest,
        tier=authority.tier_used(person, case),
        feedback=said.feedback,
        reason_code=said.reason_code,
        until=said.until,
        selected=said.selected,
        answer=said.answer,
        door=door,
        decided_at=at,
        **how,
    )
    try:
        with transaction.atomic():
            _voting.act(approval, decision, said)
    except BeyondAuthority as beyond:
        # What the edit wrote is undone; that it was tried stays.
        held = ApprovalRequest.objects.locked(approval.pk)
        return _denied(held, reviewer, beyond.objection, said, at=at)
    return None


def _acting_for(person: Standing, case: Case) -> uuid.UUID | None:
    absent = authority.acting_for(person, case)
    return uuid.UUID(absent.reviewer) if absent else None


def _voted(approval: ApprovalRequest) -> frozenset[str]:
    cast = Decision.objects.filter(
        approval=approval, revision=approval.revision, verdict__in=[*VOTES]
    )
    # A seat votes once: who was stood in for has spoken, too.
    seats = cast.values_list("reviewer_id", "acting_for_id")
    return frozenset(str(seat) for vote in seats for seat in vote if seat)


def _denied(
    approval: ApprovalRequest,
    reviewer: Reviewer,
    objection: Objection,
    said: Ruling,
    *,
    at: datetime,
) -> Refusal:
    # Returned rather than raised: what goes on record here must be committed.
    trail.record(
        approval,
        events.DENIED,
        actor=reviewer.ref,
        at=at,
        data={"verdict": said.verdict, "code": objection.code, "why": objection.sentence},
    )
    approval.save(update_fields=["trail_seq", "trail_hash"])
    if objection.code == "already_voted":
        return AlreadyVoted(objection.sentence, current=_settling.current_of(approval))
    return NotAuthorized(objection)
