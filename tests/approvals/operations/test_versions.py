import json
from datetime import timedelta

import pytest
from django.db import transaction

from approvals import events
from approvals.models import Backtest, CheckpointVersion, OverruledCase
from approvals.operations import backtests, versions
from approvals.operations._evidence import CasesUnopened, NeedsBacktest
from approvals.operations.policies import InvalidPolicy
from approvals.operations.versions import (
    ChangedMeanwhile,
    NotADraft,
    NotInThisState,
    SecondPersonNeeded,
)
from audit import trail
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
State = CheckpointVersion.State


@pytest.fixture
def write(at):
    """`write(version, user)`: they save it, as the admin's form does."""

    def act(version, user):
        with transaction.atomic():
            versions.save_draft(version, by_user=user, actor=f"user:{user.pk}", at=at)
        return version

    return act


@pytest.fixture
def draft(payments, write, ada):
    """Version 2, which Ada wrote: stricter than the first."""
    made = CheckpointVersion(checkpoint=payments.checkpoint, deny_threshold=1, timeout_seconds=3600)
    made.quorum = {"director": 2}
    return write(made, ada.user)


@pytest.fixture
def publish(at):
    def act(version, person=None, **more):
        user = person.user if person else None
        actor = f"user:{user.pk}" if user else "shell:root"
        return versions.publish(version, actor=actor, at=at, by_user=user, **more)

    return act


def copy(version, person, at):
    return versions.copy(version, by_user=person.user, actor=f"user:{person.user.pk}", at=at)


def events_of(checkpoint):
    return [event.type for event in trail.history_of(checkpoint.ref)]


class TestWriting:
    def test_is_on_record_with_who_and_the_digest_of_what(self, draft, ada):
        (event,) = trail.history_of(draft.checkpoint.ref)

        data = json.loads(event.body)["data"]
        assert (event.type, event.actor) == (events.CHECKPOINT_DRAFT_SAVED, f"user:{ada.user.pk}")
        assert data["policy"] == versions.digest(draft)
        assert (draft.number, draft.state, draft.created_by) == (2, State.DRAFT, ada.user)

    def test_does_not_take_back_what_went_live_meanwhile(self, draft, publish, write, ben):
        stale = CheckpointVersion.objects.get(pk=draft.pk)
        publish(draft, ben)

        with pytest.raises(NotADraft):
            write(stale, ben.user)

        assert CheckpointVersion.objects.get(pk=draft.pk).state == State.LIVE


class TestPublish:
    def test_makes_a_draft_the_one_that_holds(self, draft, payments, publish, ben, at):
        publish(draft, ben, seen=versions.digest(draft))

        draft.refresh_from_db()
        payments.refresh_from_db()
        assert (draft.state, draft.published_at, payments.state) == (State.LIVE, at, State.RETIRED)
        assert draft.published_by == ben.user
        assert events_of(draft.checkpoint)[-1] == events.CHECKPOINT_PUBLISHED

    def test_takes_somebody_else(self, draft, publish, ada):
        with pytest.raises(SecondPersonNeeded):
            publish(draft, ada)

        draft.refresh_from_db()
        assert draft.state == State.DRAFT

    def test_is_not_had_by_a_colleague_s_trivial_edit(self, draft, write, publish, ada, ben, dora):
        draft.title = "Payments"
        write(draft, ben.user)

        for writer in (ada, ben):
            with pytest.raises(SecondPersonNeeded):
                publish(draft, writer)
        assert publish(draft, dora).state == State.LIVE

    def test_is_not_had_by_a_colleague_s_copy(self, draft, publish, ada, ben, dora, at):
        twin = copy(draft, ben, at)
        grandchild = copy(twin, dora, at)

        for writer in (ada, ben, dora):
            with pytest.raises(SecondPersonNeeded):
                publish(grandchild, writer)

    def test_is_not_had_by_typing_the_same_again(self, draft, payments, write, publish, ada, ben):
        said = {"quorum": {"director": 2}, "timeout_seconds": 3600}
        same = write(CheckpointVersion(checkpoint=payments.checkpoint, **said), ben.user)

        with pytest.raises(SecondPersonNeeded):
            publish(same, ada)

    def test_of_what_was_published_once_only_who_copied_it_is_the_writer(
        self, draft, publish, ada, ben, dora, at
    ):
        publish(draft, ben)
        again = copy(draft, dora, at)

        with pytest.raises(SecondPersonNeeded):
            publish(again, dora)
        assert publish(again, ada).state == State.LIVE

    def test_of_what_was_changed_since_it_was_read_is_refused(self, draft, write, publish, ben):
        seen = versions.digest(draft)
        draft.timeout_seconds = 5
        draft.save()

        with pytest.raises(ChangedMeanwhile):
            publish(draft, ben, seen=seen)

    @pytest.mark.parametrize("state", [State.LIVE, State.RETIRED])
    def test_refuses_what_is_no_draft(self, payments, publish, state):
        CheckpointVersion.objects.filter(pk=payments.pk).update(state=state)

        with pytest.raises(NotADraft, match=state.label):
            publish(payments)

    def test_refuses_a_draft_that_could_not_be_saved_today(self, draft, publish, ben):
        CheckpointVersion.objects.filter(pk=draft.pk).update(trigger="action ==")

        with pytest.raises(InvalidPolicy, match="trigger"):
            publish(draft, ben)


class TestEvidence:
    @pytest.fixture
    def looser(self, draft, write, ada):
        draft.auto_approve_below = 0.5
        return write(draft, ada.user)

    @pytest.fixture
    def history(self, submit, decide, ada):
        """Ada approved one payment and rejected another."""
        good, bad = submit(amount=10), submit(amount=20)
        decide(good, ada, "approve")
        decide(bad, ada, "reject", feedback="No.")
        return bad

    @pytest.fixture
    def tested(self, history, looser, at):
        at += timedelta(seconds=1)
        asked = backtests.ask(looser, days=30, by_user=None, actor="test", at=at)
        assert backtests.work_on(asked.pk)
        return asked

    def test_where_people_decided_nothing_none_is_asked_for(self, looser, publish, ben):
        assert publish(looser, ben).state == State.LIVE

    def test_what_tightens_needs_none(self, draft, history, publish, ben):
        assert publish(draft, ben).state == State.LIVE

    def test_what_may_loosen_is_held_against_what_people_decided(
        self, looser, history, publish, ben
    ):
        with pytest.raises(NeedsBacktest):
            publish(looser, ben)

    @pytest.mark.parametrize("change", [{"days": 7}, {"policy_digest": "sha256:" + "0" * 64}])
    def test_neither_a_short_test_nor_one_of_another_text_will_do(
        self, tested, looser, publish, ben, change
    ):
        Backtest.objects.filter(pk=tested.pk).update(**change)

        with pytest.raises(NeedsBacktest):
            publish(looser, ben)

    def test_names_how_many_cases_the_publisher_has_not_opened(self, tested, looser, publish, ben):
        with pytest.raises(CasesUnopened, match="have not opened 1 case"):
            publish(looser, ben)

    def test_what_somebody_else_opened_does_not_count(self, tested, looser, publish, ben, dora, at):
        (case,) = OverruledCase.objects.all()
        backtests.open_case(case, by_user=dora.user, actor=f"user:{dora.user.pk}", at=at)

        with pytest.raises(CasesUnopened):
            publish(looser, ben)

        backtests.open_case(case, by_user=ben.user, actor=f"user:{ben.user.pk}", at=at)
        assert publish(looser, ben).state == State.LIVE

    def test_a_copy_of_the_same_text_has_the_same_cases(self, tested, looser, publish, dora, at):
        twin = copy(looser, dora, at)

        refusal = versions.objection_to_publishing(
            twin, by_user=factories.UserFactory(username="eve"), at=at
        )

        assert isinstance(refusal, CasesUnopened)

    def test_somebody_with_a_shell_is_not_asked(self, history, looser, publish):
        assert publish(looser).state == State.LIVE


class TestTheShadow:
    def test_begins_with_a_draft_and_ends_in_retirement(self, draft, at):
        versions.start_shadow(draft, actor="test", at=at)
        draft.refresh_from_db()
        assert draft.state == State.SHADOW

        versions.stop_shadow(draft, actor="test", at=at)

        draft.refresh_from_db()
        assert draft.state == State.RETIRED
        assert events_of(draft.checkpoint)[-2:] == [
            events.CHECKPOINT_SHADOWED,
            events.CHECKPOINT_RETIRED,
        ]

    def test_may_be_published_by_a_second_person(self, draft, publish, ben, at):
        versions.start_shadow(draft, actor="test", at=at)

        assert publish(draft, ben).state == State.LIVE

    def test_holds_a_few_at_a_time(self, payments, draft, at):
        for number in range(3, 3 + versions.MOST_SHADOWS):
            factories.VersionFactory(
                checkpoint=payments.checkpoint, number=number, state=State.SHADOW
            )

        with pytest.raises(NotInThisState, match="stop one first"):
            versions.start_shadow(draft, actor="test", at=at)

    def test_takes_nothing_live(self, payments, at):
        with pytest.raises(NotInThisState):
            versions.start_shadow(payments, actor="test", at=at)

    def test_takes_nothing_that_could_not_be_saved_today(self, draft, at):
        CheckpointVersion.objects.filter(pk=draft.pk).update(trigger="action ==")

        with pytest.raises(InvalidPolicy):
            versions.start_shadow(draft, actor="test", at=at)


class TestRetire:
    def test_leaves_the_checkpoint_without_a_live_version(self, payments, at):
        versions.retire(payments, actor="test", at=at)

        assert not payments.checkpoint.versions.filter(state=State.LIVE).exists()
        assert events_of(payments.checkpoint) == [events.CHECKPOINT_RETIRED]

    def test_is_for_what_is_live(self, draft, at):
        with pytest.raises(NotInThisState):
            versions.retire(draft, actor="test", at=at)
