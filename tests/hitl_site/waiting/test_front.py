"""The front: what passes between a client and Django when nobody waits."""

import asyncio
import threading

import pytest

from hitl_site.waiting.bodies import Bodies
from tests.hitl_site.waiting.asgi_client import ask, calling, until
from tests.hitl_site.waiting.stand_in import LONG_BODY


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 30))


class TestAnOrdinaryRequest:
    def test_is_answered_by_django(self, make_front, django):
        response = run(ask(make_front(), "GET", "/api/things/t?a=%C3%A9", headers={"Accept": "x"}))

        assert response.status == 200
        assert response.json() == {"id": "t", "status": "pending"}
        seen = django.seen[-1]
        assert seen["QUERY_STRING"] == "a=%C3%A9"
        assert seen["HTTP_ACCEPT"] == "x"
        assert seen["REMOTE_ADDR"] == "192.0.2.1"

    def test_is_answered_with_all_of_djangos_headers_but_those_meant_for_the_front(
        self, make_front, django
    ):
        def answer(environ, start_response):
            start_response("200 OK", [("X-Placet-Panel", "yes"), ("X-Frame-Options", "DENY")])
            return [b"drawn"]

        django._answer = answer

        response = run(ask(make_front(), "GET", "/page"))

        assert response.headers == {
            "x-placet-panel": "yes",
            "x-frame-options": "DENY",
            "content-length": "5",
        }

    def test_brings_its_body_whole_however_it_came(self, make_front, django):
        headers = {"Transfer-Encoding": "chunked", "Content-Type": "text/plain"}
        body = [b"one ", b"two ", b"three"]

        response = run(ask(make_front(), "POST", "/api/echo", body=body, headers=headers))

        assert response.json() == {"length": 13, "tail": "wo three"}
        assert django.seen[-1]["CONTENT_LENGTH"] == "13"
        assert "HTTP_TRANSFER_ENCODING" not in django.seen[-1]

    @pytest.mark.parametrize(
        "name", ["X-Placet-Waited", "x-placet-anything", "X_Placet_Waited", "X_Forwarded_For"]
    )
    def test_cannot_bring_headers_that_only_the_front_may_set(self, make_front, django, name):
        run(ask(make_front(), "GET", "/api/things/t", headers={name: "1"}))

        assert not {key for key in django.seen[-1] if "PLACET" in key or "FORWARDED" in key}

    def test_reaches_the_event_bus_of_its_process_if_it_may_have_written(self, make_front, bus):
        async def scenario():
            front = make_front()
            await ask(front, "POST", "/api/echo", body=b"x")
            assert bus.nudges == 0  # Nobody waits, so nobody needs to hear.
            with front.hub.subscription(["thing:t"], holder="x", limit=1):
                await ask(front, "GET", "/api/things/t")
                assert bus.nudges == 0
                await ask(front, "POST", "/api/echo", body=b"x")
                assert bus.nudges == 1

        run(scenario())

    def test_whose_view_fails_leaves_the_threads_to_others(self, make_front):
        async def scenario():
            front = make_front(workers=1, queue=0)
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    await ask(front, "GET", "/boom")
            return await ask(front, "GET", "/api/things/t")

        assert run(scenario()).status == 200

    def test_gives_back_the_room_that_its_body_took(self, make_front):
        async def scenario():
            front = make_front(bodies=Bodies(most_bytes=1_000))
            return [await ask(front, "POST", "/api/echo", body=b"x" * 900) for _ in range(3)]

        assert [response.status for response in run(scenario())] == [200] * 3


class TestALongAnswer:
    def test_is_streamed(self, make_front):
        response = run(ask(make_front(), "GET", "/long"))

        assert response.status == 200
        assert len(response.body) == LONG_BODY
        assert response.is_complete
        assert "content-length" not in response.headers

    def test_that_nobody_reads_to_its_end_does_not_keep_its_thread(self, make_front):
        async def scenario():
            front = make_front(workers=1)
            async with calling(front, "GET", "/long", reads=1) as call:
                await call.body_contains("x")
                await asyncio.sleep(0.1)  # The thread has made what it may, and waits.
            return await asyncio.wait_for(ask(front, "GET", "/api/things/t"), 5)

        assert run(scenario()).status == 200


class TestARefusedRequest:
    def test_of_the_api_with_too_large_a_body_is_a_problem_document(self, make_front, django):
        front = make_front(api_body_bytes=100)

        response = run(ask(front, "POST", "/api/echo", body=[b"x" * 60, b"x" * 60]))

        assert response.status == 413
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["connection"] == "close"
        problem = response.json()
        assert problem["code"] == "too_large"
        assert problem["status"] == 413
        assert problem["type"]
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == response.headers["x-request-id"]
        assert not django.seen

    def test_elsewhere_is_plain_text_and_has_its_own_limit(self, make_front):
        async def scenario():
            front = make_front(api_body_bytes=100, body_bytes=1_000)
            fits = await ask(front, "POST", "/echo", body=b"x" * 1_000)
            return fits, await ask(front, "POST", "/echo", body=b"x" * 1_001)

        fits, refused = run(scenario())

        assert fits.json()["length"] == 1_000
        assert refused.status == 413
        assert refused.headers["content-type"] == "text/plain; charset=utf-8"

    def test_whose_body_is_slow_never_reaches_a_thread(self, make_front, django):
        front = make_front(bodies=Bodies(seconds=0.05))

        response = run(ask(front, "POST", "/api/echo", body=[b"x", 0.2, b"x"]))

        assert (response.status, response.json()["code"]) == (408, "timeout")
        assert not django.seen

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("/api/things/t?q=é", "invalid_encoding"),
            ("/api/things/t\0", "forbidden_character"),
            ("/api/things/t?q=%00", "forbidden_character"),
        ],
    )
    def test_has_an_address_that_would_break_what_comes_behind(self, make_front, url, code):
        response = run(ask(make_front(), "GET", url))

        assert (response.status, response.json()["code"]) == (400, code)

    def test_is_one_too_many(self, make_front, django):
        async def scenario():
            front = make_front(workers=1, queue=1)
            held = threading.Event()
            django.keys = _Held(django.keys, held)
            async with (
                calling(front, "GET", "/api/things/t") as first,
                calling(front, "GET", "/api/things/t") as second,
            ):
                await until(lambda: django.at_once == 1)
                refused = await ask(front, "GET", "/api/things/t")
                held.set()
                return refused, [(await call.task).status for call in (first, second)]

        refused, others = run(scenario())

        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert others == [200, 200]


class TestTheListener:
    def test_is_started_again_when_it_has_failed(self, make_front, bus, caplog):
        runs = []

        async def fail_once(hub):
            runs.append(hub)
            if len(runs) == 1:
                raise ZeroDivisionError("a bug")
            await asyncio.Event().wait()

        bus.run = fail_once

        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=20"):
                await until(lambda: len(runs) == 2)

        run(scenario())

        assert "The listener has failed" in caplog.text


class TestOtherProtocols:
    def test_a_websocket_is_closed(self, make_front):
        sent = []

        async def scenario():
            async def send(message):
                sent.append(message)

            await make_front()({"type": "websocket"}, None, send)

        run(scenario())

        assert sent == [{"type": "websocket.close", "code": 1000}]


class _Held(dict):
    """Keys that can be looked up only once `released` is set."""

    def __init__(self, keys, released):
        super().__init__(keys)
        self._released = released

    def get(self, key):
        assert self._released.wait(10)
        return super().get(key)
