"""What a person can do about a request: each verdict, and where it is not open to them, why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import decisions
from approvals.queries import pauses
from approvals.rules.verdicts import PASS, VOTES, Reason, Verdict
from approvals.templatetags.placet_time import clock

MORNING = 9  # o'clock, of whoever reads


@dataclass(frozen=True)
class Choice:
    """One verdict; `group` is the id of the sentence that says why it is not open, or ""."""

    verdict: str
    group: str

    @property
    def is_open(self) -> bool:
        return not self.group


@dataclass(frozen=True)
class Hand:
    """
    `choices` by verdict. `reasons` are (id, verdicts, sentence), one for each reason.
    `deferrals` are (words, ISO 8601) of instants before the deadline.
    """

    choices: Mapping[str, Choice]
    reasons: list[tuple[str, str, str]]
    reject_as: list[tuple[str, str]]
    deferrals: list[tuple[str, str]]
    latest: str

    @property
    def may_settle(self) -> bool:
        return self.choices[Verdict.APPROVE].is_open


def hand_for(approval: ApprovalRequest, reviewer: Reviewer, *, at: datetime) -> Hand | None:
    """The hand, or None where nobody has one: what is settled, sent back, or out of time."""
    if not approval.is_pending or approval.expires_at <= at:
        return None
    why_not = _asked(approval, reviewer, at)
    sentences = list(dict.fromkeys(filter(None, why_not.values())))
    groups = {sentence: f"no-{place}" for place, sentence in enumerate(sentences)}
    return Hand(
        choices={
            verdict: Choice(verdict, groups.get(sentence, ""))
            for verdict, sentence in why_not.items()
        },
        reasons=[
            (
                groups[sentence],
                _listed([verdict.label for verdict, why in why_not.items() if why == sentence]),
                sentence,
            )
            for sentence in sentences
        ],
        reject_as=[(reason.value, reason.label.capitalize()) for reason in Reason],
        deferrals=_deferrals(approval, at),
        latest=f"{timezone.localtime(approval.expires_at):%Y-%m-%dT%H:%M}",
    )


def _asked(approval: ApprovalRequest, reviewer: Reviewer, at: datetime) -> dict[Verdict, str]:
    """What stands against each verdict, in a sentence; "" if nothing does."""
    vote = decisions.objection_to(approval, reviewer, Verdict.APPROVE, at=at)
    moves = decisions.objection_to(approval, reviewer, Verdict.REQUEST_CHANGES, at=at)
    talks = decisions.objection_to(approval, reviewer, Verdict.GUIDE, at=at)
    held = pauses.over(approval.agent, approval.version.checkpoint)
    pause = held.sentence if held else ""
    against = {
        verdict: vote if verdict in VOTES else moves if verdict.needs_authority else talks
        for verdict in Verdict
    }
    against[Verdict.MODIFY] = decisions.objection_to(approval, reviewer, Verdict.MODIFY, at=at)
    why_not = {verdict: said.sentence if said else "" for verdict, said in against.items()}
    for verdict, sentence in why_not.items():
        why_not[verdict] = sentence or _unsuited(approval, verdict, pause=pause, at=at)
    return why_not


def _unsuited(approval: ApprovalRequest, verdict: Verdict, *, pause: str, at: datetime) -> str:
    """What stands against a verdict whoever says it."""
    if not approval.terms.allows(verdict):
        return "The agent said that it cannot take this answer."
    if verdict in PASS:
        return pause
    if verdict == Verdict.ESCALATE and approval.tier.above is None:
        return "This is with the highest tier already."
    if verdict == Verdict.DEFER and not _deferrals(approval, at):
        return "Silence decides too soon for that."
    return ""


def _deferrals(approval: ApprovalRequest, at: datetime) -> list[tuple[str, str]]:
    local = timezone.localtime(at)
    tomorrow = (local + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    offered = [
        ("15 minutes", at + timedelta(minutes=15)),
        ("1 hour", at + timedelta(hours=1)),
        ("4 hours", at + timedelta(hours=4)),
        (f"{clock(tomorrow, now=at).capitalize()}", tomorrow),
    ]
    return [
        (words, until.isoformat(timespec="seconds"))
        for words, until in offered
        if until < approval.expires_at
    ]


def _listed(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
