"""Who is told of what, when, and how often."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction

from approvals.models import Absence, Announcement, Notice, NotificationPreference
from approvals.operations import _addressing, _announcing, digests, escalation, revising
from tests import factories

pytestmark = pytest.mark.django_db

CHAT = "https://chat.example.com/hooks/payments"
HIGH = {"risk_score": 0.7}
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def mail(settings):
    settings.EMAIL_URL = "smtp://mail.example.com"


@pytest.fixture
def prefer():
    """`prefer(ada, quiet_from=…)`: what Ada chose."""

    def act(reviewer, **chosen):
        return NotificationPreference.objects.update_or_create(reviewer=reviewer, defaults=chosen)

    return act


@pytest.fixture
def owed(at):
    """`owed()`: (kind, recipient) of everything owed, once a worker has found for whom it is."""

    def look(when=at):
        _addressing.address_all(at=when)
        return sorted(Notice.objects.values_list("kind", "recipient"))

    return look


class TestSomethingNew:
    def test_is_told_to_those_who_may_decide_it(self, submit, owed, ada, ben, dora):
        submit(**HIGH)

        assert owed() == [("new", "ada@example.com"), ("new", "dora@example.com")]

    def test_costs_its_submission_one_row_whatever_the_crowd(self, submit):
        for _ in range(5):
            factories.ReviewerFactory(tier="executive")

        submit(**HIGH)

        assert (Announcement.objects.count(), Notice.objects.count()) == (1, 0)

    def test_is_taken_back_with_the_transaction_that_wrote_it(self, submit, at):
        approval = submit()
        Announcement.objects.all().delete()

        with transaction.atomic():
            _announcing.new(approval, at=at)
            transaction.set_rollback(True)

        assert not Announcement.objects.exists()

    def test_is_not_told_once_it_is_settled(self, submit, decide, owed, ada, dora):
        decide(submit(**HIGH), ada, "reject", feedback="No.")

        assert owed() == []

    def test_is_not_told_where_nobody_is_asked(self, submit, publish, owed, ada):
        publish(trigger="false")
        submit()

        assert (Announcement.objects.count(), owed()) == (0, [])

    def test_is_not_told_to_the_agent_s_owner(self, robin, submit, owed, ada, dora):
        robin.owner = ada.user
        robin.save()
        submit(**HIGH)

        assert owed() == [("new", "dora@example.com")]

    def test_is_told_to_who_stands_in_for_somebody_away(self, submit, owed, at, payments):
        type(payments).objects.filter(pk=payments.pk).update(team=factories.TeamFactory())
        away = factories.ReviewerFactory(tier="director", teams=["Payments"])
        stand_in = factories.ReviewerFactory(tier="director")
        Absence.objects.create(
            reviewer=away, delegate=stand_in, starts_at=at - MINUTE, ends_at=at + 9 * MINUTE
        )
        submit(**HIGH)

        assert owed() == [("new", stand_in.user.email)]

    def test_goes_to_every_channel_that_somebody_chose(self, submit, owed, ada, prefer):
        prefer(ada, chat_url=CHAT)
        submit(**HIGH)

        assert owed() == [("new", "ada@example.com"), ("new", CHAT)]

    def test_goes_to_the_team_s_channel(self, submit, owed, payments):
        team = factories.TeamFactory()
        team.chat_url = CHAT
        team.save()
        type(payments).objects.filter(pk=payments.pk).update(team=team)
        submit()

        assert owed() == [("new", CHAT)]

    def test_reaches_nobody_by_mail_without_a_mail_server(self, submit, owed, ada, settings):
        settings.EMAIL_URL = ""
        submit(**HIGH)

        assert (owed(), Announcement.objects.count()) == ([], 0)

    def test_is_told_again_when_the_agent_has_made_its_changes(self, submit, decide, owed, ada, at):
        approval = submit(**HIGH)
        decide(approval, ada, "request_changes", feedback="Half of it.")
        assert owed() == []

        revising.revise(approval.pk, {"arguments": {"amount": 5}}, at=at + MINUTE)

        assert owed(at + MINUTE) == [("new", "ada@example.com")]

    def test_is_also_what_a_decision_leaves_for_later(self, submit, decide, owed, ada):
        steps = [{"id": name, "action": "pay", "arguments": {}} for name in "ab"]
        plan = submit(arguments={}, steps=steps, **HIGH)
        verdicts = {"a": {"verdict": "approve"}, "b": {"verdict": "defer"}}
        decide(plan, ada, "approve", steps=verdicts)

        assert owed() == [("new", "ada@example.com")]
        assert Notice.objects.get().approval.follows_id == plan.pk

    def test_at_low_risk_waits_for_the_digest_of_those_who_want_one(
        self, submit, owed, ada, ben, prefer
    ):
        prefer(ben, digest_low=False)
        submit()

        assert owed() == [("new", "ben@example.com")]

    def test_that_cannot_be_read_does_not_silence_the_others(
        self, submit, owed, ada, despite_triggers
    ):
        broken = submit(**HIGH)
        type(broken).objects.filter(pk=broken.pk).update(terms_json={})
        submit(**HIGH)

        assert owed() == [("new", "ada@example.com")]
        assert not Announcement.objects.exists()


class TestNoFlood:
    def test_many_at_once_are_one_message(self, submit, owed, ada):
        for _ in range(13):
            submit(**HIGH)

        assert owed() == [("new", "ada@example.com")]
        assert Notice.objects.get().more == 12

    def test_a_channel_that_people_share_hears_of_one_matter_once(
        self, submit, owed, ada, dora, prefer, settings
    ):
        settings.EMAIL_URL = ""
        prefer(ada, chat_url=CHAT)
        prefer(dora, chat_url=CHAT)
        submit(**HIGH)

        assert owed() == [("new", CHAT)]
        assert Notice.objects.get().more == 0

    def test_what_comes_before_it_is_sent_joins_it(self, submit, owed, ada):
        submit(**HIGH)
        owed()
        submit(**HIGH)

        assert owed() == [("new", "ada@example.com")]
        assert Notice.objects.get().more == 1

    def test_what_comes_after_it_was_sent_keeps_its_distance(self, submit, owed, ada, at):
        submit(**HIGH)
        owed()
        Notice.objects.update(state="sent", settled_at=at)
        submit(**HIGH)
        owed(at + MINUTE)

        assert Notice.objects.get(state="owed").due_at == at + 5 * MINUTE

    def test_what_is_being_sent_is_not_joined(self, submit, owed, ada):
        submit(**HIGH)
        owed()
        Notice.objects.update(tries=1)
        submit(**HIGH)

        assert owed() == [("new", "ada@example.com")] * 2


class TestHours:
    def test_quiet_hours_put_it_off_to_their_end(self, submit, owed, ada, prefer, at):
        prefer(ada, quiet_from=time(9), quiet_until=time(10))
        submit(**HIGH)
        owed()

        assert Notice.objects.get().due_at == at.replace(hour=10, minute=0)

    def test_what_is_over_by_then_is_not_owed(self, submit, owed, ada, prefer):
        prefer(ada, quiet_from=time(22), quiet_until=time(21))
        submit(**HIGH)

        assert owed() == []

    def test_the_urgent_does_not_wait(self, submit, ada, prefer, at):
        prefer(ada, quiet_from=time(9), quiet_until=time(10))

        _announcing.urgent(submit(**HIGH), on_call=[ada], at=at)

        assert Notice.objects.get().due_at == at

    def test_work_begins_when_it_begins(self, submit, owed, ada, at):
        ada.working_hours, ada.time_zone = {"mon": ["11:00", "17:00"]}, "Europe/Berlin"
        ada.save()
        submit(**HIGH)
        owed()

        assert Notice.objects.get().due_at == datetime(2026, 11, 2, 10, tzinfo=UTC)


class TestUrgent:
    def test_with_nobody_on_call_is_told_to_those_who_run_the_server(self, submit, settings, at):
        settings.NOTIFY_URLS = ["ntfy://one", "ntfy://two"]

        _announcing.urgent(submit(**HIGH), on_call=[], at=at)

        assert [*Notice.objects.values_list("channel", "recipient").order_by("recipient")] == [
            ("apprise", "1"),
            ("apprise", "2"),
        ]


class TestEscalation:
    def test_is_told_to_those_who_may_decide_it_now(
        self, submit, decide, owed, ada, dora, ben, prefer
    ):
        prefer(ben, digest_low=False)
        approval = submit()
        owed()
        Notice.objects.all().delete()

        decide(approval, ben, "escalate", feedback="Not sure.")

        assert owed() == [("escalated", "ada@example.com"), ("escalated", "dora@example.com")]


class TestSilence:
    @pytest.fixture
    def stake(self, robin, ada, ben):
        """The agent's owner, whom it is done for, and who had it open."""
        robin.owner = factories.UserFactory(username="owner")
        robin.save()
        return factories.UserFactory(username="customer", email="Customer@example.com")

    def test_is_told_to_those_who_have_a_stake_in_it(self, submit, owed, at, stake, ben, publish):
        approval = submit(on_behalf_of="customer@example.com")
        approval.claimed_by, approval.claimed_until = ben, at + 9 * MINUTE
        approval.save(update_fields=["claimed_by", "claimed_until"])
        Announcement.objects.all().delete()

        escalation.escalate_due(at=approval.expires_at)

        assert owed(approval.expires_at) == [
            ("timed_out", "Customer@example.com"),
            ("timed_out", "ben@example.com"),
            ("timed_out", "owner@example.com"),
        ]

    def test_that_escalates_tells_who_had_it_open_and_the_next_tier(
        self, submit, owed, at, publish, ben, ada
    ):
        publish(on_timeout="escalate")
        approval = submit()
        approval.claimed_by, approval.claimed_until = ben, at + 9 * MINUTE
        approval.save(update_fields=["claimed_by", "claimed_until"])
        Announcement.objects.all().delete()

        escalation.escalate_due(at=approval.expires_at)

        assert owed(approval.expires_at) == [
            ("escalated", "ada@example.com"),
            ("timed_out", "ben@example.com"),
        ]

    def test_writes_to_no_address_that_only_the_agent_names(self, submit, owed, at):
        approval = submit(on_behalf_of="stranger@evil.example")
        escalation.escalate_due(at=approval.expires_at)

        assert owed(approval.expires_at) == []


class TestTrouble:
    @pytest.fixture(autouse=True)
    def root(self, db):
        factories.UserFactory(username="root", is_superuser=True)

    def test_is_told_to_superusers_and_services_once_an_hour(self, settings, at):
        settings.NOTIFY_URLS = ["ntfy://one"]

        _announcing.trouble("The trail is broken", "Run verify_trail.", at=at)
        Notice.objects.update(state="sent", settled_at=at)
        _announcing.trouble("The trail is broken", "Run verify_trail.", at=at + MINUTE)
        _announcing.trouble("The disk is full", "Make room.", at=at + MINUTE)

        soon = Notice.objects.filter(due_at__lte=at + MINUTE).order_by("created_at", "channel")
        assert [(one.channel, one.subject) for one in soon] == [
            ("apprise", "The trail is broken"),
            ("email", "The trail is broken"),
            ("apprise", "The disk is full"),
            ("email", "The disk is full"),
        ]
        assert set(
            Notice.objects.filter(due_at__gt=at + MINUTE).values_list("subject", "due_at")
        ) == {("The trail is broken", at + timedelta(hours=1))}


class TestTheDigest:
    def test_is_owed_once_a_day_at_their_own_hour(self, submit, ben, at):
        ben.time_zone = "Europe/Berlin"
        ben.save()
        early = datetime(2026, 11, 2, 7, 59, tzinfo=UTC)
        submit(when=early)
        submit(when=early)

        first = [digests.owe_digests(at=early), digests.owe_digests(at=early + MINUTE)]
        again = digests.owe_digests(at=early + 2 * MINUTE)

        assert (first, again) == ([0, 1], 0)
        assert Notice.objects.get().kind == "digest"

    def test_is_not_owed_where_nothing_low_waits(self, submit, ada, at):
        submit(**HIGH)

        assert digests.owe_digests(at=at) == 0

    def test_is_the_next_day_s_if_every_worker_was_away(self, submit, ben):
        late = datetime(2026, 11, 2, 11, 1, tzinfo=UTC)
        submit(when=late)

        assert digests.owe_digests(at=late) == 0

    def test_is_owed_once_where_workers_race(self, submit, ben, at):
        submit()
        day = at.date()
        other = digests.candidates.everybody()[0]

        assert [digests._owe(ben, day, at=at), digests._owe(other, day, at=at)] == [1, 0]

    def test_is_not_for_those_who_are_told_at_once(self, submit, ben, prefer, at):
        prefer(ben, digest_low=False)
        submit()

        assert digests.owe_digests(at=at) == 0
