"""The broker is an alarm clock: when it is broken, nobody waits for it twice."""

import pytest
from kombu.exceptions import OperationalError

from approvals import outbox
from approvals.models import Delivery


class BrokenBroker:
    def __init__(self):
        self.asked = 0

    def send_task(self, *_, **__):
        self.asked += 1
        raise OperationalError("away")


@pytest.fixture
def broken(monkeypatch):
    broker = BrokenBroker()
    monkeypatch.setattr(outbox, "current_app", broker)
    monkeypatch.setattr(outbox, "_alarm", outbox._AlarmClock())
    return broker


@pytest.fixture
def settle_one(robin, submit, decide, ada, django_capture_on_commit_callbacks):
    """`settle_one()`: a decision of which the agent is owed a call, committed."""
    robin.callback_prefixes = ["https://agents.example.com/"]
    robin.save()

    def act():
        with django_capture_on_commit_callbacks(execute=True):
            decide(submit(callback_url="https://agents.example.com/hook"), ada, "approve")

    return act


@pytest.mark.django_db
class TestABrokerThatFails:
    def test_is_left_alone_for_a_while_and_costs_no_decision(self, broken, settle_one):
        for _ in range(3):
            settle_one()

        assert broken.asked == 1
        assert Delivery.objects.filter(state=Delivery.State.OWED).count() == 3

    def test_is_asked_again_after_its_rest(self, broken, settle_one, monkeypatch):
        monkeypatch.setattr(outbox, "REST_SECONDS", 0.0)

        for _ in range(3):
            settle_one()

        assert broken.asked == 3
