"""Asking about a turn and waiting for it, with a server that answers as it is told."""

from datetime import timedelta

import pytest

import placet
from placet.adapters import _turns
from placet.adapters._turns import Asker, Call, Turn

ONE = Call("c1", "refund", {"order": "4711", "amount": 90})


@pytest.fixture
def asker(client):
    return Asker(client, "a framework", "refunds")


@pytest.fixture
def pauses(monkeypatch):
    """The pauses made between looks; none takes any time."""
    made = []
    monkeypatch.setattr(_turns, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(_turns.time, "sleep", made.append)
    return made


def test_a_server_in_trouble_is_waited_out(asker, server, body, approved, refusal, pauses):
    turn = Turn({"c1": server.then(body()) and asker.client.get("1")})
    server.then(
        refusal(502, "bad_gateway"),
        refusal(429, "rate_limited", headers={"Retry-After": "7"}),
        body(),
        approved(),
    )

    settled = asker.wait(turn, timeout=None)

    assert settled.is_decided
    assert pauses == [_turns.PAUSE_SECONDS, 7]


def test_a_refusal_is_not_waited_out(asker, server, body, refusal, pauses):
    turn = Turn({"c1": server.then(body()) and asker.client.get("1")})
    server.then(refusal(401, "unauthorized"))

    with pytest.raises(placet.NotAuthenticated):
        asker.wait(turn, timeout=None)


def test_after_the_timeout_unknown_is_not_undecided(asker, server, body, refusal, pauses):
    turn = Turn({"c1": server.then(body()) and asker.client.get("1")})
    server.then(*[refusal(503, "unavailable")] * 100)

    with pytest.raises(placet.ServerFailed):
        asker.wait(turn, timeout=timedelta(0))


def test_a_fault_that_no_model_can_mend_is_raised(asker, server, refusal):
    error = {"pointer": "/requests/0/context/rationale", "code": "required", "detail": "is missing"}
    server.then(refusal(422, "missing_context", errors=[error]))

    with pytest.raises(placet.InvalidRequest):
        asker.ask([ONE], run="r")


def test_two_calls_of_one_id_are_not_asked_about(asker, server):
    with pytest.raises(ValueError, match="same id"):
        asker.ask([ONE, ONE], run="r")

    assert server.requests == []


def test_where_nothing_can_be_asked_nobody_is(asker, server):
    turn = asker.ask([Call("c1", "refund", {"amount": float("nan")})], run="r")

    assert turn.is_decided
    assert turn.unaskable.keys() == {"c1"}
    assert server.requests == []
