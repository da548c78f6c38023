"""What a version would do with a submission, and why: found by the code that does it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from approvals.models import Agent, ApprovalRequest, ApprovalTemplate, CheckpointVersion
from approvals.operations import _passing, _preparing
from approvals.operations._preparing import Prepared
from approvals.queries import pauses, pool
from approvals.queries.pool import Candidate
from approvals.refusals import Refusal
from approvals.rules import gate, ladder, schemas
from approvals.rules.authority import Case
from approvals.rules.lifecycle import Via
from approvals.rules.policy import RiskRule, Rung
from approvals.rules.risk import Factor
from approvals.rules.submission_shapes import SUBMISSION


class Unreadable(Refusal):
    """A body that the API would refuse unread; `errors` name the places."""

    code = "malformed"


@dataclass(frozen=True)
class Explanation:
    """
    `rules` are all of the version's, each with the factor it added, if it did. `paused` is
    why nothing passes at the moment; `via` what would let it pass otherwise.
    """

    prepared: Prepared
    paused: str
    via: Via | None
    template: ApprovalTemplate | None
    rules: list[tuple[RiskRule, Factor | None]]
    pool: list[Candidate]
    expires_at: datetime
    rungs: list[tuple[datetime, Rung]]
    reminders: list[datetime]

    @property
    def is_refused(self) -> bool:
        return bool(self.prepared.evaluation.missing_context)


def read(text: str) -> dict[str, Any]:
    """
    A pasted body, through the gate and the schema of `POST approvals/`.

    :raises Unreadable: it would be refused as it stands
    """
    try:
        body = gate.parse(text.encode("utf-8", "surrogatepass"))
    except gate.Malformed as wrong:
        place = f"{wrong.pointer}: " if wrong.pointer else ""
        raise Unreadable(f"It does not pass the gate. {place}{wrong.detail}") from None
    if problems := schemas.problems(SUBMISSION, body, ours=True):
        first = problems[0]
        raise Unreadable(
            f"It has not the shape of a submission. {first.pointer or 'The body'}: {first.detail}.",
            errors=[problem.as_json() for problem in problems],
        )
    return dict(body)


def submission_of(approval: ApprovalRequest) -> dict[str, Any]:
    """A request as its agent last submitted it."""
    own = approval.revisions.filter(editor__isnull=True).order_by("-number").first()
    assert own is not None  # noqa: S101  (an approval is born with a revision of its agent's)
    return {**json.loads(approval.envelope), **own.proposed, "context": own.about}


def explain(
    agent: Agent,
    submitted: Mapping[str, Any],
    *,
    at: datetime,
    version: CheckpointVersion | None = None,
) -> Explanation:
    """
    What would become of it, submitted by this agent at this instant. Writes nothing.

    :param version: the version to hold it against; left out, the live one it names
    :raises Refusal: what submission refuses before it looks at the policy
    """
    prepared = _preparing.prepare(agent, submitted, at=at, version=version, explain=True)
    via, template = _passing.passes_by(prepared, at=at)
    pause = pauses.over(agent, prepared.version.checkpoint)
    terms = prepared.terms
    expires_at = ladder.deadline(
        at=at,
        timeout_seconds=terms.timeout_seconds,
        expires_in_seconds=submitted.get("expires_in_seconds"),
    )
    factors = {factor.rule: factor for factor in prepared.evaluation.risk.factors}
    return Explanation(
        prepared=prepared,
        paused=pause.sentence if pause else "",
        via=via,
        template=template,
        rules=[(rule, factors.get(rule.name)) for rule in prepared.policy.risk_rules],
        pool=pool.pool_for(_case(prepared, at=at), at=at),
        expires_at=expires_at,
        rungs=[(at + timedelta(seconds=rung.after_seconds), rung) for rung in terms.ladder],
        reminders=[at + (expires_at - at) * share for share in terms.reminders],
    )


def _case(prepared: Prepared, *, at: datetime) -> Case:
    agent, terms = prepared.agent, prepared.terms
    return Case(
        checkpoint=terms.checkpoint,
        needed=prepared.evaluation.tier,
        at=at,
        team=terms.team,
        team_name=terms.team_name,
        amount=prepared.evaluation.amount,
        on_behalf_of=prepared.submitted.get("on_behalf_of", ""),
        agent_owner=str(agent.owner_id) if agent.owner_id else None,
        publisher=terms.publisher,
    )
