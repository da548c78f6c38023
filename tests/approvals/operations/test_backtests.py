"""What a draft would have done, counted by a worker and, independently, here."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import DatabaseError

from approvals.models import (
    ApprovalRequest,
    Backtest,
    CheckpointVersion,
    OutcomeReport,
    OverruledCase,
)
from approvals.operations import backtests
from approvals.operations.backtests import InvalidPeriod
from approvals.queries import hindsight
from approvals.rules.hindsight import Tally, report_of
from audit import trail
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
State = Backtest.State


@pytest.fixture
def draft(payments):
    """Passes what is below risk 0.3: payments up to 1,000."""
    return factories.VersionFactory(
        checkpoint=payments.checkpoint, number=2, state="draft", auto_approve_below=0.3
    )


@pytest.fixture
def past(submit, decide, ada, at):
    """`past(9)`: so many payments, of which Ada rejects, changes, approves or leaves some."""

    def act(count):
        made = [submit(amount=500 * place) for place in range(count)]
        for place, approval in enumerate(made):
            how = (
                ("reject", {"feedback": "No."}),
                ("modify", {"merge_patch": {"amount": 1}}),
                ("approve", {}),
            )[place % 3]
            decide(approval, ada, how[0], when=at + timedelta(seconds=place), **how[1])
        return made

    return act


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(hindsight, "BATCH", 2)


def ask(draft, at, days=30):
    at += timedelta(hours=1)
    return backtests.ask(draft, days=days, by_user=None, actor="test", at=at)


def finish(backtest):
    while not backtests.work_on(backtest.pk):
        backtest.refresh_from_db()
        assert not backtest.is_over
    backtest.refresh_from_db()
    return backtest


def report(backtest):
    return report_of(Tally.from_json(backtest.result["tally"]))


class TestCounting:
    def test_agrees_with_a_count_made_otherwise(self, past, draft, at, small_batches):
        past(9)
        # What the draft passes: a risk below 0.3, so an amount of 1,000 at most.
        rows = ApprovalRequest.objects.all()
        first = {row.pk: row.revisions.get(number=1).arguments["amount"] for row in rows}
        passed = [row for row in rows if first[row.pk] <= 1000]
        OutcomeReport.objects.create(
            approval=next(row for row in passed if row.status == "approved"),
            status="harmful", occurred_at=at, reported_at=at, reporter="test",
        )  # fmt: skip

        found = report(finish(ask(draft, at)))

        assert (found.seen, found.matched) == (9, len(passed))
        assert dict(found.outcomes) == Counter(row.status for row in passed)
        assert found.bad == sum(row.status != "approved" for row in passed) + 1
        assert found.went_wrong == 1
        assert dict(found.passed_by) == {"threshold": len(passed)}
        assert {case.approval_id for case in OverruledCase.objects.all()} == {
            row.pk for row in passed if row.status != "approved"
        }

    def test_of_the_same_data_and_policy_is_the_same_each_time(
        self, past, draft, at, small_batches
    ):
        past(7)

        first, second = finish(ask(draft, at)), finish(ask(draft, at))

        assert first.data_hash == second.data_hash
        assert first.data_hash.startswith("sha256:")
        assert report(first) == report(second)

    def test_of_other_data_has_another_hash(self, past, draft, at, submit, decide, ada):
        past(3)
        first = finish(ask(draft, at))
        decide(submit(amount=3), ada, "approve")

        assert finish(ask(draft, at)).data_hash != first.data_hash

    def test_takes_the_agent_s_words_and_not_a_reviewer_s_edit(
        self, submit, decide, ada, draft, at
    ):
        decide(submit(amount=50_000), ada, "modify", merge_patch={"amount": 1})

        assert report(finish(ask(draft, at))).matched == 0

    def test_counts_a_template_that_fits(self, past, draft, payments, at):
        past(1)
        factories.TemplateFactory(checkpoint=payments.checkpoint)

        assert report(finish(ask(draft, at))).passed_by == [("template small_payments", 1)]

    def test_takes_neither_what_waits_nor_what_is_older_nor_another_checkpoint_s(
        self, past, draft, submit, decide, ada, at
    ):
        past(1)
        submit(amount=1)
        decide(submit(amount=2, when=at - timedelta(days=40)), ada, "approve",
               when=at - timedelta(days=40, seconds=-1))  # fmt: skip

        assert report(finish(ask(draft, at))).seen == 1

    def test_of_no_past_comes_to_an_end(self, draft, at):
        assert report(finish(ask(draft, at))).seen == 0

    @pytest.mark.parametrize("days", [0, 367])
    def test_goes_back_a_day_to_a_year(self, draft, at, days):
        with pytest.raises(InvalidPeriod):
            ask(draft, at, days=days)


class TestAWorker:
    def test_that_is_killed_is_followed_by_one_that_goes_on(
        self, past, draft, at, small_batches, monkeypatch
    ):
        past(7)
        whole = finish(ask(draft, at))
        killed = ask(draft, at)
        batch_of, calls = hindsight.batch_of, []

        def dies_at_the_third(*args, **kwargs):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return batch_of(*args, **kwargs)

        monkeypatch.setattr(hindsight, "batch_of", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            backtests.work_on(killed.pk)
        killed.refresh_from_db()
        assert (killed.state, killed.done) == (State.RUNNING, 4)
        assert backtests.work_due() == 0, "It may be alive still."

        Backtest.objects.update(beat_at=at - timedelta(days=1))
        assert backtests.work_due() == 1

        killed.refresh_from_db()
        assert (killed.state, killed.data_hash) == (State.DONE, whole.data_hash)
        assert report(killed) == report(whole)
        assert killed.overruled.count() == whole.overruled.count()
        assert len(calls) == 3 + 2

    def test_that_was_thought_dead_adds_nothing_when_it_comes_back(
        self, past, draft, at, small_batches, monkeypatch
    ):
        past(5)
        asked, batch_of = ask(draft, at), hindsight.batch_of

        def slow(*args, **kwargs):
            monkeypatch.setattr(hindsight, "batch_of", batch_of)
            Backtest.objects.update(beat_at=at - timedelta(days=1))
            assert backtests.work_on(asked.pk)
            return batch_of(*args, **kwargs)

        monkeypatch.setattr(hindsight, "batch_of", slow)

        assert backtests.work_on(asked.pk) is False

        asked.refresh_from_db()
        assert (asked.state, report(asked).seen) == (State.DONE, 5)

    def test_takes_one_at_a_time_so_that_deadlines_find_one_free(self, past, draft, at):
        past(1)
        first, second = ask(draft, at), ask(draft, at)
        assert backtests._take(first.pk, "one")

        assert backtests.work_on(second.pk) is False
        assert backtests.work_on(first.pk) is False

        Backtest.objects.filter(pk=first.pk).update(beat_at=at - timedelta(days=1))
        assert backtests.work_due() == 2

        assert {each.state for each in Backtest.objects.all()} == {State.DONE}

    def test_makes_room_after_its_stint(self, past, draft, at, small_batches, monkeypatch):
        past(5)
        asked = ask(draft, at)
        monkeypatch.setattr(backtests, "STINT_SECONDS", 0.0)

        assert backtests.work_on(asked.pk) is False

        asked.refresh_from_db()
        assert asked.state == State.WAITING

    def test_begins_anew_when_a_template_changed(self, past, draft, payments, at, small_batches):
        past(5)
        asked = ask(draft, at)
        bench = backtests._take(asked.pk, "one")
        backtests._do_a_batch(bench, "one")
        factories.TemplateFactory(checkpoint=payments.checkpoint)
        Backtest.objects.update(beat_at=at - timedelta(days=1))

        found = report(finish(asked))

        assert found.seen == 5
        assert dict(found.passed_by)["template small_payments"] == 1

    def test_gives_up_on_a_draft_that_was_changed(self, past, draft, at):
        past(1)
        asked = ask(draft, at)
        CheckpointVersion.objects.filter(pk=draft.pk).update(auto_approve_below=0.9)

        assert backtests.work_on(asked.pk) is False

        asked.refresh_from_db()
        assert (asked.state, asked.error[:27]) == (State.FAILED, "The draft was changed meanw")

    def test_gives_up_on_what_kills_one_worker_after_the_other(self, past, draft, at):
        past(1)
        asked = ask(draft, at)
        for _ in range(backtests.MOST_TRIES):
            assert backtests._take(asked.pk, "doomed")
            Backtest.objects.update(beat_at=at - timedelta(days=1))

        assert backtests.work_on(asked.pk) is False

        asked.refresh_from_db()
        assert asked.state == State.FAILED

    def test_that_meets_a_fault_of_ours_says_so(self, past, draft, at, monkeypatch):
        past(1)
        asked = ask(draft, at)
        monkeypatch.setattr(hindsight, "batch_of", lambda *_, **__: 1 / 0)

        assert backtests.work_on(asked.pk) is False

        asked.refresh_from_db()
        assert (asked.state, "server's log" in asked.error) == (State.FAILED, True)

    def test_that_loses_the_database_leaves_it_to_the_next(self, past, draft, at, monkeypatch):
        past(1)
        asked = ask(draft, at)

        def gone(*_, **__):
            raise DatabaseError("the server went away")

        monkeypatch.setattr(hindsight, "batch_of", gone)
        with pytest.raises(DatabaseError):
            backtests.work_on(asked.pk)

        asked.refresh_from_db()
        assert asked.state == State.RUNNING


class TestOpeningACase:
    def test_is_on_record_once_for_each_who_did(self, past, draft, at, ada, ben):
        past(1)
        finish(ask(draft, at))
        case = OverruledCase.objects.select_related("backtest__version__checkpoint").get()

        for person in (ada, ben, ada):
            user = person.user
            backtests.open_case(case, by_user=user, actor=f"user:{user.pk}", at=at)

        opened = [
            event.actor
            for event in trail.history_of(draft.checkpoint.ref)
            if event.type == "checkpoint.overruled_opened"
        ]
        case.refresh_from_db()
        assert opened == [f"user:{ada.user.pk}", f"user:{ben.user.pk}"]
        assert (case.opened_by, case.opened_at) == (ada.user, at)
