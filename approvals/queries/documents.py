"""An approval as the outside reads it: the JSON of the API, the feed and the webhooks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from approvals.models import ApprovalRequest, Bypass, Decision, Grant, Revision
from approvals.queries.pauses import Pause
from approvals.rules import effect as effects
from approvals.rules.canonical import patch_between
from approvals.rules.lifecycle import Status, Via
from approvals.rules.progress import RUNS
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import VOTES, StepStatus, Verdict
from audit.trail import stamp


def approval_document(
    approval: ApprovalRequest,
    *,
    shown: Revision,
    grant: Grant | None = None,
    approvals: int = 0,
    said: Iterable[Decision] = (),
    pause: Pause | None = None,
) -> dict[str, Any]:
    """
    The approval as `GET approvals/{id}/` answers it. Wants agent and version loaded.

    :param shown: the revision whose arguments, steps and context are given: an agent
        sees what it submitted, a person what the digest binds now
    :param approvals: votes for the current revision so far
    :param said: decisions with words for the agent while it waits, reviewers loaded
    :param pause: the kill switch that stops it just now
    """
    submitted = approval.submitted
    return {
        "id": str(approval.pk),
        "url": f"{settings.SITE_URL}{approval.get_absolute_url()}",
        "status": approval.status,
        "revision": approval.revision,
        "digest": approval.digest,
        "checkpoint": {
            "name": approval.checkpoint,
            "version": approval.terms.version,
            "stage": approval.terms.stage,
            "guidelines": approval.version.guidelines,
        },
        "agent": approval.agent.name,
        "risk": approval.risk,
        "flags": approval.flags,
        "effect": approval.effect,
        "required_level": approval.required_tier,
        "quorum": {"needed": approval.quorum_needed, "approvals": approvals},
        "expires_at": stamp(approval.expires_at),
        "on_timeout": approval.terms.on_timeout,
        "waiting_on": waiting_on(approval),
        "may_proceed": approval.may_proceed,
        "paused": pause_document(pause) if pause else None,
        "decision": approval.decided,
        "grant": grant.token if grant else None,
        "consumed_at": stamp(grant.consumed_at) if grant and grant.consumed_at else None,
        "created_at": stamp(approval.submitted_at),
        "action": approval.action,
        "arguments": shown.arguments,
        "arguments_schema": submitted.get("arguments_schema", {}),
        "context": shown.about,
        "risk_score": approval.risk["reported"],
        "steps": shown.steps,
        "response": approval.terms.response,
        "allowed_decisions": list(approval.terms.allowed_decisions),
        "callback_url": approval.callback_url or None,
        "run": approval.run or None,
        "group": group_document(approval),
        "on_behalf_of": approval.on_behalf_of or None,
        "follows": str(approval.follows_id) if approval.follows_id else None,
        "source": submitted.get("source", {}),
        "metadata": submitted.get("metadata", {}),
        "feedback": [word_document(decision) for decision in said],
    }


def state_document(approval: ApprovalRequest) -> dict[str, Any]:
    """Where the approval stands, in short: what a 409 says under `current`."""
    return {
        "id": str(approval.pk),
        "status": approval.status,
        "revision": approval.revision,
        "digest": approval.digest,
        "decision": approval.decided,
    }


def pause_document(pause: Pause) -> dict[str, str]:
    """Why nothing goes through just now, and since when."""
    return {"detail": pause.sentence, "since": stamp(pause.since)}


def waiting_on(approval: ApprovalRequest) -> str | None:
    match Status(approval.status):
        case Status.PENDING:
            return "reviewer"
        case Status.CHANGES_REQUESTED:
            return "agent"
        case _:
            return None


def group_document(approval: ApprovalRequest) -> dict[str, Any] | None:
    if approval.group is None:
        return None
    return {
        "id": approval.group.name,
        "index": approval.group_index,
        "size": approval.group.size,
    }


def decision_document(
    approval: ApprovalRequest,
    *,
    status: Status,
    via: Via,
    at: datetime,
    submitted: Revision,
    final: Revision,
    votes: Iterable[Decision] = (),
    verdict: str,
    feedback: str = "",
    reason_code: str = "",
    follow_up: Iterable[ApprovalRequest] = (),
    bypass: Bypass | None = None,
) -> dict[str, Any]:
    """
    What the approval came to, as it will be read for ever.

    :param submitted: the agent's last revision; `modifications` lead from it to `final`
    :param votes: those that counted, in order, with reviewer and user loaded
    """
    votes, follow_up = list(votes), list(follow_up)
    last = votes[-1] if votes else None
    steps = step_documents(
        submitted, final, proceeds=status.may_proceed, carried_on=bool(follow_up)
    )
    return {
        "via": via,
        "verdict": verdict,
        "decided_at": stamp(at),
        "feedback": feedback,
        "reason_code": reason_code or None,
        "by": [vote_document(vote) for vote in votes],
        "arguments": final.arguments,
        "modifications": patch_between(submitted.arguments, final.arguments),
        "selected": last.selected if last else None,
        "answer": last.answer if last else None,
        "steps": steps,
        "follow_up": [str(other.pk) for other in follow_up],
        "policy": {
            "checkpoint": approval.checkpoint,
            "version": approval.terms.version,
            "template": approval.template.name if approval.template else None,
            "bypass": str(bypass.pk) if bypass else None,
        },
    }


# What is said to the agent before anything is settled.
WORDS = (Verdict.GUIDE, Verdict.REQUEST_CHANGES)


def word_document(decision: Decision) -> dict[str, Any]:
    """One reviewer's words to the agent."""
    return {
        "by": decision.reviewer.name,
        "verdict": decision.verdict,
        "feedback": decision.feedback,
        "reason_code": decision.reason_code or None,
        "revision": decision.revision,
        "at": stamp(decision.decided_at),
    }


def vote_document(vote: Decision) -> dict[str, Any]:
    return {
        "name": vote.reviewer.name,
        "role": vote.tier,
        "verdict": vote.verdict,
        "at": stamp(vote.decided_at),
        "acting_for": vote.acting_for.name if vote.acting_for else None,
    }


def step_documents(
    submitted: Revision, final: Revision, *, proceeds: bool, carried_on: bool
) -> list[dict[str, Any]]:
    """
    What became of each submitted step, with the arguments that may run where it may.

    :param carried_on: whether a follow-up carries the deferred steps. Without one, and
        where nothing proceeds, what an edit had approved or deferred falls with the rest.
    """
    unsaid = StepStatus.APPROVED if proceeds else StepStatus.REJECTED
    finally_ = {step["id"]: step for step in final.steps}
    found = []
    for step in submitted.steps:
        said = final.dispositions.get(step["id"], {})
        status = said.get("status", unsaid)
        runs = proceeds and status in RUNS
        lost = status in RUNS or (status == StepStatus.DEFERRED and not carried_on)
        if not proceeds and lost:
            status = StepStatus.REJECTED
        found.append(
            {
                "id": step["id"],
                "action": step["action"],
                "status": status,
                "arguments": (finally_[step["id"]] if runs else step).get("arguments", {}),
                "feedback": said.get("feedback", ""),
            }
        )
    return found


def counted_votes(approval: ApprovalRequest, decisions: Iterable[Decision]) -> list[Decision]:
    """
    The votes on the current revision that were cast with the authority now needed.

    A yes by token, which was enough for what was asked then, is not for what needs a
    director now.
    """
    by_browser = approval.tier.reaches(Tier.DIRECTOR)
    return [
        decision
        for decision in decisions
        if decision.verdict in VOTES
        and decision.revision == approval.revision
        and Tier(decision.tier).reaches(approval.tier)
        and not (by_browser and decision.door == Decision.Door.API)
    ]


def approvals_among(votes: Iterable[Decision]) -> int:
    return sum(vote.verdict != Verdict.REJECT for vote in votes)


def effect_parts(
    template: str, proposed: Mapping[str, Any], about: Mapping[str, Any]
) -> list[effects.Part]:
    """The effect of a proposal in parts, drawn from the payload: what a reviewer reads first."""
    if not template:
        return effects.plain(proposed["action"], proposed.get("steps", []))
    document = {"steps": [], **proposed, "context": about}
    return effects.render(template, document)
