"""Sentences about what happened to a request, for messages, rows and conflicts."""

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from approvals.models import ApprovalRequest
from approvals.rules import spoofing
from approvals.rules.lifecycle import Status, Via
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Reason, Verdict
from approvals.templatetags.placet_time import clock

MESSAGE_LENGTH = 160


def told(approval: ApprovalRequest, said: Ruling, *, tier: str, yes: int) -> str:
    """
    What a decision did, naming what it was about.

    :param approval: as it stands after the decision
    :param tier: of whoever decided
    :param yes: approvals that now count
    """
    what = named(approval)
    match said.verdict:
        case Verdict.GUIDE:
            return f"The agent will hear your guidance; it stays open: {what}"
        case Verdict.REQUEST_CHANGES:
            return f"Sent back for changes: {what}"
        case Verdict.DEFER:
            return f"Put off until {clock(said.until, now=timezone.now())}: {what}"  # type: ignore[arg-type]
        case Verdict.ESCALATE:
            return f"Now with {approval.tier.one}: {what}"
    if not approval.is_pending:
        return f"{_SETTLED[Status(approval.status)]}: {what}"
    if approval.revision > said.revision and not Tier(tier).reaches(approval.tier):
        return f"Your edit needs {approval.tier.one}; it went up as a proposal: {what}"
    if said.verdict == Verdict.REJECT:
        return f"Your rejection is on record; more are needed to settle it: {what}"
    return f"Your approval counts, {yes} of {approval.quorum_needed}: {what}"


_SETTLED = {
    Status.APPROVED: "Approved",
    Status.MODIFIED: "Approved with changes",
    Status.REJECTED: "Rejected",
}


def named(approval: ApprovalRequest) -> str:
    """A request in a message: its effect, unless that is masked or too long to be one."""
    if approval.terms.redacted_fields or len(approval.effect) > MESSAGE_LENGTH:
        return spoofing.spelled_out(f"{approval.action}, #{approval.short_id}")
    return spoofing.spelled_out(approval.effect)


def how_it_ended(approval: ApprovalRequest, *, now: datetime) -> str:
    """ "Ben Arslan rejected it, 14:02 CET: duplicate.", for anything that is settled."""
    decided = approval.decided
    if not decided:
        return "Sent back to the agent for changes."
    at = parse_datetime(decided["decided_at"])
    when = f", {clock(at, now=now)}" if at else ""
    did = {"approve": "approved", "modify": "changed and approved", "reject": "rejected"}
    names = " and ".join(vote["name"] for vote in decided["by"])
    if names:
        reason = decided["reason_code"]
        why = f": {Reason(reason).label}" if reason in Reason.values else ""
        return f"{names} {did[decided['verdict']]} it{when}{why}."
    if decided["via"] == Via.TIMEOUT:
        return f"Nobody decided in time: {approval.get_status_display()}{when}."
    if decided["via"] == Via.AGENT:
        return f"The agent withdrew it{when}."
    return f"{approval.get_status_display().capitalize()} by {Via(decided['via']).label}{when}."
