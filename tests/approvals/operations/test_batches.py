import uuid

import pytest
from django.utils import timezone

from approvals.models import Decision
from approvals.operations import batches
from approvals.operations.batches import Item
from approvals.rules.lifecycle import Status
from approvals.rules.verdicts import Verdict


@pytest.fixture
def waiting(submit):
    """`waiting(amount=…)`: submitted a moment ago, for a batch reads the clock itself."""
    return lambda **body: submit(when=timezone.now(), **body)


def item(approval):
    return Item(approval.pk, approval.revision, approval.digest)


def results_of(approvals, reviewer, verdict=Verdict.APPROVE, **how):
    found = batches.decide_many(map(item, approvals), verdict, reviewer=reviewer, **how)
    return [(result.result, result.code) for result in found]


class TestDecideMany:
    def test_settles_each_by_itself_and_in_order(self, waiting, ada, now_stands):
        approvals = [waiting(amount=amount) for amount in (1, 2, 3)]

        found = batches.decide_many(
            map(item, approvals), Verdict.APPROVE, reviewer=ada, feedback="All fine."
        )

        assert [result.id for result in found] == [approval.pk for approval in approvals]
        assert {(result.result, result.status) for result in found} == {("settled", "approved")}
        assert {now_stands(approval).decided["feedback"] for approval in approvals} == {"All fine."}

    def test_marks_the_decisions_as_made_together(self, waiting, ada):
        looked_at, not_looked_at = waiting(), waiting()

        batches.decide_many(
            [item(looked_at), item(not_looked_at)],
            Verdict.APPROVE,
            reviewer=ada,
            inspected=frozenset({looked_at.pk}),
        )

        assert len(set(Decision.objects.values_list("batch", flat=True))) == 1
        assert looked_at.decisions.get().inspected
        assert not not_looked_at.decisions.get().inspected

    def test_skips_with_the_reason_and_goes_on(self, waiting, decide, ada, now_stands):
        first, decided, last = waiting(), waiting(), waiting()
        decide(decided, ada, "reject", when=timezone.now())

        assert results_of([first, decided, last], ada) == [
            ("settled", ""),
            ("skipped", "already_settled"),
            ("settled", ""),
        ]
        assert now_stands(decided).status == Status.REJECTED

    def test_never_approves_what_is_high(self, waiting, ada, now_stands):
        medium, high, critical = (
            waiting(amount=2000),
            waiting(amount=20_000),
            waiting(risk_score=0.95),
        )

        assert results_of([medium, high, critical], ada) == [
            ("settled", ""),
            ("skipped", "decision_not_allowed"),
            ("skipped", "decision_not_allowed"),
        ]
        assert now_stands(critical).status == Status.PENDING

    def test_may_reject_what_is_high(self, waiting, ada):
        assert results_of([waiting(amount=20_000)], ada, Verdict.REJECT) == [("settled", "")]

    def test_skips_what_this_person_may_not_decide(self, waiting, ben, now_stands):
        mine, not_mine = waiting(), waiting(amount=2000)

        assert results_of([mine, not_mine], ben) == [
            ("settled", ""),
            ("skipped", "insufficient_authority"),
        ]
        assert now_stands(not_mine).status == Status.PENDING

    def test_skips_what_has_changed_since_it_was_selected(self, waiting, decide, ada, dora):
        approval = waiting()
        selected = item(approval)
        other = Item(approval.pk, approval.revision, "sha256:" + "0" * 64)
        later = Item(approval.pk, 2, approval.digest)

        found = batches.decide_many([later], Verdict.APPROVE, reviewer=ada)
        found += batches.decide_many([other], Verdict.APPROVE, reviewer=ada)
        found += batches.decide_many([selected], Verdict.APPROVE, reviewer=ada)

        assert [(result.result, result.code) for result in found] == [
            ("skipped", "stale_revision"),
            ("skipped", "stale_revision"),
            ("settled", ""),
        ]

    def test_skips_what_is_named_twice_or_unknown(self, waiting, ada):
        approval = waiting()
        unknown = Item(uuid.uuid4(), 1, approval.digest)

        found = batches.decide_many(
            [item(approval), item(approval), unknown], Verdict.APPROVE, reviewer=ada
        )

        assert [(result.result, result.code) for result in found] == [
            ("settled", ""),
            ("skipped", "duplicate"),
            ("skipped", "not_found"),
        ]

    def test_says_when_more_people_are_needed(self, publish, waiting, ada):
        publish(quorum={"team_member": 2})

        assert results_of([waiting()], ada) == [("voted", "")]

    def test_skips_questions_and_checkpoints_that_want_each_by_itself(self, publish, waiting, ada):
        question = waiting(response={"type": "freeform"})
        publish(batch_max=0)

        assert results_of([question, waiting()], ada) == [
            ("skipped", "decision_not_allowed"),
            ("skipped", "decision_not_allowed"),
        ]

    def test_skips_what_has_run_out(self, submit, ada, at, now_stands):
        overdue = submit(when=at)

        assert results_of([overdue], ada) == [("skipped", "expired")]
        assert now_stands(overdue).via == "timeout"

    def test_approves_nothing_while_paused(self, waiting, ada, robin, at):
        approval = waiting()
        robin.paused_at = at
        robin.save()

        assert results_of([approval], ada) == [("skipped", "paused")]
        assert results_of([approval], ada, Verdict.REJECT) == [("settled", "")]

    def test_of_nothing_is_nothing(self, ada):
        assert results_of([], ada) == []
