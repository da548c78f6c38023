import json
import uuid
from datetime import timedelta

import httpx2
import pytest
from fakes import ID

import placet


class KeyedServer:
    """Processes each submission once by its key; told to, it loses the answer afterwards."""

    def __init__(self, body, *, losses):
        self.rows = {}
        self.seen = []
        self._body = body
        self._losses = list(losses)
        self.transport = httpx2.MockTransport(self._handle)

    def _handle(self, request):
        key = request.headers["Idempotency-Key"]
        self.seen.append((key, request.content))
        replayed = key in self.rows
        row = self.rows.setdefault(key, self._body(id=str(uuid.uuid4())))
        if self._losses:
            raise self._losses.pop(0)
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        return httpx2.Response(200 if replayed else 201, json=row, headers=headers)


class TestWhatIsSent:
    def test_is_what_was_given_and_nothing_else(self, client, server, body):
        server.then(httpx2.Response(201, json=body()))

        approval = client.submit("refund", {"order": "4711", "amount": 90}, checkpoint="refunds")

        assert approval.id == ID
        assert (server.last.method, server.last.url.path) == ("POST", "/api/v1/approvals/")
        assert server.last.headers["Content-Type"] == "application/json"
        assert server.sent == {
            "checkpoint": "refunds",
            "action": "refund",
            "arguments": {"order": "4711", "amount": 90},
        }

    def test_can_hold_every_field_of_the_contract(self, client, server, body):
        fields = {
            "context": {"rationale": "late"},
            "risk_score": 0.2,
            "steps": [{"id": "a", "action": "pay", "arguments": {}}],
            "arguments_schema": {"type": "object"},
            "response": {"type": "binary"},
            "allowed_decisions": ["approve", "reject"],
            "expires_in_seconds": 600,
            "callback_url": "https://agent.example/hook",
            "run": "november",
            "group": {"id": "turn-7", "index": 0, "size": 3},
            "on_behalf_of": "user@example.com",
            "source": {"client": "langgraph", "native_id": "1"},
            "metadata": {"a": 1},
        }
        server.then(body())

        client.submit("pay", {}, checkpoint="payments", **fields)

        assert server.sent == {
            "checkpoint": "payments",
            "action": "pay",
            "arguments": {},
        } | json.loads(json.dumps(fields))

    def test_a_field_that_does_not_exist_is_a_type_error(self, client, server):
        with pytest.raises(TypeError, match="contxt"):
            client.submit("refund", checkpoint="refunds", contxt={})

        assert server.requests == []

    def test_a_value_that_json_cannot_carry_is_refused_before_sending(self, client, server):
        with pytest.raises(placet.UnsendableValue, match="/arguments/amount is nan"):
            client.submit("refund", {"amount": float("nan")}, checkpoint="refunds")

        assert server.requests == []


class TestTheIdempotencyKey:
    def test_is_the_given_one(self, client, server, body):
        server.then(body())

        client.submit("refund", checkpoint="refunds", idempotency_key="order-4711")

        assert server.last.headers["Idempotency-Key"] == "order-4711"

    def test_is_a_fresh_one_by_default(self, client, server, body):
        server.then(body(), body())

        client.submit("refund", checkpoint="refunds")
        client.submit("refund", checkpoint="refunds")

        first, second = (request.headers["Idempotency-Key"] for request in server.requests)
        assert first != second

    @pytest.mark.parametrize("key", ["", "x" * 256, "two words", "nül", "tab\t"])
    def test_must_be_one_the_server_can_take(self, client, server, key):
        with pytest.raises(ValueError, match="1 to 255 visible ASCII"):
            client.submit("refund", checkpoint="refunds", idempotency_key=key)

        assert server.requests == []


class TestALostAnswer:
    @pytest.mark.parametrize(
        "loss",
        [httpx2.ReadError, httpx2.ReadTimeout, httpx2.RemoteProtocolError, httpx2.WriteError],
    )
    def test_after_the_server_has_processed_it_makes_one_request_only(
        self, connect, body, clock, loss
    ):
        server = KeyedServer(body, losses=[loss("gone"), loss("gone")])
        client = connect("http://h.example", "k", transport=server.transport, clock=clock)

        approval = client.submit("refund", {"amount": 90}, checkpoint="refunds")

        assert [row["id"] for row in server.rows.values()] == [approval.id]
        assert len(server.seen) == 3
        assert len(set(server.seen)) == 1  # the same key and the same bytes each time

    def test_for_good_tells_the_key_to_submit_again_with(self, connect, body, clock):
        server = KeyedServer(body, losses=[httpx2.ReadError("gone")] * 100)
        client = connect("http://h.example", "k", transport=server.transport, clock=clock)

        with pytest.raises(placet.ServerUnreachable) as failure:
            client.submit("refund", checkpoint="refunds")

        key = failure.value.idempotency_key
        assert [*server.rows] == [key]
        assert f"idempotency_key={key}" in str(failure.value)

    def test_of_a_group_makes_one_group_only(self, client, server, body):
        server.then(httpx2.ReadError("gone"), [body(id="a"), body(id="b")])

        approvals = client.submit_group("turn-7", [{"action": "one"}, {"action": "two"}])

        assert [approval.id for approval in approvals] == ["a", "b"]
        first, second = (request.headers["Idempotency-Key"] for request in server.requests)
        assert first == second
        assert server.last.url.path == "/api/v1/approvals/bulk/"
        assert server.sent == {
            "group": "turn-7",
            "requests": [{"action": "one"}, {"action": "two"}],
        }


class TestTryingAgain:
    def test_ends_when_the_time_for_it_is_over(self, connect, server, clock):
        server.then(*[httpx2.ConnectError("refused")] * 100)
        client = connect(
            "http://h.example",
            "k",
            transport=server.transport,
            clock=clock,
            retry_for=timedelta(seconds=20),
        )
        began = clock.now

        with pytest.raises(placet.ServerUnreachable):
            client.submit("refund", checkpoint="refunds")

        assert clock.now - began == pytest.approx(20)

    def test_pauses_longer_each_time_and_never_the_same(self, client, server, body, clock):
        server.then(*[httpx2.ConnectError("refused")] * 5, body())

        client.submit("refund", checkpoint="refunds")

        assert len(set(clock.pauses)) == 5
        for pause, longest in zip(clock.pauses, [0.5, 1, 2, 4, 8], strict=True):
            assert longest / 2 <= pause <= longest

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_helps_while_the_server_starts_anew(self, client, server, body, status):
        server.then(httpx2.Response(status, content=b"<h1>starting</h1>"), body())

        assert client.submit("refund", checkpoint="refunds").id == ID

    def test_waits_as_long_as_the_server_asks(self, client, server, body, clock, refusal):
        server.then(refusal(429, "rate_limited", headers={"Retry-After": "7"}), body())

        client.submit("refund", checkpoint="refunds")

        (pause,) = clock.pauses
        assert 7 <= pause <= 7.7

    def test_is_not_done_when_the_server_asks_for_too_long(self, client, server, clock, refusal):
        server.then(refusal(429, "rate_limited", headers={"Retry-After": "3600"}))

        with pytest.raises(placet.RateLimited) as refused:
            client.submit("refund", checkpoint="refunds")

        assert refused.value.retry_after == 3600
        assert clock.pauses == []

    @pytest.mark.parametrize("nonsense", ["-1", "soon", "", "0", "Mon, 01 Jan 1990 00:00:00 GMT"])
    def test_goes_by_its_own_pauses_where_the_server_asks_for_nothing(
        self, client, server, body, clock, refusal, nonsense
    ):
        server.then(refusal(429, "rate_limited", headers={"Retry-After": nonsense}), body())

        client.submit("refund", checkpoint="refunds")

        (pause,) = clock.pauses
        assert 0.25 <= pause <= 0.5

    def test_is_not_done_after_a_refusal(self, client, server, refusal):
        server.then(refusal(422, "idempotency_key_reused"))

        with pytest.raises(placet.IdempotencyKeyReused):
            client.submit("refund", checkpoint="refunds", idempotency_key="used")

        assert len(server.requests) == 1


def test_submitting_and_waiting_gives_the_decision(client, server, body, approved):
    server.then(httpx2.Response(201, json=body()), approved())

    approval = client.submit("refund", checkpoint="refunds", wait=timedelta(minutes=5))

    assert approval.may_proceed
    assert [request.method for request in server.requests] == ["POST", "GET"]
