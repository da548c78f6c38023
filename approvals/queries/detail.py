"""One request with everything that a person should know before, or after, it is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from approvals import events
from approvals.models import (
    ApprovalRequest,
    Decision,
    Delivery,
    Grant,
    OutcomeReport,
    Reviewer,
    Revision,
    ShadowVerdict,
)
from approvals.queries import approvals, similar
from approvals.queries.rows import effect_of
from approvals.queries.similar import Similar
from approvals.queries.votes import Votes, votes_on
from approvals.rules import redaction
from approvals.rules.effect import Part
from approvals.rules.lifecycle import Via
from approvals.rules.verdicts import VOTES
from audit import trail
from audit.models import Event

# A history may be endless; a page is not. The trail keeps the rest.
EDITS_SHOWN, DELIVERIES_SHOWN, EVENTS_SHOWN, FOLLOW_UPS_SHOWN = 10, 20, 200, 20


@dataclass(frozen=True)
class Edit:
    """One revision after the first: what it replaced, and by whom (None: by the agent)."""

    revision: Revision
    editor: Reviewer | None
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Detail:
    """
    `proposed` and `about` are what the current revision says, masked where this reviewer
    has not asked to see it; `is_masked` says so.
    """

    approval: ApprovalRequest
    revision: Revision
    proposed: dict[str, Any]
    about: dict[str, Any]
    is_masked: bool
    effect: list[Part]
    edits: list[Edit]
    edits_before: int
    decisions: list[Decision]
    votes: Votes
    run: list[ApprovalRequest]
    follow_ups: list[ApprovalRequest]
    similar: Similar
    events: list[Event]
    names: dict[str, str]
    deliveries: list[Delivery]
    grant: Grant | None
    reports: list[OutcomeReport]
    # What versions in the shadow would have done: told once a person decided, to sway nobody.
    shadows: list[ShadowVerdict]

    @property
    def cast(self) -> list[Decision]:
        """The decisions that are votes, counted or outdated."""
        return [decision for decision in self.decisions if decision.verdict in VOTES]

    @property
    def arguments(self) -> dict[str, Any]:
        return self.proposed["arguments"]

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.proposed.get("steps", [])


def load(approval: ApprovalRequest, *, reviewer: Reviewer, at: datetime) -> Detail:
    """A fixed number of queries, each bounded. Wants agent and version loaded."""
    newest_first = approval.revisions.select_related("editor__user").order_by("-number")
    latest = list(newest_first[: EDITS_SHOWN + 1])
    decisions = list(
        approval.decisions.select_related("reviewer__user", "acting_for__user").order_by(
            "decided_at", "id"
        )
    )
    is_masked = bool(approval.terms.redacted_fields) and not trail.has_recorded(
        approval.ref, events.REVEALED, actor=reviewer.ref
    )
    proposed, about = _shown(approval, latest[0], is_masked=is_masked)
    history = trail.history_of(approval.ref)[-EVENTS_SHOWN:]
    is_settled = not approval.is_open
    return Detail(
        approval=approval,
        revision=latest[0],
        proposed=proposed,
        about=about,
        is_masked=is_masked,
        effect=effect_of(approval, latest[0], is_masked=is_masked),
        edits=_edits(approval, latest, is_masked=is_masked),
        edits_before=max(0, approval.revision - len(latest)),
        decisions=decisions,
        votes=votes_on(approval, decisions),
        run=approvals.run_of(approval),
        follow_ups=list(approval.follow_ups.order_by("submitted_at")[:FOLLOW_UPS_SHOWN]),
        similar=similar.similar_to(approval, reviewer=reviewer, at=at),
        events=history,
        names=_names(approval, history, decisions),
        deliveries=list(
            approval.deliveries.select_related("message")
            .prefetch_related("attempts")
            .order_by("-created_at")[:DELIVERIES_SHOWN]
        ),
        grant=Grant.objects.filter(approval=approval).first() if is_settled else None,
        reports=list(approval.outcome_reports.all()[:20]) if is_settled else [],
        shadows=_shadows(approval) if approval.via == Via.HUMAN else [],
    )


def _shadows(approval: ApprovalRequest) -> list[ShadowVerdict]:
    return list(approval.shadow_verdicts.select_related("version").order_by("version__number"))


def _shown(
    approval: ApprovalRequest, revision: Revision, *, is_masked: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    pointers = approval.terms.redacted_fields if is_masked else ()
    document = redaction.masked({**revision.proposed, "context": revision.about}, pointers)
    about = document.pop("context")
    return document, about


def _edits(approval: ApprovalRequest, latest: Sequence[Revision], *, is_masked: bool) -> list[Edit]:
    """Each revision with the one before it, newest first."""
    return [
        Edit(
            revision=after,
            editor=after.editor,
            before=_comparable(_shown(approval, before, is_masked=is_masked)[0]),
            after=_comparable(_shown(approval, after, is_masked=is_masked)[0]),
        )
        for after, before in pairwise(latest)
    ]


def _comparable(proposed: dict[str, Any]) -> dict[str, Any]:
    """A proposal as its differences read best: the arguments alone, or with the steps by id."""
    if "steps" not in proposed:
        return proposed["arguments"]
    steps = {step["id"]: step.get("arguments", {}) for step in proposed["steps"]}
    return {"arguments": proposed["arguments"], "steps": steps}


def _names(
    approval: ApprovalRequest, history: Sequence[Event], decisions: Sequence[Decision]
) -> dict[str, str]:
    """What to call each actor of the trail: `reviewer:…` and `agent:…` by name."""
    known = {decision.reviewer.ref: decision.reviewer.name for decision in decisions}
    known[approval.agent.ref] = approval.agent.name
    actors = {event.actor for event in history} - set(known)
    unknown = [actor.partition(":")[2] for actor in actors if actor.startswith("reviewer:")]
    if unknown:
        for reviewer in Reviewer.objects.filter(pk__in=unknown).select_related("user"):
            known[reviewer.ref] = reviewer.name
    return known
