"""A subject's first event is news to those who wait for its kind, and to nobody by name."""

import asyncio
import sqlite3

import pytest

from hitl_site.waiting.buses import SqliteBus, bus_for
from tests.hitl_site.waiting.test_buses import heard, listening

TABLE = "CREATE TABLE audit_event (id INTEGER PRIMARY KEY, subject TEXT, seq INTEGER, related TEXT)"
EVENT = "INSERT INTO audit_event (subject, seq, related) VALUES (?, ?, ?)"


@pytest.fixture
def trail(tmp_path):
    """`trail(subject, seq)` commits an event; `trail.path` is the database."""
    path = tmp_path / "trail.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(TABLE)

    def record(subject, seq, related="agent:1"):
        with sqlite3.connect(path) as connection:
            connection.execute(EVENT, [subject, seq, related])

    record.path = path
    return record


def told_of(trail, *events, topics, number):
    async def scenario():
        async with listening(SqliteBus(trail.path, place_column="seq"), *topics) as (_, told):
            for event in events:
                trail(*event)
            return await heard(told, number)

    return asyncio.run(asyncio.wait_for(scenario(), 60))


class TestASubjectsFirstEvent:
    def test_wakes_nobody_who_waits_for_that_subject(self, trail):
        events = [("approval:7", 1), ("approval:7", 2)]

        assert told_of(trail, *events, topics=["approval:7"], number=1) == ["approval:7"]
        assert told_of(trail, ("approval:8", 1), topics=["approval:8", "agent:1"], number=1) == [
            "agent:1"
        ]

    def test_is_heard_by_those_who_wait_for_its_kind(self, trail):
        assert told_of(trail, ("approval:7", 1), topics=["approval:*"], number=1) == [
            "approval:new"
        ]

    def test_is_told_apart_by_the_bus_of_a_real_database(self, trail):
        database = {"ENGINE": "hitl_site.sqlite", "NAME": trail.path}

        async def scenario():
            async with listening(bus_for(database), "approval:7", "approval:*") as (_, told):
                trail("approval:7", 1)
                trail("approval:7", 2)
                return await heard(told, 2)

        assert asyncio.run(asyncio.wait_for(scenario(), 60)) == ["approval:new", "approval:7"]
