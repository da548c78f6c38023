"""Calls under way, shared out so that a receiver that hangs has not every thread."""

from contextlib import ExitStack
from uuid import uuid4

import pytest
import time_machine

from approvals import sealing
from approvals.models import Delivery, WebhookSecret
from approvals.operations import _lines, deliveries
from approvals.outbound import signing, webhooks
from approvals.outbound.webhooks import Answer

THREADS = 4
TIMED_OUT = Answer(None, "No answer in 15 s.", None, 15_000, "", code="timeout")
ACCEPTED = Answer(204, None, None, 7, "")


class TestTheLines:
    def test_of_one_agent_are_two(self):
        agent = uuid4()

        with ExitStack() as calling:
            taken = [calling.enter_context(_lines.line_for(agent, threads=9)) for _ in range(3)]

        assert taken == [True, True, False]

    def test_leave_one_thread_free_whoever_calls(self):
        with ExitStack() as calling:
            taken = [
                calling.enter_context(_lines.line_for(uuid4(), threads=THREADS))
                for _ in range(THREADS)
            ]

        assert taken == [True] * (THREADS - 1) + [False]

    def test_are_free_again_after_a_call_that_failed(self):
        agent = uuid4()
        for _ in range(3):
            with pytest.raises(RuntimeError), _lines.line_for(agent, threads=THREADS):
                raise RuntimeError

        with _lines.line_for(agent, threads=THREADS) as is_free:
            assert is_free

    def test_are_one_even_for_a_worker_with_a_single_thread(self):
        with _lines.line_for(uuid4(), threads=1) as is_free:
            assert is_free


@pytest.fixture
def two_owed(robin, submit, decide, ada, at):
    """Two deliveries to one receiver, and the clock stands still."""
    robin.callback_prefixes = ["https://agents.example.com/"]
    robin.save()
    WebhookSecret.objects.create(agent=robin, sealed=sealing.seal(signing.new_secret()))
    for _ in range(2):
        decide(submit(callback_url="https://agents.example.com/hook"), ada, "approve")
    with time_machine.travel(at, tick=False) as clock:
        yield [*Delivery.objects.order_by("created_at", "id"), clock]


@pytest.mark.django_db
class TestADeliveryWithoutAFreeLine:
    def test_is_left_for_later_untouched(self, two_owed, at):
        first, _, _ = two_owed

        with ExitStack() as calling:
            for _ in range(_lines.MOST_FOR_ONE_AGENT):
                calling.enter_context(_lines.line_for(first.approval.agent_id, threads=THREADS))
            assert not deliveries.deliver(first.pk, at=at)

        first.refresh_from_db()
        assert (first.state, first.tries, first.due_at) == ("owed", 0, at)


@pytest.mark.django_db
class TestAReceiverThatLetACallRunOutOfTime:
    def test_is_left_alone_for_a_minute(self, two_owed, at, monkeypatch):
        first, second, _ = two_owed
        monkeypatch.setattr(webhooks, "post", lambda *_, **__: TIMED_OUT)

        deliveries.deliver(first.pk, at=at)

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.due_at, second.due_at) == (at + deliveries.SCHEDULE[0], at + deliveries.REST)

    def test_is_told_the_rest_as_soon_as_it_answers(self, two_owed, at, monkeypatch):
        first, second, clock = two_owed
        monkeypatch.setattr(webhooks, "post", lambda *_, **__: TIMED_OUT)
        deliveries.deliver(first.pk, at=at)
        monkeypatch.setattr(webhooks, "post", lambda *_, **__: ACCEPTED)
        soon = at + deliveries.SCHEDULE[0]
        clock.move_to(soon)

        assert deliveries.deliver_due(at=soon) == 2

        second.refresh_from_db()
        assert second.state == Delivery.State.DONE
