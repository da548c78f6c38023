"""What the same call comes to where time, or the server, has gone on."""

from datetime import datetime, timedelta, timezone

import pytest

from placet.adapters._tool_calls import ToolCall, permit

AT_ONCE = timedelta(0)


@pytest.fixture
def call():
    return ToolCall(
        action="refund",
        arguments={"order": "4711", "amount": 90},
        checkpoint="tools",
        run="session",
        client="test",
    )


def ago(**past):
    return (datetime.now(timezone.utc) - timedelta(**past)).isoformat()


@pytest.fixture
def rejected(approved):
    def build(call, *, at):
        return approved(
            status="rejected",
            may_proceed=False,
            decision={"verdict": "reject", "feedback": "Tests first.", "decided_at": at},
            source={"call": call.fingerprint(), "place": 3},
        )

    return build


def listed(*approvals):
    return {"results": list(approvals), "next_cursor": None}


def test_a_fresh_no_answers_the_same_call(client, server, call, rejected):
    server.then(listed(rejected(call, at=ago(minutes=9))))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert "Ada said no: Tests first." in answer.sentence


def test_an_old_no_does_not_keep_the_call_from_being_put_again(
    client, server, call, rejected, body
):
    server.then(listed(rejected(call, at=ago(minutes=11))), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    put = server.last
    assert put.headers["Idempotency-Key"] == f"{call.fingerprint()}-4"


def test_a_permission_that_ran_out_is_asked_for_anew(client, server, call, approved, body, refusal):
    granted = approved(source={"call": call.fingerprint(), "place": 0})
    server.then(listed(granted), refusal(409, "expired"), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    assert server.last.headers["Idempotency-Key"] == f"{call.fingerprint()}-1"


def test_a_paused_server_permits_nothing(client, server, call, approved, refusal):
    granted = approved(source={"call": call.fingerprint(), "place": 0})
    server.then(listed(granted), refusal(409, "paused"))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert "paused" in answer.sentence


def test_arguments_that_are_not_what_was_granted_are_not_taken(client, server, call, approved):
    granted = approved(
        grant="e30.eyJhY3QiOiJzaGEyNTY6MDAifQ.AAAA",
        source={"call": call.fingerprint(), "place": 0},
    )
    server.then(listed(granted))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert len(server.requests) == 1


def test_a_call_in_another_place_is_another_call(call):
    elsewhere = ToolCall(**{**vars(call), "says": {"working_directory": "/elsewhere"}})

    assert call.fingerprint() != elsewhere.fingerprint()
    assert call.fingerprint() == ToolCall(**vars(call)).fingerprint()


def test_what_cannot_be_sent_exactly_is_not_permitted(client, server, call):
    unsendable = ToolCall(**{**vars(call), "arguments": {"amount": float("nan")}})

    answer = permit(client, unsendable, wait=AT_ONCE)

    assert answer.arguments is None
    assert "nan" in answer.sentence
    assert not server.requests
