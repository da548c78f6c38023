"""
Anything anybody can do, in any order, against a model of what must stay true.

After each step: one outcome that never changes, nobody below the authority that was asked
for, nothing approved late or by silence unless the policy says so, a permission exactly
where something may run, and a trail that holds.
"""

import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from approvals.models import ApprovalRequest, Grant, Reviewer
from approvals.operations import agents, decisions, escalation, grants, revising, submission
from approvals.operations._deadlines import Expired
from approvals.operations._settling import AlreadySettled
from approvals.operations.decisions import AlreadyVoted, NotAuthorized, StaleRevision
from approvals.operations.grants import DigestMismatch, GrantConsumed, GrantExpired, NotApproved
from approvals.refusals import Paused, Refusal
from approvals.rules.lifecycle import Status, Via
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import Verdict
from audit import trail
from audit.models import Event
from tests import factories

# More, and longer, on a machine that has the night for it.
EXAMPLES = int(os.environ.get("LIFECYCLE_EXAMPLES", "60"))
STEPS = int(os.environ.get("LIFECYCLE_STEPS", "25"))

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
WINDOW = timedelta(hours=1)
PEOPLE = {"ben": "team_member", "lena": "team_lead", "dora": "director", "ada": "executive"}
OUTCOMES = {
    "approval.settled",
    "approval.rejected_by_timeout",
    "approval.approved_by_timeout",
}

amounts = st.sampled_from([5, 2_000, 20_000])
# Those who may decide come more often, or hardly anything would ever be decided.
people = st.sampled_from(["ben", "lena", "dora", "dora", "ada", "ada"])


class Lifecycle(RuleBasedStateMachine):
    approvals = Bundle("approvals")

    def __init__(self):
        super().__init__()
        self.rollback = transaction.atomic()
        # As a test's own transaction does, so that operations may commit inside it.
        self.rollback._from_testcase = True
        self.rollback.__enter__()
        self.now = START
        self.paused = False
        self.settled = {}
        self.before = {}
        self.consumed = set()
        self.asked_above = set()

    def teardown(self):
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    @initialize(
        target=approvals,
        quorum=st.sampled_from([1, 1, 2, 3]),
        deny=st.integers(1, 2),
        on_timeout=st.sampled_from(["reject", "escalate", "approve"]),
        climbs=st.booleans(),
        threshold=st.sampled_from([0.0, 0.3]),
    )
    def publish(self, quorum, deny, on_timeout, climbs, threshold):
        self.version = factories.VersionFactory(
            quorum=dict.fromkeys(Tier.values, quorum),
            deny_threshold=deny,
            on_timeout=on_timeout,
            timeout_seconds=WINDOW.seconds,
            ladder=[{"after_seconds": 1800, "to": "director"}] if climbs else [],
            auto_approve_below=threshold,
        )
        self.robin = factories.AgentFactory(name="robin")
        self.tiers = dict(PEOPLE)
        for name, tier in PEOPLE.items():
            factories.ReviewerFactory(user__username=name, tier=tier)
        return multiple(*(self.submit_one(amount) for amount in (5, 2_000, 20_000)))

    # What agents do.

    def submit_one(self, amount, key=None):
        body = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": amount}}
        made = submission.submit(self.robin, body, at=self.now, idempotency_key=key)
        return None if made.replayed else made.approvals[0]

    @rule(target=approvals, amount=amounts, key=st.none() | st.sampled_from("ab"))
    def submit(self, amount, key):
        try:
            made = self.submit_one(amount, key)
        except Paused:
            assert self.paused
            return multiple()
        except submission.IdempotencyKeyReused:
            assert key
            return multiple()
        assert not (made and self.paused)
        return made or multiple()

    @rule(approval=approvals, amount=amounts)
    def revise(self, approval, amount):
        row = self.row(approval)
        expected = self.settled_or_late(row) or (Paused if self.paused else None)
        revised = {"arguments": {"amount": amount}}
        if self.refuses(expected, revising.revise, approval, revised, at=self.now):
            return
        after = self.row(approval)
        assert (after.status, after.revision) == (Status.PENDING, row.revision + 1)

    @rule(approval=approvals)
    def cancel(self, approval):
        expected = self.settled_or_late(self.row(approval))
        if not self.refuses(expected, revising.cancel, approval, reason="", at=self.now):
            assert self.row(approval).status == Status.CANCELLED

    @rule(approval=approvals, honest=st.integers(0, 4))
    def consume(self, approval, honest):
        row = self.row(approval)
        grant = Grant.objects.filter(approval=row).first()
        digest = row.digest if honest else "sha256:" + "0" * 64
        if grant is None:
            expected = NotApproved
        elif approval in self.consumed:
            expected = GrantConsumed
        elif not honest:
            expected = DigestMismatch
        elif self.now >= grant.expires_at:
            expected = GrantExpired
        else:
            expected = Paused if self.paused else None
        if not self.refuses(expected, grants.consume, approval, digest=digest, at=self.now):
            assert approval not in self.consumed
            self.consumed.add(approval)

    # What people do.

    @rule(approval=approvals, name=people)
    def approve(self, approval, name):
        self.decide(approval, name, Verdict.APPROVE)

    @rule(approval=approvals, name=people)
    def reject(self, approval, name):
        self.decide(approval, name, Verdict.REJECT)

    @rule(approval=approvals, name=people, amount=amounts)
    def modify(self, approval, name, amount):
        self.decide(approval, name, Verdict.MODIFY, merge_patch={"amount": amount})

    @rule(approval=approvals, name=people)
    def request_changes(self, approval, name):
        self.decide(approval, name, Verdict.REQUEST_CHANGES, feedback="Half of it.")

    @rule(approval=approvals, name=people)
    def escalate(self, approval, name):
        above = self.row(approval).tier.above
        if above and self.decide(approval, name, Verdict.ESCALATE, feedback="Not sure."):
            self.asked_above.add(approval)

    @rule(approval=approvals, name=people)
    def approve_what_stood_there_before(self, approval, name):
        self.decide(approval, name, Verdict.APPROVE, revision=self.row(approval).revision - 1)

    # What time and admins do.

    @rule(seconds=st.sampled_from([1, 1, 600, 600, 1799, 1800, 3600, 90_000]), swept=st.booleans())
    def wait(self, seconds, swept):
        self.now += timedelta(seconds=seconds)
        if swept:
            escalation.escalate_due(at=self.now)
            assert not ApprovalRequest.objects.due(self.now).exists()

    @rule(
        change=st.sampled_from([*PEOPLE, "pause", "resume", "resume"]), tier=st.sampled_from(Tier)
    )
    def administer(self, change, tier):
        if change in PEOPLE:
            Reviewer.objects.filter(user__username=change).update(tier=tier)
            self.tiers[change] = tier
            return
        self.paused = change == "pause"
        agents.pause(paused=self.paused, actor="user:1", at=self.now)

    # What must stay true.

    @invariant()
    def everything_holds(self):
        rows = {row.pk: row for row in ApprovalRequest.objects.select_related("agent", "version")}
        granted = set(Grant.objects.values_list("approval_id", flat=True))
        history = defaultdict(list)
        for event in Event.objects.order_by("subject", "seq").prefetch_related("texts"):
            history[event.subject].append(event)
        for subject, events in history.items():
            assert trail.first_break(events) is None, subject
        for pk, row in rows.items():
            events = history[row.ref]
            assert (row.trail_seq, row.trail_hash) == (len(events), events[-1].hash)
            assert sum(event.type in OUTCOMES for event in events) == (not row.is_open)
            assert (pk in granted) == row.may_proceed
            self.never_takes_anything_back(row)
            if not row.is_open:
                self.ended_as_it_should(row)
            self.before[pk] = row

    def never_takes_anything_back(self, row):
        before = self.before.get(row.pk)
        if before is None:
            return
        if not before.is_open:
            assert (row.status, row.via, row.decision) == (
                before.status,
                before.via,
                before.decision,
            )
        assert row.tier.reaches(before.tier)
        assert row.revision >= before.revision
        if before.status == Status.CHANGES_REQUESTED:
            assert not row.may_proceed

    def ended_as_it_should(self, row):
        if row.pk in self.settled:
            return
        self.settled[row.pk] = row.status
        decided, before = row.decided, self.before.get(row.pk)
        if row.may_proceed:
            assert not self.paused
            assert row.via != Via.HUMAN or row.settled_at < row.expires_at
        match row.via:
            case Via.HUMAN:
                names = [vote["name"] for vote in decided["by"]]
                assert len(names) == len(set(names))
                assert all(Tier(vote["role"]).reaches(row.tier) for vote in decided["by"])
                enough = row.quorum_needed if row.may_proceed else row.terms.deny_threshold
                assert len(names) >= enough
                denied = {vote["verdict"] == "reject" for vote in decided["by"]}
                assert denied == {not row.may_proceed}
            case Via.TIMEOUT:
                assert row.settled_at >= before.expires_at
                if row.may_proceed:
                    assert row.terms.on_timeout == "approve"
                    assert row.risk_score < 0.3
                    assert row.pk not in self.asked_above
                    assert before.status == Status.PENDING
            case Via.THRESHOLD:
                assert before is None
                assert row.risk_score < self.version.auto_approve_below
            case Via.AGENT:
                assert row.status == Status.CANCELLED
            case other:
                pytest.fail(f"settled by {other}")

    # How the model thinks.

    def row(self, approval):
        return ApprovalRequest.objects.select_related("agent", "version").get(pk=approval)

    def refuses(self, expected, act, *args, **kwargs):
        """Do it; True if it was refused, as expected."""
        refusal = None
        try:
            act(*args, **kwargs)
        except Refusal as raised:
            refusal = raised
        found = type(refusal) if refusal else None
        assert found is expected, f"{refusal!r} instead of {expected}"
        return refusal is not None

    def settled_or_late(self, row):
        if not row.is_open:
            return AlreadySettled
        return Expired if self.now >= row.expires_at else None

    def decide(self, approval, name, verdict, *, revision=None, **words):
        row = self.row(approval)
        seen = row.revision if revision is None else revision
        expected = self.settled_or_late(row) or self.objection(row, name, verdict, seen)
        said = Ruling(verdict, seen, row.digest, **words)
        reviewer = Reviewer.objects.get(user__username=name)
        return not self.refuses(
            expected, decisions.decide, approval, said, reviewer=reviewer, at=self.now
        )

    def objection(self, row, name, verdict, seen):
        votes = row.decisions.filter(
            reviewer__user__username=name,
            revision=row.revision,
            verdict__in=["approve", "modify", "reject"],
        )
        needed = row.tier
        if row.terms.ladder and self.now >= row.submitted_at + timedelta(seconds=1800):
            needed = max(needed, Tier.DIRECTOR, key=lambda tier: tier.rank)
        is_vote = verdict in ("approve", "modify", "reject")
        if is_vote and votes.exists():
            return AlreadyVoted
        if verdict != Verdict.ESCALATE and not Tier(self.tiers[name]).reaches(needed):
            return NotAuthorized
        if row.status == Status.CHANGES_REQUESTED:
            return AlreadySettled
        if seen != row.revision:
            return StaleRevision
        if verdict == Verdict.ESCALATE and needed.above is None:
            return decisions.DecisionNotAllowed
        if verdict in ("approve", "modify") and self.paused:
            return Paused
        return None


@pytest.mark.django_db
def test_whatever_happens_the_promises_hold():
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            # Shrinking takes minutes, and at most 25 steps can be read as they are.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
