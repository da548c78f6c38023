"""When the votes on a request come to something, and what."""

from datetime import datetime

from approvals.models import ApprovalRequest, Decision, Revision
from approvals.operations import _following_up, _settling
from approvals.queries import documents
from approvals.rules import quorum
from approvals.rules.lifecycle import Status, Via
from approvals.rules.progress import RUNS
from approvals.rules.verdicts import Verdict


def settle_if_enough(approval: ApprovalRequest, last: Decision | None, *, at: datetime) -> None:
    """
    Settle the approval if the votes on its current revision now come to something.

    Expects the row held, and that nothing stands against letting it through.

    :param last: the vote just kept; None where something else than a vote has changed what
        is needed, and the latest that counts may complete it
    """
    cast = Decision.objects.filter(approval=approval, revision=approval.revision)
    counted = documents.counted_votes(
        approval, cast.select_related("reviewer__user", "acting_for__user")
    )
    if last is None and not counted:
        return
    last = last or counted[-1]
    votes = _agreeing(counted, last)
    tallied = quorum.tally(
        [Verdict(vote.verdict) for vote in votes],
        needed=approval.quorum_needed,
        deny_threshold=approval.terms.deny_threshold,
    )
    if tallied is not None:
        _conclude(approval, tallied, votes, last, at=at)


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
    approval: ApprovalRequest,
    tallied: Status,
    votes: list[Decision],
    last: Decision,
    *,
    at: datetime,
) -> None:
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
