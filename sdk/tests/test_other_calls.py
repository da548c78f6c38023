from datetime import datetime, timedelta, timezone

import pytest
from fakes import AT, ID

import placet

EVENT = {
    "seq": 3,
    "type": "approval.settled",
    "timestamp": "2026-01-01T12:00:00Z",
    "approval": ID,
    "data": {"status": "approved"},
}


class TestList:
    def test_follows_the_cursors_to_the_end(self, client, server, body):
        server.then({"results": [body(id="a"), body(id="b")], "next_cursor": "c+2"})
        server.then({"results": [], "next_cursor": "c3"})
        server.then({"results": [body(id="c")], "next_cursor": None})

        assert [approval.id for approval in client.list()] == ["a", "b", "c"]

        assert [dict(request.url.params) for request in server.requests] == [
            {},
            {"cursor": "c+2"},
            {"cursor": "c3"},
        ]

    def test_asks_for_what_was_asked_on_every_page(self, client, server, body):
        server.then({"results": [body()], "next_cursor": "c2"})
        server.then({"results": [], "next_cursor": None})
        east = AT.astimezone(timezone(timedelta(hours=2)))

        list(client.list(status="pending", checkpoint="pay", run="r", created_after=east, limit=50))

        for request in server.requests:
            assert dict(request.url.params) | {"cursor": ""} == {
                "status": "pending",
                "checkpoint": "pay",
                "run": "r",
                "created_after": "2026-01-01T12:00:00Z",
                "limit": "50",
                "cursor": "",
            }

    def test_fetches_no_page_before_it_is_wanted(self, client, server, body):
        server.then({"results": [body()], "next_cursor": "c2"})

        next(client.list())

        assert len(server.requests) == 1

    def test_refuses_a_time_without_a_zone(self, client):
        with pytest.raises(ValueError, match="aware"):
            next(client.list(created_after=datetime(2026, 1, 1)))

    def test_refuses_an_answer_that_is_no_list(self, client, server):
        server.then({"count": 0})

        with pytest.raises(placet.UnexpectedAnswer):
            next(client.list())


class TestGroup:
    def turn(self, *members, complete=False):
        return {"id": "turn/7", "complete": complete, "members": list(members)}

    def test_shows_its_members_in_order(self, client, server, body, approved):
        server.then(self.turn(approved(id="a"), body(id="b")))

        group = client.group("turn/7")

        assert server.last.url.raw_path == b"/api/v1/groups/turn%2F7/"
        assert [member.id for member in group.members] == ["a", "b"]
        assert not group.complete

    def test_can_be_waited_for(self, client, server, body, approved):
        server.then(self.turn(approved(), body()), took=60)
        server.then(self.turn(approved(), approved(), complete=True))

        group = client.group("turn/7", wait=timedelta(minutes=5))

        assert group.complete
        assert server.last.headers["Prefer"] == "wait=60"

    def test_is_not_waited_for_when_it_is_the_agents_turn(self, client, server, body, approved):
        server.then(self.turn(approved(), body(status="changes_requested")))

        group = client.group("turn/7", wait=timedelta(minutes=5))

        assert not group.complete

    def test_not_decided_in_time_is_told_with_the_group(self, client, server, body):
        server.then(self.turn(body()), took=60)

        with pytest.raises(placet.NotDecidedInTime) as failure:
            client.group("turn/7", wait=timedelta(minutes=1))

        assert failure.value.last_seen.members[0].is_pending


class TestFeed:
    def test_gives_events_and_where_to_go_on(self, client, server):
        server.then({"results": [EVENT], "next_cursor": "c2"})

        page = client.feed("c1")

        assert dict(server.last.url.params) == {"cursor": "c1"}
        assert page.next_cursor == "c2"
        (event,) = page.events
        assert (event.seq, event.type, event.approval) == (3, "approval.settled", ID)
        assert event.data == {"status": "approved"}

    def test_keeps_its_place_where_there_is_nothing_new(self, client, server):
        server.then({"results": [], "next_cursor": None})

        assert client.feed("c1").next_cursor == "c1"

    def test_waits_for_an_event(self, client, server):
        server.then({"results": [], "next_cursor": "c1"}, took=60)
        server.then({"results": [EVENT], "next_cursor": "c2"})

        page = client.feed("c1", wait=timedelta(minutes=10))

        assert len(page.events) == 1
        assert server.last.headers["Prefer"] == "wait=60"

    def test_that_stays_silent_is_an_empty_page(self, client, server):
        server.then({"results": [], "next_cursor": "c1"}, took=30)

        page = client.feed("c1", wait=timedelta(seconds=30))

        assert page.events == ()
        assert page.next_cursor == "c1"


class TestTheRest:
    def test_revise(self, client, server, body):
        server.then(body(revision=2))

        approval = client.revise(ID, {"amount": 1}, context={"rationale": "less"})

        assert approval.revision == 2
        assert server.last.url.path == f"/api/v1/approvals/{ID}/revise/"
        assert server.sent == {"arguments": {"amount": 1}, "context": {"rationale": "less"}}

    def test_cancel(self, client, server, body):
        server.then(body(status="cancelled"))

        assert client.cancel(ID, "not needed").status == "cancelled"
        assert server.last.url.path == f"/api/v1/approvals/{ID}/cancel/"
        assert server.sent == {"reason": "not needed"}

    def test_report(self, client, server):
        server.then({"id": "o1"})

        client.report(ID, "harmful", "paid twice", severity=2, loss=12.5, occurred_at=AT)

        assert server.last.url.path == f"/api/v1/approvals/{ID}/outcome/"
        assert server.sent == {
            "status": "harmful",
            "detail": "paid twice",
            "severity": 2,
            "loss": 12.5,
            "occurred_at": "2026-01-01T12:00:00Z",
        }

    def test_evaluate(self, client, server):
        server.then({"risk": {"score": 0.3}})

        answer = client.evaluate("pay", {"a": 1}, checkpoint="payments", risk_score=0.1)

        assert answer == {"risk": {"score": 0.3}}
        assert server.last.url.path == "/api/v1/evaluate/"
        assert "Idempotency-Key" not in server.last.headers
        assert server.sent == {
            "checkpoint": "payments",
            "action": "pay",
            "arguments": {"a": 1},
            "risk_score": 0.1,
        }

    @pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"results": rows}])
    def test_checkpoints(self, client, server, wrap):
        server.then(wrap([{"name": "refunds"}]))

        assert client.checkpoints() == [{"name": "refunds"}]
        assert server.last.url.path == "/api/v1/checkpoints/"

    def test_checkpoint(self, client, server):
        server.then({"name": "refunds"})

        assert client.checkpoint("refunds") == {"name": "refunds"}
        assert server.last.url.path == "/api/v1/checkpoints/refunds/"

    def test_jwks(self, client, server):
        server.then({"keys": []})

        assert client.jwks() == {"keys": []}
        assert server.last.url.path == "/.well-known/jwks.json"

    @pytest.mark.parametrize("id", ["", ".", ".."])
    def test_an_id_that_would_name_something_else_is_refused(self, client, server, id):
        with pytest.raises(ValueError, match="names nothing"):
            client.get(id)

        assert server.requests == []

    def test_an_id_never_leaves_its_place_in_the_path(self, client, server, body):
        server.then(body())

        client.get("../checkpoints?x=1")

        assert server.last.url.raw_path == b"/api/v1/approvals/..%2Fcheckpoints%3Fx%3D1/"
