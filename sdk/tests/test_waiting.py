from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx2
import pytest
from fakes import ID

import placet

HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def pending(client, server, body):
    """An approval somebody still has to decide."""
    server.then(body())
    approval = client.get(ID)
    server.requests.clear()
    return approval


def asked_waits(server):
    return [request.headers.get("Prefer") for request in server.requests]


class TestWaiting:
    def test_ends_with_the_decision(self, pending, server, body, approved):
        server.then(body(), body(), took=60)
        server.then(approved(), took=12)

        approval = pending.wait(timeout=HALF_AN_HOUR)

        assert approval.may_proceed
        assert asked_waits(server) == ["wait=60"] * 3
        assert {request.url.path for request in server.requests} == {f"/api/v1/approvals/{ID}/"}

    @pytest.mark.parametrize("status", ["rejected", "cancelled", "modified", "changes_requested"])
    def test_ends_when_no_person_is_waited_for(self, pending, server, body, status):
        server.then(body(status=status))

        assert pending.wait(timeout=HALF_AN_HOUR).status == status

    def test_lets_the_connection_be_silent_as_long_as_it_asked_for(self, pending, server, approved):
        server.then(approved())

        pending.wait(timeout=HALF_AN_HOUR)

        timeout = server.last.extensions["timeout"]
        assert (timeout["connect"], timeout["read"]) == (10, 70)

    def test_does_not_change_what_it_began_with(self, pending, server, approved):
        server.then(approved())

        pending.wait(timeout=HALF_AN_HOUR)

        assert pending.is_pending
        assert not pending.may_proceed


class TestWaitingInVain:
    def test_raises_with_what_was_last_seen(self, pending, server, body, clock):
        server.then(body(), took=60)
        server.then(body(revision=2), took=30)
        began = clock.now

        with pytest.raises(placet.NotDecidedInTime) as failure:
            pending.wait(timeout=timedelta(seconds=90))

        assert failure.value.last_seen.revision == 2
        assert asked_waits(server) == ["wait=60", "wait=30"]
        assert clock.now - began == 90

    def test_looks_once_even_without_any_time(self, pending, server, approved):
        server.then(approved())

        assert pending.wait(timeout=timedelta(0)).may_proceed
        assert asked_waits(server) == [None]

    def test_does_not_hurry_a_server_that_answers_at_once(self, pending, server, body, clock):
        server.then(*[body()] * 100)

        with pytest.raises(placet.NotDecidedInTime):
            pending.wait(timeout=timedelta(minutes=2))

        assert len(server.requests) < 20

    def test_looks_again_at_once_where_the_server_waits_less_than_asked(
        self, pending, server, body, approved, clock
    ):
        server.then(body(), body(), took=25)
        server.then(approved())

        pending.wait(timeout=HALF_AN_HOUR)

        assert clock.pauses == []


class TestALostConnection:
    def test_is_taken_up_again(self, pending, server, body, approved):
        server.then(body(), httpx2.ReadError("reset"), took=20)
        server.then(httpx2.ReadTimeout("silent"), took=70)
        server.then(approved())

        assert pending.wait(timeout=HALF_AN_HOUR).may_proceed

    def test_through_a_restart_of_the_server(self, pending, server, body, approved, clock):
        server.then(body(), took=5)
        server.then(httpx2.RemoteProtocolError("closed without an answer"))
        server.then(*[httpx2.ConnectError("refused")] * 8)
        server.then(httpx2.Response(502, content=b"<h1>Bad gateway</h1>"))
        server.then(httpx2.Response(503, headers={"Retry-After": "2"}))
        server.then(body(), took=60)
        server.then(approved())

        assert pending.wait(timeout=HALF_AN_HOUR).may_proceed
        assert all(request.method == "GET" for request in server.requests)

    def test_is_tried_again_without_end_but_ever_more_rarely(
        self, pending, server, approved, clock
    ):
        server.then(*[httpx2.ConnectError("refused")] * 60, approved())

        pending.wait(timeout=HALF_AN_HOUR)

        assert max(clock.pauses) <= 15
        assert all(pause >= 7.5 for pause in clock.pauses[6:])
        assert len(set(clock.pauses)) == 60  # no two clients come back together

    def test_is_forgotten_once_the_server_is_back(self, pending, server, body, approved, clock):
        server.then(*[httpx2.ConnectError("refused")] * 8)
        server.then(body(), took=60)
        server.then(httpx2.ConnectError("refused"), approved())

        pending.wait(timeout=HALF_AN_HOUR)

        assert clock.pauses[-1] <= 0.5

    def test_asks_only_for_the_time_that_is_left(self, pending, server, approved):
        server.then(httpx2.ReadError("reset"), took=50)
        server.then(approved())

        pending.wait(timeout=timedelta(seconds=70))

        assert server.requests[0].headers["Prefer"] == "wait=60"
        assert server.requests[1].headers["Prefer"] == "wait=20"

    def test_up_to_the_end_is_not_reported_as_undecided(self, pending, server, clock):
        server.then(*[httpx2.ConnectError("refused")] * 100)
        began = clock.now

        with pytest.raises(placet.ServerUnreachable):
            pending.wait(timeout=timedelta(minutes=3))

        assert clock.now - began == pytest.approx(180)


class TestAServerThatSaysNo:
    def test_is_obeyed_when_it_says_when(self, pending, server, approved, clock, refusal):
        server.then(refusal(429, "rate_limited", headers={"Retry-After": "20"}), approved())

        pending.wait(timeout=HALF_AN_HOUR)

        (pause,) = clock.pauses
        assert 20 < pause <= 22  # a little later, and each client at another moment

    def test_is_obeyed_when_it_names_a_date(self, pending, server, approved, clock, refusal):
        at = datetime.now(timezone.utc) + timedelta(seconds=40)
        header = {"Retry-After": format_datetime(at, usegmt=True)}
        server.then(refusal(503, "starting", headers=header), approved())

        pending.wait(timeout=HALF_AN_HOUR)

        (pause,) = clock.pauses
        assert 35 <= pause <= 44

    def test_is_not_asked_again_before_the_time_it_named(self, pending, server, refusal):
        server.then(refusal(429, "rate_limited", headers={"Retry-After": "600"}))

        with pytest.raises(placet.RateLimited):
            pending.wait(timeout=timedelta(minutes=5))

        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_for_good_ends_the_waiting(self, pending, server, refusal, status):
        server.then(refusal(status, "no"))

        with pytest.raises(placet.Refused) as refused:
            pending.wait(timeout=HALF_AN_HOUR)

        assert refused.value.status == status
