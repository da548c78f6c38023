"""What the same call comes to where time, or the server, has gone on."""

import base64
from datetime import datetime, timedelta, timezone

import pytest

from placet.adapters._permits import permit
from placet.adapters._tool_calls import ToolCall

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
def granted(approved, call):
    """The list with one request for the call, permitted; or as told."""

    def build(place=0, **changes):
        shown = {
            "action": call.action,
            "arguments": call.arguments,
            "checkpoint": {"name": call.checkpoint},
            "source": {"call": call.fingerprint(), "place": place},
        }
        return listed(approved(**{**shown, **changes}))

    return build


@pytest.fixture
def rejected(granted):
    def build(*, at, **changes):
        no = {"verdict": "reject", "feedback": "Tests first.", "decided_at": at}
        return granted(status="rejected", may_proceed=False, decision=no, **changes)

    return build


def listed(*approvals):
    return {"results": list(approvals), "next_cursor": None}


def test_a_fresh_no_answers_the_same_call(client, server, call, rejected):
    server.then(rejected(at=ago(minutes=9)))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert "Ada said no: Tests first." in answer.sentence


def test_an_old_no_does_not_keep_the_call_from_being_put_again(
    client, server, call, rejected, body
):
    server.then(rejected(at=ago(minutes=11), place=3), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    assert server.last.headers["Idempotency-Key"] == f"{call.fingerprint()}-4"


def test_a_permission_that_ran_out_is_asked_for_anew(client, server, call, granted, body, refusal):
    server.then(granted(), refusal(409, "expired"), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    assert server.last.headers["Idempotency-Key"] == f"{call.fingerprint()}-1"


def test_one_that_is_out_of_sight_is_found_by_its_key(
    client, server, call, approved, body, refusal
):
    spent = approved(source={"call": call.fingerprint(), "place": 0})
    server.then(listed(), spent, refusal(409, "grant_consumed"), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    keys = [
        made.headers["Idempotency-Key"]
        for made in server.requests
        if made.method == "POST" and "Idempotency-Key" in made.headers
    ]
    assert keys == [f"{call.fingerprint()}-0", f"{call.fingerprint()}-1"]


def test_a_paused_server_permits_nothing(client, server, call, granted, refusal):
    server.then(granted(), refusal(409, "paused"))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert "paused" in answer.sentence


@pytest.mark.parametrize(
    "other",
    [
        {"action": "read_balance"},
        {"arguments": {"order": "4711", "amount": 1}},
        {"checkpoint": {"name": "harmless"}},
    ],
)
def test_an_approval_of_something_else_does_not_pass_for_this_call(
    client, server, call, granted, body, other
):
    server.then(granted(**other), body())

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.pending
    assert server.last.headers["Idempotency-Key"] == f"{call.fingerprint()}-0"


def test_what_would_run_is_compared_with_the_grant(client, server, call, granted):
    other = base64.urlsafe_b64encode(b'{"act": "sha256:00"}').decode().rstrip("=")
    server.then(granted(grant=f"e30.{other}.AAAA"))

    answer = permit(client, call, wait=AT_ONCE)

    assert answer.arguments is None
    assert "not what the grant is for" in answer.sentence
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
