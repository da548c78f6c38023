"""The hub: who is told what, and how many may wait."""

import asyncio

import pytest

from hitl_site.waiting.hub import EVERYTHING, Hub, TooManyWaits


def subscribe(hub, *topics, holder="agent:1", limit=100):
    return hub.subscription(topics, holder=holder, limit=limit)


class TestFiring:
    def test_tells_those_who_wait_for_the_topic_and_no_others(self):
        hub = Hub()
        with subscribe(hub, "approval:1") as one, subscribe(hub, "approval:2") as other:
            hub.fire("approval:1")

            assert one.take() == ["approval:1"]
            assert other.take() == []

    def test_tells_those_who_wait_for_any_of_a_kind(self):
        hub = Hub()
        with subscribe(hub, "approval:*") as approvals, subscribe(hub, "run:a:*") as run:
            hub.fire("approval:1")
            hub.fire("run:a:7")
            hub.fire("run:b:7")

            assert approvals.take() == ["approval:1"]
            assert run.take() == ["run:a:7"]

    def test_tells_each_topic_once_in_the_order_they_came(self):
        hub = Hub()
        with subscribe(hub, "approval:*") as told:
            for number in (2, 1, 2):
                hub.fire(f"approval:{number}")

            assert told.take() == ["approval:2", "approval:1"]
            assert told.take() == []

    def test_tells_everyone_to_look_when_something_may_have_been_missed(self):
        hub = Hub()
        with subscribe(hub, "approval:1") as one, subscribe(hub, "x:*") as other:
            hub.fire_all()

            assert one.take() == other.take() == [EVERYTHING]

    def test_tells_nobody_who_has_left(self):
        hub = Hub()
        with subscribe(hub, "approval:1") as told:
            pass

        hub.fire("approval:1")

        assert told.take() == []
        assert len(hub) == 0


class TestWhatWasFiredSince:
    def test_is_known_by_topic_and_by_kind(self):
        hub = Hub()
        hub.fire("approval:1")
        position = hub.position
        assert not hub.has_fired_since(position, ["approval:1", "approval:*"])

        hub.fire("approval:2")

        assert hub.has_fired_since(position, ["approval:2"])
        assert hub.has_fired_since(position, ["approval:*"])
        assert not hub.has_fired_since(position, ["approval:1", "run:*"])

    def test_is_everything_when_something_may_have_been_missed(self):
        hub = Hub()
        position = hub.position

        hub.fire_all()

        assert hub.has_fired_since(position, ["approval:1"])
        assert not hub.has_fired_since(hub.position, ["approval:1"])

    def test_is_assumed_when_it_is_too_long_ago_to_know(self):
        hub = Hub(memory=10)
        position = hub.position

        for number in range(20):
            hub.fire(f"approval:{number}")

        assert hub.has_fired_since(position, ["never:fired"])
        assert not hub.has_fired_since(hub.position, ["never:fired"])


class TestWaiting:
    def test_ends_when_told(self):
        async def scenario():
            hub = Hub()
            with subscribe(hub, "approval:1") as told:
                waiting = asyncio.ensure_future(told.wait(seconds=60, unless=asyncio.Future()))
                await asyncio.sleep(0)
                hub.fire("approval:1")
                await asyncio.wait_for(waiting, 5)
                return told.take()

        assert asyncio.run(scenario()) == ["approval:1"]

    def test_does_not_begin_when_something_was_told_already(self):
        async def scenario():
            hub = Hub()
            with subscribe(hub, "approval:1") as told:
                hub.fire("approval:1")
                await asyncio.wait_for(told.wait(seconds=60, unless=asyncio.Future()), 5)

        asyncio.run(scenario())

    def test_ends_when_the_client_leaves_or_the_time_is_over(self):
        async def scenario():
            hub = Hub()
            with subscribe(hub, "approval:1") as told:
                gone = asyncio.Future()
                waiting = asyncio.ensure_future(told.wait(seconds=60, unless=gone))
                await asyncio.sleep(0)
                gone.set_result(None)
                await asyncio.wait_for(waiting, 5)
                await asyncio.wait_for(told.wait(seconds=0.01, unless=asyncio.Future()), 5)
                return told.take()

        assert asyncio.run(scenario()) == []


class TestLimits:
    def test_one_holder_cannot_take_the_place_of_others(self):
        hub = Hub()
        with subscribe(hub, "a", limit=2), subscribe(hub, "a", limit=2):
            with pytest.raises(TooManyWaits), subscribe(hub, "a", limit=2):
                pass
            with subscribe(hub, "a", holder="agent:2", limit=2):
                assert len(hub) == 3

        with subscribe(hub, "a", limit=2):
            assert len(hub) == 1

    def test_all_together_have_a_limit_too(self):
        hub = Hub(limit=1)
        with (
            subscribe(hub, "a"),
            pytest.raises(TooManyWaits),
            subscribe(hub, "a", holder="agent:2"),
        ):
            pass
