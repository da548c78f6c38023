"""Filling an empty demo: people, checkpoints, a month of decisions, and work for today."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from approvals.models import Agent, ApprovalRequest, Reviewer
from approvals.operations import (
    agents,
    decisions,
    escalation,
    grants,
    people,
    policies,
    revising,
    submission,
)
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Reason, Verdict
from hitl_site.demo.cast import ADMIN, ERRAND_AGENT, HABITS, PASSWORD, PEOPLE, Habit

PAST_DECISIONS = 300
DAYS = 30
WAITING_TODAY = 14
ACTOR = "system:demo"


def is_seeded() -> bool:
    return Agent.objects.filter(name=ERRAND_AGENT).exists()


def seed(starter_policy: str, *, at: datetime) -> str:
    """
    Fill an empty database through the same operations as everybody; return the errand
    agent's key. The same day gives the same past: chance has a fixed seed.
    """
    chance = Random(1)  # noqa: S311  (a story, not a secret)
    policies.load(starter_policy, actor=ACTOR, at=at - timedelta(days=DAYS + 1))
    people.create_admin(ADMIN, password=PASSWORD, actor=ACTOR, at=at)
    for person in PEOPLE:
        people.create_reviewer(
            person.username,
            tier=person.tier,
            full_name=person.full_name,
            email=f"{person.username}@example.com",
            password=PASSWORD,
            actor=ACTOR,
            at=at - timedelta(days=DAYS + 1),
        )
    for name in sorted({habit.agent for habit in HABITS}):
        agents.register(name, actor=ACTOR, at=at - timedelta(days=DAYS + 1))
    _live_through(chance, at)
    for number in range(WAITING_TODAY):
        # Every other one of a kind, so that there is something to decide in a batch.
        habit = HABITS[1] if number % 2 else chance.choice(HABITS)
        _submit(chance, habit, at - timedelta(minutes=3 * number + 1))
    return agents.register(ERRAND_AGENT, actor=ACTOR, at=at).key


def _live_through(chance: Random, at: datetime) -> None:
    moments = sorted(chance.uniform(0.2, DAYS) for _ in range(PAST_DECISIONS))
    reviewers = list(Reviewer.objects.order_by("user__username"))
    with _progress(len(moments)) as advance:
        for days_ago in reversed(moments):
            approval = _submit(chance, chance.choice(HABITS), at - timedelta(days=days_ago))
            if approval.is_open:
                _have_it_decided(chance, approval, reviewers)
            advance()


def _submit(chance: Random, habit: Habit, at: datetime) -> ApprovalRequest:
    agent = Agent.objects.get(name=habit.agent)
    made = submission.submit(agent, habit.submission(chance), at=at)
    return ApprovalRequest.objects.get(pk=made.approvals[0])


def _have_it_decided(chance: Random, approval: ApprovalRequest, reviewers: list[Reviewer]) -> None:
    if chance.random() < 0.03:
        escalation.escalate_due(at=approval.expires_at)
        return
    able = [person for person in reviewers if Tier(person.tier).reaches(approval.tier)]
    # Some take their time, but none until the ladder asks somebody else, or silence decides.
    minutes = min(chance.lognormvariate(2.5, 1.0), 110.0)
    at = approval.submitted_at + timedelta(minutes=minutes)
    ruling = _ruling(chance, approval)
    decided = decisions.decide(approval.pk, ruling, reviewer=chance.choice(able), at=at)
    if decided.may_proceed and chance.random() < 0.9:
        taken = at + timedelta(seconds=2)
        grants.consume(approval.pk, digest=decided.digest, at=taken)
        status = "failed" if chance.random() < 0.03 else "succeeded"
        revising.report_outcome(
            approval.pk,
            report={"status": status, "detail": "as the executor saw it"},
            reporter=approval.agent.ref,
            at=at + timedelta(minutes=1),
        )


def _ruling(chance: Random, approval: ApprovalRequest) -> Ruling:
    said = chance.random()
    ruling = Ruling(Verdict.APPROVE, approval.revision, approval.digest)
    if said < 0.82:
        return ruling
    if said < 0.9:
        reason = chance.choice([Reason.WRONG_TARGET, Reason.DUPLICATE, Reason.NOT_NOW])
        return replace(
            ruling, verdict=Verdict.REJECT, reason_code=reason, feedback=str(reason.label)
        )
    return replace(
        ruling,
        verdict=Verdict.MODIFY,
        merge_patch={"note": "checked with the account manager"},
        feedback="Please keep this note.",
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, silence elsewhere."""
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            filled = 40 * done // total
            bar = "█" * filled + "·" * (40 - filled)
            print(f"\r  a month of decisions {bar} {done}/{total}", end="", file=sys.stderr)

    yield advance
    if sys.stderr.isatty():
        print(file=sys.stderr)
