"""What a page about one request is drawn from, whichever act it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from approvals.forms import opened_mark
from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import assignment, policies
from approvals.queries import detail, inbox
from approvals.queries.detail import Detail
from approvals.queries.rows import mark_of, silence_of
from approvals.refusals import Refusal
from approvals.rules import authority, policy_words
from approvals.rules.policy_words import Passage
from approvals.rules.tiers import SHIPPED_BOUNDS, Tier, tier_for
from approvals.rules.verdicts import StepStatus, StepVerdict
from approvals.views import hand, timeline, words
from approvals.views.access import ReviewerRequest

# A page that stands beside the queue, and one that stands alone.
PANE, PAGE = "pane", "page"


@dataclass(frozen=True)
class Place:
    """Where a request is shown: `pane` beside the view of a queue, or `page` by itself."""

    kind: str = PAGE
    view: str = "yours"

    def address_of(self, approval: ApprovalRequest | None) -> str:
        """The address that shows an approval in this place; of none, the queue."""
        if approval is None:
            return f"{reverse('queue')}?{urlencode({'view': self.view})}"
        if self.kind == PAGE:
            return approval.get_absolute_url()
        return f"{reverse('queue')}?{urlencode({'view': self.view, 'focus': approval.pk})}"


@dataclass(frozen=True)
class Said:
    """What somebody tried to say and what became of it, so that no words are lost."""

    verdict: str = ""
    feedback: str = ""
    error: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    draft: str = ""


def place_of(kind: str | None, view: str | None) -> Place:
    """The place that a form or an address names, whatever stands there."""
    views = [known.name for known in inbox.VIEWS]
    return Place(PANE if kind == PANE else PAGE, view if view in views else views[0])


def context_of(
    request: ReviewerRequest, approval: ApprovalRequest, *, place: Place, **more: Any
) -> dict[str, Any]:
    """Everything `_detail.html` shows. Wants the approval from `access`."""
    reviewer, at = request.reviewer, timezone.now()
    shown = detail.load(approval, reviewer=reviewer, at=at)
    said: Said = more.get("said") or Said()
    return {
        "approval": approval,
        "shown": shown,
        "place": place,
        "reviewer": reviewer,
        "mark": mark_of(approval),
        "opened": opened_mark(approval),
        "silence": silence_of(approval),
        "is_over": approval.is_pending and approval.expires_at <= at,
        "hand": hand.hand_for(approval, reviewer, at=at),
        "why": why_of(approval, reviewer, at=at),
        "claim": claim_of(approval, reviewer, at=at),
        "quote": quote_of(shown.about),
        "reversibility": _words_at(shown.about, "impact", "reversibility"),
        "warnings": [flag for flag in approval.flags if flag["code"].startswith("text.")],
        "is_vague": any(flag["code"] == "context.vague" for flag in approval.flags),
        "bounds": bounds_of(approval),
        "factors": approval.risk["factors"],
        "terms": terms_of(approval),
        "steps": steps_of(shown, said.fields),
        "step_verdicts": [(verdict.value, verdict.label.capitalize()) for verdict in StepVerdict],
        "gone_steps": _gone_steps(shown),
        "timeline": [timeline.entry_of(event, shown.names) for event in shown.events],
        "response": approval.terms.response,
        "answer": said.fields.get("answer", ""),
        "chosen": _all_of(said.fields, "selected"),
        "answer_error": _answer_error(more.get("refusal")),
        "ended": "" if approval.is_open else words.how_it_ended(approval, now=at),
        "now": at,
        **more,
    }


def why_of(approval: ApprovalRequest, reviewer: Reviewer, *, at: datetime) -> dict[str, Any]:
    """Who is needed, and what that has to do with this person."""
    person, case = reviewer.standing(at=at), approval.case(at=at)
    objection = authority.objection_to(person, case)
    absent = authority.acting_for(person, case)
    return {
        "needed": approval.quorum_needed,
        "tier": case.needed.label,
        "team": case.team_name,
        "is_raised": case.needed != tier_for(approval.risk_score, approval.terms.bounds),
        "you": Tier(person.tier).one,
        "objection": objection.sentence if objection else "",
        "is_above_you": not Tier(person.tier).reaches(case.needed),
        "acting_for": absent.name if absent else "",
        "deny_threshold": approval.terms.deny_threshold,
    }


def claim_of(approval: ApprovalRequest, reviewer: Reviewer, *, at: datetime) -> dict[str, Any]:
    holder = assignment.held_by(approval, at=at)
    return {
        "is_mine": holder == reviewer.pk,
        "by": approval.claimed_by if holder else None,
        "until": approval.claimed_until if holder else None,
    }


def quote_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """The context with its usual parts first and nothing left out: `{text, facts}`."""
    rest = dict(about)
    text = rest.pop("rationale", "")
    facts: list[tuple[str, Any]] = []
    if not isinstance(text, str):
        facts.append(("rationale", text))
        text = ""
    impact = rest.pop("impact", None)
    if isinstance(impact, dict):
        usual = {"scope": "Scope", "reversibility": "Reversible?", "cost": "Cost"}
        facts += [(usual.get(key, f"impact / {key}"), value) for key, value in impact.items()]
    elif impact is not None:
        facts.append(("impact", impact))
    alternatives = rest.pop("alternatives", None)
    if alternatives:
        facts.append(("Instead", alternatives))
    return {"text": text, "facts": [*facts, *rest.items()]}


# What a version says of who decides and what time does; it was frozen when it was asked.
OF_THE_TERMS = ("Who decides", "Silence", "Who is told")


def terms_of(approval: ApprovalRequest) -> list[Passage]:
    """Under which terms it was asked, in words. Wants version, checkpoint and team loaded."""
    said = policy_words.passages(policies.fields_of(approval.version))
    return [passage for passage in said if passage.title in OF_THE_TERMS]


def bounds_of(approval: ApprovalRequest) -> tuple[float, ...]:
    """The scores where the next tier begins; the shipped one for a tier that has none."""
    bounds = approval.terms.bounds
    return tuple(bounds.get(tier, shipped) for tier, shipped in SHIPPED_BOUNDS.items())


def steps_of(shown: Detail, sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps that would run, each with the word that was sent about it, if one was."""
    return [
        {
            "place": place,
            "id": step["id"],
            "action": step["action"],
            "arguments": step.get("arguments", {}),
            "word": {
                "verdict": sent.get(f"step-{place}", StepVerdict.APPROVE),
                "why": sent.get(f"why-{place}", ""),
                "arguments": sent.get(f"arguments-{place}")
                or json.dumps(step.get("arguments", {}), indent=2, ensure_ascii=False),
            },
            "depends_on": step.get("depends_on", []),
            "impact": step.get("impact", ""),
        }
        for place, step in enumerate(shown.steps)
    ]


def _gone_steps(shown: Detail) -> list[dict[str, Any]]:
    """Steps that an earlier decision took out of what would run, and why."""
    left = {step["id"] for step in shown.steps}
    return [
        {"id": name, "status": StepStatus(said["status"]).label, "why": said.get("feedback", "")}
        for name, said in shown.revision.dispositions.items()
        if name not in left
    ]


def _answer_error(refusal: Refusal | None) -> str:
    """What is wrong with the answer, if that is what was refused."""
    errors = refusal.errors if refusal else []
    about = ("/answer", "/selected")
    return next((each["detail"] for each in errors if each["pointer"].startswith(about)), "")


def _all_of(sent: Mapping[str, Any], name: str) -> list[str]:
    return sent.getlist(name) if isinstance(sent, QueryDict) else []


def _words_at(about: Mapping[str, Any], *path: str) -> str:
    value: Any = about
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
