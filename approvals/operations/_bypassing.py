"""What a bypass lets through: only what is low, and only what its opener could have approved."""

from datetime import datetime

from approvals.models import Bypass, Reviewer
from approvals.operations._preparing import Prepared
from approvals.queries import bypasses
from approvals.rules import authority
from approvals.rules.authority import Case
from approvals.rules.policy import ResponseType
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Verdict

# Who opens a bypass, and must still be while something passes by it.
OPENED_BY = Tier.DIRECTOR


def bypass_for(prepared: Prepared, *, at: datetime) -> Bypass | None:
    """
    The bypass under which this passes, or None. Asked only where a person would be.

    Expects the writing transaction, so that one that was ended a moment ago is ended.
    """
    if not _is_low(prepared):
        return None
    case = _case(prepared, at=at)
    found = bypasses.over(prepared.agent, prepared.version.checkpoint, at=at)
    return next((bypass for bypass in found if _opener_may(bypass, case)), None)


def _is_low(prepared: Prepared) -> bool:
    judged, terms = prepared.evaluation, prepared.terms
    return (
        judged.tier == Tier.TEAM_MEMBER
        # It stands for its opener, who is one.
        and judged.needed == 1
        and judged.risk.score < terms.bounds.get(Tier.TEAM_LEAD, 0.0)
        and not judged.barred
        and terms.response["type"] == ResponseType.BINARY
        and terms.allows(Verdict.APPROVE)
    )


def _opener_may(bypass: Bypass, case: Case) -> bool:
    # It stands for whoever opened it: it lapses with their authority, and passes nothing of
    # an agent they own or that is done on their behalf.
    opener = Reviewer.objects.with_standing().filter(user=bypass.created_by_id).first()
    return opener is not None and authority.objection_to(opener.standing(at=case.at), case) is None


def _case(prepared: Prepared, *, at: datetime) -> Case:
    terms, owner = prepared.terms, prepared.agent.owner_id
    return Case(
        checkpoint=terms.checkpoint,
        needed=OPENED_BY,
        at=at,
        team=terms.team,
        team_name=terms.team_name,
        amount=prepared.evaluation.amount,
        on_behalf_of=prepared.submitted.get("on_behalf_of", ""),
        agent_owner=str(owner) if owner else None,
        publisher=terms.publisher,
    )
