"""Sending what is owed: once, in time, and without one hanging receiver holding up the rest."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from approvals.models import Announcement, Lease, Notice, NotificationPreference
from approvals.operations import _announcing, escalation, notices
from approvals.operations.notices import AskedAlready, NoChannel, NotFailed
from approvals.outbound import apprise, chat, email
from approvals.outbound.sending import Unsent
from approvals.queries import notice_words
from tests import factories

CHAT = "https://chat.example.com/hooks/one"
MINUTE = timedelta(minutes=1)
SLOW = Unsent("The mail server took too long.", was_slow=True)
AWAY = Unsent("The mail server cannot be reached.")


class World:
    """Stands where the sockets would be; fails as told and keeps what it got."""

    def __init__(self):
        self.got = []
        self.failures = []

    def take(self, channel):
        def send(recipient, **words):
            failure = self.failures.pop(0) if self.failures else None
            self.got.append((channel, recipient, words))
            if failure:
                raise failure

        return send

    @property
    def told(self):
        return [(channel, recipient) for channel, recipient, _ in self.got]

    @property
    def subjects(self):
        return [words["subject"] for _, _, words in self.got]


@pytest.fixture
def world(monkeypatch, settings):
    settings.EMAIL_URL = "smtp://mail.example.com"
    world = World()
    for module, channel in ((email, "email"), (chat, "chat"), (apprise, "apprise")):
        monkeypatch.setattr(module, "send", world.take(channel))
    return world


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def high(submit, now):
    """`high()`: something that Ada may decide and is told of at once."""
    return lambda **body: submit(risk_score=0.7, when=now, **body)


def state():
    return Notice.objects.get().state


@pytest.mark.django_db
class TestARound:
    def test_tells_what_waits_with_a_link_and_nothing_of_what_is_in_it(
        self, world, high, ada, now, settings
    ):
        approval = high(
            action="wire_money",
            arguments={"iban": "DE89 SECRET"},
            context={"rationale": "URGENT, trust me"},
        )

        assert notices.tell_everybody(at=now) == 1

        ((channel, recipient, words),) = world.got
        assert (channel, recipient) == ("email", "ada@example.com")
        assert words["subject"].startswith("Waits for you: payments, high risk, ")
        assert words["link"] == f"{settings.SITE_URL}/approvals/{approval.pk}/"
        for secret in ("SECRET", "trust me", approval.effect, approval.action):
            assert secret not in words["text"] + words["subject"]
        assert state() == "sent"

    def test_tells_nobody_twice(self, world, high, ada, now):
        high()

        assert [notices.tell_everybody(at=now) for _ in range(3)] == [1, 0, 0]
        assert len(world.got) == 1

    def test_says_how_many_more_wait(self, world, high, ada, now):
        for _ in range(13):
            high()

        notices.tell_everybody(at=now)

        assert [subject[-10:] for subject in world.subjects] == ["(+12 more)"]

    def test_drops_what_was_settled_meanwhile(self, world, high, ada, dora, decide, now):
        approval = high()
        notices._addressing.address_all(at=now)
        decide(approval, ada, "reject", feedback="No.", when=now)

        notices.tell_everybody(at=now)

        assert world.got == []
        assert {*Notice.objects.values_list("state", "error")} == {
            ("dropped", "It was settled before.")
        }

    def test_speaks_of_the_next_one_where_the_first_was_settled(
        self, world, high, ada, decide, now, settings
    ):
        first, second = high(), high()
        notices._addressing.address_all(at=now)
        decide(first, ada, "reject", feedback="No.", when=now)

        notices.tell_everybody(at=now)

        assert [words["link"] for _, _, words in world.got] == [
            f"{settings.SITE_URL}/approvals/{second.pk}/"
        ]
        assert "more" not in world.subjects[0]

    def test_drops_what_is_out_of_date(self, world, high, ada, now):
        approval = high()
        notices._addressing.address_all(at=now)

        notices.send_due(at=approval.expires_at)

        assert (world.got, state()) == ([], "dropped")

    @pytest.mark.parametrize("kind", ["new", "test"])
    def test_drops_what_would_go_to_somebody_who_is_gone(self, world, high, ada, now, kind):
        high()
        notices._addressing.address_all(at=now)
        Notice.objects.update(kind=kind)
        type(ada).objects.filter(pk=ada.pk).update(is_active=False)

        notices.send_due(at=now)

        assert (world.got, state()) == ([], "dropped")

    def test_drops_what_would_go_to_a_chat_that_was_taken_back(self, world, ada, now, settings):
        settings.EMAIL_URL = ""
        NotificationPreference.objects.create(reviewer=ada, chat_url=CHAT)
        notices.owe_test(ada, at=now)
        NotificationPreference.objects.update(chat_url="")

        notices.send_due(at=now)

        assert (world.got, state()) == ([], "dropped")

    def test_sends_the_urgent_first(self, world, high, ada, dora, now):
        high()
        notices._addressing.address_all(at=now - MINUTE)
        _announcing.urgent(high(), on_call=[ada], at=now)

        notices.send_due(at=now)

        assert world.subjects[0].startswith("Urgent")

    def test_tells_of_a_timeout_in_the_past_tense(self, world, high, robin, now):
        robin.owner = factories.UserFactory(username="owner")
        robin.save()
        approval = high()
        escalation.escalate_due(at=approval.expires_at)

        notices.tell_everybody(at=approval.expires_at)

        assert world.told == [("email", "owner@example.com")]
        assert "the request is rejected." in world.got[0][2]["text"]

    def test_sends_the_digest(self, world, submit, ben, now, settings):
        here = timezone.localtime(now).time().replace(second=0, microsecond=0)
        NotificationPreference.objects.create(reviewer=ben, digest_at=here)
        submit(when=now)
        submit(when=now)

        notices.tell_everybody(at=now)
        notices.tell_everybody(at=now + MINUTE)

        assert world.subjects == ["2 low-risk requests wait for you"]
        assert world.got[0][2]["link"] == f"{settings.SITE_URL}/"

    def test_asks_little_of_the_database_when_nothing_is_owed(
        self, world, ada, now, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(12):
            notices.tell_everybody(at=now)


@pytest.mark.django_db
class TestAFailure:
    def test_is_tried_again_by_the_schedule_and_then_given_up(self, world, high, ada, now):
        high(expires_in_seconds=3600)
        world.failures = [AWAY] * 4
        instants = [now + timedelta(minutes=minutes) for minutes in (0, 1, 6, 21)]

        for instant in instants:
            Notice.objects.filter(state="owed").update(due_at=instant)
            notices.tell_everybody(at=instant)
        notice = Notice.objects.get()

        assert (len(world.got), notice.state, notice.error) == (4, "failed", AWAY.sentence)

    def test_waits_for_its_time(self, world, high, ada, now):
        high()
        world.failures = [AWAY]
        notices.tell_everybody(at=now)
        due_at = Notice.objects.get().due_at

        notices.tell_everybody(at=due_at - timedelta(seconds=1))

        assert len(world.got) == 1
        assert MINUTE <= due_at - now < 2 * MINUTE

    def test_of_our_own_is_no_reason_to_be_silent(self, world, high, ada, dora, now):
        high()
        world.failures = [KeyError("a bug")]

        notices.tell_everybody(at=now)

        assert sorted(Notice.objects.values_list("state", flat=True)) == ["owed", "sent"]

    def test_to_find_words_does_not_hold_up_the_others(
        self, world, high, ada, dora, now, monkeypatch
    ):
        high()
        found = notice_words.words_for
        broken = iter([True])

        def words_for(notice, *, at):
            if next(broken, False):
                raise KeyError("a bug")
            return found(notice, at=at)

        monkeypatch.setattr(notice_words, "words_for", words_for)

        notices.tell_everybody(at=now)

        assert sorted(Notice.objects.values_list("state", flat=True)) == ["failed", "sent"]

    def test_to_answer_lets_the_whole_mail_server_rest_and_no_chat(
        self, world, high, ada, dora, now
    ):
        NotificationPreference.objects.create(reviewer=dora, chat_url=CHAT)
        high()
        world.failures = [SLOW]
        notices._addressing.address_all(at=now)
        Notice.objects.filter(channel="chat").update(due_at=now, created_at=now)
        Notice.objects.filter(recipient="ada@example.com").update(due_at=now - MINUTE)

        notices.send_due(at=now)

        assert world.told == [("email", "ada@example.com"), ("chat", CHAT)]

    def test_can_be_sent_again_by_hand(self, world, high, ada, now):
        high()
        notices._addressing.address_all(at=now)
        with pytest.raises(NotFailed):
            notices.send_again(Notice.objects.get().pk, at=now)
        Notice.objects.update(state="failed", tries=4, settled_at=now)

        notices.send_again(Notice.objects.get().pk, at=now)
        notices.send_due(at=now)

        assert (len(world.got), state()) == (1, "sent")

    def test_for_want_of_a_mail_server_is_dropped(self, world, high, ada, now, settings):
        high()
        notices._addressing.address_all(at=now)
        settings.EMAIL_URL = ""

        notices.send_due(at=now)

        assert (world.got, state()) == ([], "dropped")

    def test_for_want_of_a_service_is_dropped(self, world, now, settings, high):
        settings.NOTIFY_URLS = ["ntfy://one"]
        _announcing.urgent(high(), on_call=[], at=now)
        settings.NOTIFY_URLS = []

        notices.send_due(at=now)

        assert (world.got, state()) == ([], "dropped")


@pytest.mark.django_db
class TestADeadWorker:
    def test_between_sending_and_recording_costs_one_repetition(
        self, world, high, ada, now, monkeypatch
    ):
        high()

        def die(*_, **__):
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(notices, "_record", die)
            with pytest.raises(SystemExit):
                notices.tell_everybody(at=now)

        for seconds in (5, 61, 120, 300):
            notices.tell_everybody(at=now + timedelta(seconds=seconds))

        assert (len(world.got), state()) == (2, "sent")
        assert len({words["message_id"] for _, _, words in world.got}) == 1

    def test_every_time_is_given_up(self, world, high, ada, now):
        high()
        notices._addressing.address_all(at=now)
        Notice.objects.update(tries=4)

        notices.send_due(at=now)

        assert (world.got, state()) == ([], "failed")

    def test_keeps_its_lease_no_longer_than_a_minute(self, world, high, ada, now):
        high()
        notices._addressing.address_all(at=now)
        Lease.objects.create(name="notices", holder="dead", until=timezone.now() + notices.LASTS)
        assert notices.send_due(at=now) == 0

        Lease.objects.update(until=timezone.now())

        assert notices.send_due(at=now) == 1


@pytest.mark.django_db(transaction=True)
class TestTwoWorkers:
    def test_send_one_message(self, world, high, ada, now):
        high()
        together = threading.Barrier(4)

        def work():
            together.wait()
            try:
                return notices.tell_everybody(at=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            sent = [job.result() for job in [pool.submit(work) for _ in range(4)]]

        notices.tell_everybody(at=now)
        assert (len(world.got), Notice.objects.count(), state()) == (1, 1, "sent")
        assert sum(sent) <= 1

    def test_that_look_for_the_crowd_at_once_owe_each_person_one(self, world, high, ada, now):
        for _ in range(20):
            high()
        together = threading.Barrier(4)

        def work():
            together.wait()
            try:
                notices._addressing.address_all(at=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            for job in [pool.submit(work) for _ in range(4)]:
                job.result()

        assert [*Notice.objects.values_list("recipient", "more")] == [("ada@example.com", 19)]
        assert not Announcement.objects.exists()

    def test_hold_no_transaction_while_they_send(self, world, high, ada, now, monkeypatch):
        high()
        inside = []
        monkeypatch.setattr(
            email, "send", lambda *_, **__: inside.append(connection.in_atomic_block)
        )

        notices.tell_everybody(at=now)

        assert inside == [False]


@pytest.mark.django_db
class TestATest:
    def test_goes_through_every_channel(self, world, ada, now):
        NotificationPreference.objects.create(reviewer=ada, chat_url=CHAT)

        notices.owe_test(ada, at=now)
        notices.send_due(at=now)

        assert sorted(world.told) == [("chat", CHAT), ("email", "ada@example.com")]

    def test_is_sent_once_a_minute(self, world, ada, now):
        notices.owe_test(ada, at=now)

        with pytest.raises(AskedAlready):
            notices.owe_test(ada, at=now + MINUTE / 2)

    def test_needs_a_channel(self, ada, now):
        with pytest.raises(NoChannel):
            notices.owe_test(ada, at=now)
