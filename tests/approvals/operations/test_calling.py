"""Reminders, and calling whoever is on call: what the clock tells people, and when."""

import json
from datetime import timedelta

import pytest

from approvals import events
from approvals.models import Absence, ApprovalRequest
from approvals.operations import _announcing, assignment, escalation, revising
from approvals.rules.tiers import Tier
from audit import trail
from tests import factories

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """What people were told: (how, names)."""
    heard = []

    def hear(how):
        def announce(approval, *, at, on_call=(), **_):
            heard.append((how, [person.user.username for person in on_call]))

        return announce

    for how in ("reminder", "urgent", "escalated", "timed_out"):
        monkeypatch.setattr(_announcing, how, hear(how))
    return heard


@pytest.fixture
def night(ada):
    """A schedule by which Ada is always on call."""
    schedule = factories.ScheduleFactory()
    factories.ShiftFactory(schedule=schedule, reviewer=ada)
    return schedule


def sweep(at):
    return escalation.escalate_due(at=at)


def said(approval, event):
    return [
        json.loads(found.body)["data"]
        for found in trail.history_of(approval.ref)
        if found.type == event
    ]


class TestReminders:
    def test_come_each_once_and_are_on_record(self, submit, at, told, now_stands):
        approval = submit()

        for minutes in range(0, 60, 2):
            sweep(at + minutes * MINUTE)

        assert told == [("reminder", [])] * 2
        assert [each["reminder"] for each in said(approval, events.REMINDED)] == [1, 2]
        assert now_stands(approval).next_due_at == at + HOUR

    def test_a_late_worker_sends_one_not_two(self, submit, at, told, now_stands):
        approval = submit()

        sweep(at + 58 * MINUTE)
        sweep(at + 59 * MINUTE)

        assert told == [("reminder", [])]
        assert now_stands(approval).reminders_sent == 2

    def test_begin_again_in_a_new_window(self, publish, submit, at, told):
        publish(on_timeout="escalate")
        submit()

        sweep(at + HOUR)
        sweep(at + 90 * MINUTE)

        assert [how for how, _ in told] == ["timed_out", "escalated", "reminder"]

    def test_nobody_is_reminded_of_what_waits_for_its_agent(
        self, submit, decide, ada, at, told, now_stands
    ):
        approval = submit()
        decide(approval, ada, "request_changes", feedback="Why?")

        sweep(at + 30 * MINUTE)
        revising.revise(approval.pk, {"arguments": {"amount": 2}}, at=at + 31 * MINUTE)
        sweep(at + 54 * MINUTE)

        assert told == [("reminder", [])]
        assert [each["reminder"] for each in said(approval, events.REMINDED)] == [2]

    def test_come_not_at_all_when_silence_decides_first(self, submit, at, told):
        submit()

        sweep(at + HOUR)

        assert told == [("timed_out", [])]


class TestUrgency:
    def test_calls_whoever_is_on_call_once(self, publish, submit, night, at, told, now_stands):
        publish(on_call=night, reminders=[])
        approval = submit()

        for minutes in (44, 45, 46, 50, 59):
            sweep(at + minutes * MINUTE)

        assert told == [("urgent", ["ada"])]
        assert now_stands(approval).urgent_at == at + 45 * MINUTE
        (called,) = said(approval, events.CALLED)
        assert (called["because"], called["schedule"]) == ("urgent", "night")

    def test_waits_while_somebody_looks_at_it(self, publish, submit, night, ada, at, told):
        publish(on_call=night, reminders=[])
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at + 40 * MINUTE)

        sweep(at + 45 * MINUTE)
        sweep(at + 49 * MINUTE)
        assert told == []
        sweep(at + 50 * MINUTE)

        assert told == [("urgent", ["ada"])]

    def test_notices_within_a_minute_that_they_left_it(self, publish, submit, night, ada, at, told):
        publish(on_call=night, reminders=[])
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at + 44 * MINUTE)
        sweep(at + 45 * MINUTE)

        assignment.release(approval.pk, reviewer=ada)
        sweep(at + 46 * MINUTE)

        assert told == [("urgent", ["ada"])]

    def test_calls_the_next_rung_if_nobody_is_on_call(
        self, publish, submit, night, ada, ben, dora, at, told
    ):
        publish(on_call=night, reminders=[], ladder=[{"after_seconds": 3300, "to": "director"}])
        Absence.objects.create(reviewer=ada, starts_at=at, ends_at=at + 10 * HOUR)
        approval = submit()

        sweep(at + 45 * MINUTE)

        assert told == [("urgent", ["dora"])]
        (called,) = said(approval, events.CALLED)
        assert (called["tier"], called["people"]) == ("director", [dora.ref])

    def test_goes_up_until_somebody_is_there(self, publish, submit, night, ada, at, told):
        empty = factories.ScheduleFactory(name="empty")
        publish(
            on_call=empty,
            reminders=[],
            ladder=[
                {"after_seconds": 3000, "schedule": "empty"},
                {"after_seconds": 3300, "schedule": "night"},
            ],
        )
        submit()

        sweep(at + 45 * MINUTE)

        assert told == [("urgent", ["ada"])]

    def test_is_on_record_also_when_nobody_is_there(self, publish, submit, at, told, now_stands):
        publish(on_call=factories.ScheduleFactory(), reminders=[])
        approval = submit()

        sweep(at + 45 * MINUTE)
        sweep(at + 50 * MINUTE)

        assert [each["people"] for each in said(approval, events.CALLED)] == [[]]
        assert now_stands(approval).next_due_at == at + HOUR

    def test_calls_nobody_where_nobody_is_named(self, submit, at, told):
        submit()

        sweep(at + 50 * MINUTE)

        assert told == [("reminder", [])]

    def test_waits_for_the_agent_s_new_words(self, publish, submit, decide, night, ada, at, told):
        publish(on_call=night, reminders=[])
        approval = submit()
        decide(approval, ada, "request_changes", feedback="Why?")

        sweep(at + 45 * MINUTE)
        assert told == []
        revising.revise(approval.pk, {"arguments": {"amount": 2}}, at=at + 50 * MINUTE)
        sweep(at + 51 * MINUTE)

        assert told == [("urgent", ["ada"])]

    def test_comes_again_in_a_new_window(self, publish, submit, night, at, told):
        publish(on_call=night, reminders=[], on_timeout="escalate")
        submit()

        for minutes in (45, 60, 104, 105):
            sweep(at + minutes * MINUTE)

        assert [how for how, _ in told] == ["urgent", "timed_out", "escalated", "urgent"]


class TestRungsThatNameASchedule:
    LADDER = [{"after_seconds": 600, "schedule": "night"}]

    def test_tell_whoever_is_on_call_then(self, publish, submit, night, at, told, now_stands):
        publish(ladder=self.LADDER, reminders=[])
        approval = submit()

        sweep(at + 10 * MINUTE)
        sweep(at + 20 * MINUTE)

        assert told == [("urgent", ["ada"])]
        (called,) = said(approval, events.CALLED)
        assert (called["because"], called["schedule"]) == ("rung", "night")
        assert now_stands(approval).required_tier == "team_member"

    def test_may_ask_for_a_tier_as_well(self, publish, submit, night, at, told, now_stands):
        publish(ladder=[{"after_seconds": 600, "to": "director", "schedule": "night"}])
        approval = submit()

        sweep(at + 10 * MINUTE)

        assert told == [("escalated", []), ("urgent", ["ada"])]
        assert now_stands(approval).required_tier == "director"

    def test_are_told_once_by_whoever_notices_first(
        self, publish, submit, night, decide, ada, ben, at, told
    ):
        publish(ladder=self.LADDER, quorum={"team_member": 2}, reminders=[])
        approval = submit()

        decide(approval, ben, "approve", when=at + 11 * MINUTE)
        sweep(at + 12 * MINUTE)

        assert told == [("urgent", ["ada"])]

    def test_are_not_forgotten_when_the_deadline_has_come_meanwhile(
        self, publish, submit, night, at, told
    ):
        publish(ladder=self.LADDER, on_timeout="escalate", reminders=[])
        submit()

        sweep(at + HOUR)

        assert ("urgent", ["ada"]) in told

    def test_route_around_who_is_away_to_their_delegate(
        self, publish, submit, night, ada, at, told
    ):
        dora = factories.ReviewerFactory(user__username="dora", tier=Tier.DIRECTOR)
        publish(ladder=self.LADDER, reminders=[])
        submit()
        Absence.objects.create(
            reviewer=ada, delegate=dora, starts_at=at + 9 * MINUTE, ends_at=at + HOUR
        )

        sweep(at + 10 * MINUTE)

        assert told == [("urgent", ["dora"])]

    def test_old_terms_are_still_swept(self, publish, submit, at, now_stands):
        publish(ladder=[{"after_seconds": 600, "to": "director"}])
        approval = submit()
        stored = {name: value for name, value in approval.terms_json.items() if name != "on_call"}
        stored["ladder"] = [{"after_seconds": 600, "to": "director"}]
        ApprovalRequest.objects.update(terms_json=stored)

        sweep(at + 10 * MINUTE)

        assert now_stands(approval).required_tier == "director"
