"""Server-sent events: a page hears that something has changed."""

import asyncio
import json

from hitl_site.waiting import streams
from tests.hitl_site.waiting.asgi_client import ask, calling, until


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 30))


def events(response):
    """The data of all events so far."""
    lines = response.body.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:")]


class TestAStream:
    def test_tells_what_has_changed(self, make_front):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream") as call:
                await until(lambda: len(front.hub) == 1)
                front.hub.fire("thing:1")
                front.hub.fire("other:1")
                await call.body_contains("\n\n", times=2)
                return call.response

        response = run(scenario())

        assert response.status == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["x-frame-options"] == "DENY"  # Django's own
        assert "content-length" not in response.headers
        assert "x-placet-stream" not in response.headers
        assert b"event: changed\ndata: " in response.body
        assert events(response) == [{"topic": "thing:1", "topics": ["thing:1"]}]

    def test_gathers_what_changes_within_a_second(self, make_front):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream") as call:
                await until(lambda: len(front.hub) == 1)
                front.hub.fire("thing:1")
                await call.body_contains("data:")
                for number in (2, 3, 2):
                    front.hub.fire(f"thing:{number}")
                    await asyncio.sleep(0.02)
                assert len(events(call.response)) == 1
                await call.body_contains("data:", times=2)
                return events(call.response)[1]

        assert run(scenario()) == {"topic": "thing:3", "topics": ["thing:2", "thing:3"]}

    def test_says_just_that_something_changed_when_it_was_much_or_unknown(
        self, make_front, monkeypatch
    ):
        monkeypatch.setattr(streams, "GAP_SECONDS", 0.01)

        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream") as call:
                await until(lambda: len(front.hub) == 1)
                front.hub.fire_all()
                await call.body_contains("data:")
                for number in range(streams.MOST_TOPICS + 1):
                    front.hub.fire(f"thing:{number}")
                await call.body_contains("data:", times=2)
                return events(call.response)

        assert run(scenario()) == [{"topic": "*", "topics": ["*"]}] * 2

    def test_shows_that_it_is_alive(self, make_front, monkeypatch):
        monkeypatch.setattr(streams, "PING_SECONDS", 0.01)

        async def scenario():
            async with calling(make_front(), "GET", "/stream") as call:
                await call.body_contains(": ping\n\n", times=3)

        run(scenario())

    def test_ends_so_that_the_client_comes_back_and_shows_its_rights_again(
        self, make_front, monkeypatch
    ):
        monkeypatch.setattr(streams, "LIFE_SECONDS", 0.05)

        response = run(ask(make_front(), "GET", "/stream"))

        assert response.is_complete
        assert response.body == b"retry: 2000\n\n"

    def test_ends_when_the_server_drains(self, make_front):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream") as call:
                await until(lambda: len(front.hub) == 1)
                front.drain()
                return await call.task

        response = run(scenario())

        assert response.is_complete
        assert events(response) == []

    def test_ends_when_its_client_leaves(self, make_front):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream") as call:
                await until(lambda: len(front.hub) == 1)
                call.leave()
                await asyncio.wait_for(call.task, 5)
                return len(front.hub)

        assert run(scenario()) == 0

    def test_beyond_what_its_holder_may_have_is_refused(self, make_front):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/stream"), calling(front, "GET", "/stream"):
                await until(lambda: len(front.hub) == 2)
                return await ask(front, "GET", "/stream")

        response = run(scenario())

        assert response.status == 429
        assert response.headers["retry-after"] == "5"

    def test_is_not_given_to_strangers(self, make_front):
        assert run(ask(make_front(), "GET", "/stream", key="stranger")).status == 401
