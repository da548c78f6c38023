"""Request bodies: how large, how slow, and how many of them."""

import asyncio

import pytest

from hitl_site.waiting.bodies import Bodies, ClientLeft, NoRoom, TooLarge, TooSlow

LIMIT = 1_000


def receiving(*messages, then_hangs=False):
    """`messages` are parts, pauses in seconds, or None where the client leaves."""
    left = list(messages)

    async def receive():
        while left and isinstance(left[0], float):
            await asyncio.sleep(left.pop(0))
        if not left and then_hangs:
            await asyncio.Event().wait()
        part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left) or then_hangs}

    receive.left = left
    return receive


def read(receive, *, bodies=None, headers=(), limit=LIMIT):
    scope = {"headers": list(headers)}
    return asyncio.run((bodies or Bodies()).read(scope, receive, limit=limit))


class TestReading:
    def test_joins_the_parts(self):
        assert read(receiving(b"one ", b"two ", b"three")) == b"one two three"

    def test_takes_a_body_of_exactly_the_limit(self):
        assert read(receiving(b"x" * LIMIT)) == b"x" * LIMIT
        assert len(read(receiving(b"x" * (LIMIT - 1), b"x"))) == LIMIT

    def test_refuses_one_byte_more(self):
        with pytest.raises(TooLarge):
            read(receiving(b"x" * (LIMIT + 1)))
        with pytest.raises(TooLarge):
            read(receiving(b"x" * LIMIT, b"x"))

    def test_reads_a_refused_body_to_its_end_so_that_the_client_sees_the_answer(self):
        receive = receiving(*[b"x" * LIMIT] * 5)

        with pytest.raises(TooLarge):
            read(receive)

        assert receive.left == []

    def test_does_not_read_for_ever(self):
        async def endless():
            endless.parts += 1
            return {"type": "http.request", "body": b"x" * 1024 * 1024, "more_body": True}

        endless.parts = 0

        with pytest.raises(TooLarge):
            read(endless)

        assert endless.parts < 20

    def test_does_not_ask_for_a_body_that_is_announced_too_large(self):
        headers = [(b"expect", b"100-continue"), (b"content-length", b"1001")]

        async def receive():
            raise AssertionError("asked for the body")

        with pytest.raises(TooLarge):
            read(receive, headers=headers)

    def test_gives_up_on_a_slow_client(self):
        bodies = Bodies(seconds=0.05)

        with pytest.raises(TooSlow):
            read(receiving(b"x", then_hangs=True), bodies=bodies)
        with pytest.raises(TooSlow):
            read(receiving(b"x", 0.03, b"x", 0.03, b"x"), bodies=bodies)

    def test_notices_that_the_client_has_left(self):
        with pytest.raises(ClientLeft):
            read(receiving(b"x", None))


class TestAllBodiesTogether:
    def test_have_a_limit(self):
        bodies = Bodies(most_bytes=1_500)
        held = read(receiving(b"x" * 1_000), bodies=bodies)
        with pytest.raises(NoRoom):
            read(receiving(b"x" * 1000), bodies=bodies)

        bodies.forget(held)

        assert len(read(receiving(b"x" * 1_000), bodies=bodies)) == 1_000

    @pytest.mark.parametrize(
        "refused",
        [receiving(b"x" * 900, None), receiving(b"x" * 900, b"x" * 900)],
        ids=["left", "too large"],
    )
    def test_do_not_count_what_was_refused(self, refused):
        bodies = Bodies(most_bytes=1_500)
        with pytest.raises((ClientLeft, TooLarge, NoRoom)):
            read(refused, bodies=bodies)

        assert len(read(receiving(b"x" * 500, b"x" * 500), bodies=bodies)) == 1_000
        assert bodies._room == 500
