import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from approvals import events, sealing
from approvals.models import Attempt, Delivery, Message, WebhookSecret
from approvals.operations import deliveries
from approvals.operations.deliveries import LEASE, SCHEDULE, NotParked
from approvals.outbound import signing, webhooks
from approvals.outbound.webhooks import Answer

URL = "https://agents.example.com/hook"
SOON = timedelta(minutes=1)
SECRET = signing.new_secret()


class Receiver:
    """Stands where the socket would be; answers as told and keeps what it got."""

    def __init__(self):
        self.got = []
        self.answers = []

    def post(self, url, *, body, headers, allowed_networks):
        self.got.append((url, json.loads(body), headers, body))
        status = self.answers.pop(0) if self.answers else 200
        if isinstance(status, Exception):
            raise status
        if isinstance(status, Answer):
            return status
        error = None if status == 200 else f"The receiver answered {status}."
        return Answer(status, error, None, 7, "a stranger's words")


@pytest.fixture
def receiver(monkeypatch):
    receiver = Receiver()
    monkeypatch.setattr(webhooks, "post", receiver.post)
    return receiver


@pytest.fixture
def hooked(robin, submit):
    """`hooked()`: an approval whose agent wants to be called."""
    robin.callback_prefixes = ["https://agents.example.com/"]
    robin.save()
    WebhookSecret.objects.create(agent=robin, sealed=sealing.seal(SECRET))
    return lambda **body: submit(callback_url=URL, **body)


@pytest.fixture
def owed(hooked, decide, ada):
    """What is owed for one approval."""
    approval = hooked()
    decide(approval, ada, "approve")
    return Delivery.objects.get(approval=approval)


class TestWhatIsOwed:
    def test_is_written_with_the_decision(self, owed, at):
        assert (owed.recipient, owed.state, owed.due_at) == (URL, "owed", at)
        assert json.loads(owed.message.body)["type"] == "approval.settled"

    def test_is_nothing_to_an_agent_that_did_not_ask(self, submit, decide, ada):
        decide(submit(), ada, "approve")

        assert (Delivery.objects.count(), Message.objects.count()) == (0, 1)

    def test_wakes_a_worker_only_once_it_is_committed(
        self, hooked, decide, ada, django_capture_on_commit_callbacks
    ):
        approval = hooked()

        with django_capture_on_commit_callbacks() as callbacks:
            decide(approval, ada, "approve")

        assert len(callbacks) == 1


class TestDeliver:
    def test_sends_the_message_signed_and_counts_it_as_done(self, owed, receiver, at):
        assert deliveries.deliver(owed.pk, at=at)

        url, body, headers, raw = receiver.got[0]
        assert (url, body["data"]["status"], body["seq"]) == (URL, "approved", 1)
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert f"v1,{expected}" in headers["webhook-signature"]
        assert headers["webhook-id"] == str(owed.pk)
        owed.refresh_from_db()
        assert (owed.state, owed.tries) == ("done", 1)
        attempt = owed.attempts.get()
        assert (attempt.status, attempt.answer_start) == (200, "a stranger's words")

    def test_never_sends_twice_what_was_accepted(self, owed, receiver, at):
        deliveries.deliver(owed.pk, at=at)

        assert not deliveries.deliver(owed.pk, at=at + timedelta(days=1))
        assert len(receiver.got) == 1

    def test_does_not_send_before_its_time(self, owed, receiver, at):
        assert not deliveries.deliver(owed.pk, at=at - timedelta(microseconds=1))
        assert receiver.got == []

    def test_writes_the_try_before_the_call_so_that_a_crash_counts(self, owed, receiver, at):
        receiver.answers = [RuntimeError("the worker died")]

        with pytest.raises(RuntimeError):
            deliveries.deliver(owed.pk, at=at)

        owed.refresh_from_db()
        assert (owed.state, owed.tries, owed.due_at) == ("owed", 1, at + LEASE)
        assert owed.attempts.get().status is None
        assert deliveries.deliver(owed.pk, at=at + LEASE)

    def test_a_delivery_that_kills_each_worker_is_parked_in_the_end(
        self, owed, receiver, at, now_stands, events_of
    ):
        receiver.answers = [RuntimeError("died")] * 20
        for place in range(12):
            try:
                deliveries.deliver(owed.pk, at=at + place * LEASE)
            except RuntimeError:
                continue

        owed.refresh_from_db()
        assert (owed.state, owed.tries) == ("parked", len(SCHEDULE) + 1)
        assert events_of(owed.approval)[-1] == events.DELIVERY_PARKED
        now_stands(owed.approval)


class TestARefusedDelivery:
    def test_is_one_to_an_agent_without_a_secret(self, owed, receiver, at):
        WebhookSecret.objects.all().delete()

        assert not deliveries.deliver(owed.pk, at=at)

        assert receiver.got == []
        assert "no secret to sign with" in owed.attempts.get().error

    def test_is_tried_again_on_schedule_and_parked_at_its_end(
        self, owed, receiver, events_of, now_stands
    ):
        receiver.answers = [500] * 30
        waits = []
        while owed.state == "owed":
            when = owed.due_at
            deliveries.deliver(owed.pk, at=when)
            owed.refresh_from_db()
            waits.append(owed.due_at - when)

        # The clock of the answer is the real one, which is later than the fixture's.
        assert len(receiver.got) == owed.tries == len(SCHEDULE) + 1
        assert all(wait >= due for wait, due in zip(waits, SCHEDULE, strict=False))
        assert owed.state == "parked"
        assert events_of(owed.approval)[-1] == events.DELIVERY_PARKED
        now_stands(owed.approval)

    def test_waits_as_long_as_the_receiver_asks_but_not_shorter_than_planned(
        self, owed, receiver, at
    ):
        receiver.answers = [Answer(429, "Slow down.", timedelta(hours=3), 5, "")]

        deliveries.deliver(owed.pk, at=at + timedelta(days=3650))

        owed.refresh_from_db()
        assert owed.due_at == at + timedelta(days=3650, hours=3)

    def test_is_parked_at_once_when_the_address_is_gone(self, owed, receiver, at):
        receiver.answers = [410]

        deliveries.deliver(owed.pk, at=at)

        owed.refresh_from_db()
        assert owed.state == "parked"

    def test_can_be_replayed_under_the_same_id(self, owed, receiver, at, events_of):
        receiver.answers = [410, 200]
        deliveries.deliver(owed.pk, at=at)

        deliveries.replay(owed.pk, actor="user:1", at=at)
        deliveries.deliver(owed.pk, at=at)

        owed.refresh_from_db()
        assert owed.state == "done"
        assert {headers["webhook-id"] for _, _, headers, _ in receiver.got} == {str(owed.pk)}
        assert [attempt.number for attempt in Attempt.objects.all()] == [1, 2]
        assert events_of(owed.approval)[-1] == events.DELIVERY_REPLAYED

    def test_is_not_replayed_unless_it_was_parked(self, owed, receiver, at):
        with pytest.raises(NotParked):
            deliveries.replay(owed.pk, actor="user:1", at=at)
        deliveries.deliver(owed.pk, at=at)
        with pytest.raises(NotParked):
            deliveries.replay(owed.pk, actor="user:1", at=at)


class TestTheOrder:
    @pytest.fixture
    def two(self, hooked, decide, ada):
        approval = hooked()
        decide(approval, ada, "guide", feedback="Mind the date.")
        decide(approval, ada, "approve")
        return list(Delivery.objects.order_by("message__approval_seq"))

    def test_of_one_approval_is_kept(self, two, receiver, at):
        first, second = two

        assert not deliveries.deliver(second.pk, at=at)
        deliveries.deliver(first.pk, at=at)
        assert deliveries.deliver(second.pk, at=at)

        assert [body["seq"] for _, body, _, _ in receiver.got] == [1, 2]

    def test_waits_for_a_try_that_failed_and_not_for_one_that_was_parked(self, two, receiver, at):
        first, second = two
        receiver.answers = [500, 410]
        deliveries.deliver(first.pk, at=at)
        assert not deliveries.deliver(second.pk, at=at + SOON)

        first.refresh_from_db()
        deliveries.deliver(first.pk, at=first.due_at)

        assert deliveries.deliver(second.pk, at=first.due_at)

    def test_of_another_approval_does_not_matter(self, two, hooked, decide, ada, receiver, at):
        other = hooked()
        decide(other, ada, "approve")

        assert deliveries.deliver(Delivery.objects.get(approval=other).pk, at=at)


class TestTheSweep:
    def test_sends_all_that_is_owed_in_order(self, hooked, decide, ada, receiver, at):
        for _ in range(3):
            approval = hooked()
            decide(approval, ada, "guide", feedback="Mind the date.")
            decide(approval, ada, "approve")

        sent = sum(deliveries.deliver_due(at=at) for _ in range(3))

        assert sent == 6
        assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}

    def test_one_that_fails_breaks_no_other_promise(self, hooked, decide, ada, receiver, at):
        for _ in range(3):
            decide(hooked(), ada, "approve")
        receiver.answers = [RuntimeError("a bug"), 500, 200]

        assert deliveries.deliver_due(at=at) == 1
        assert Delivery.objects.filter(state="owed").count() == 2

    def test_does_not_go_on_for_ever(self, hooked, decide, ada, receiver, at, monkeypatch):
        monkeypatch.setattr(deliveries, "SWEEP_LASTS_SECONDS", -1.0)
        decide(hooked(), ada, "approve")

        assert deliveries.deliver_due(at=at) == 0
