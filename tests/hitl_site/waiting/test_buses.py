"""The buses: what another process commits is heard here, once it is committed."""

import asyncio
import sqlite3
import time
from contextlib import asynccontextmanager

import pytest

from hitl_site.waiting import buses
from hitl_site.waiting.buses import OwnProcessBus, PostgresBus, SqliteBus, bus_for
from hitl_site.waiting.hub import EVERYTHING, Hub
from tests.hitl_site.waiting.asgi_client import until
from tests.hitl_site.waiting.private_postgres import binaries, private_postgres
from tests.hitl_site.waiting.stand_in import StandIn, create

needs_postgres = pytest.mark.skipif(binaries() is None, reason="needs PostgreSQL's programs")


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 60))


@asynccontextmanager
async def listening(bus, *topics):
    """A hub that `bus` feeds, and a subscription to `topics` that has been told nothing yet."""
    hub = Hub()
    task = asyncio.ensure_future(bus.run(hub))
    with hub.subscription(topics, holder="test", limit=1) as told:
        await until(lambda: told.take() == [EVERYTHING])  # It listens, and says so.
        yield hub, told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def heard(told, number):
    """The next `number` topics."""
    topics = []
    while len(topics) < number:
        await asyncio.wait_for(told.wait(seconds=60, unless=asyncio.Future()), 10)
        topics += told.take()
    return topics


class TestSqlite:
    def test_a_commit_is_heard_with_all_its_topics(self, database, django):
        async def scenario():
            async with listening(SqliteBus(database), "thing:*", "run:*") as (_, told):
                django.decide("t", related="run:1 run:2")
                return await heard(told, 3)

        assert run(scenario()) == ["thing:t", "run:1", "run:2"]

    def test_what_is_not_committed_is_not_heard(self, database):
        async def scenario():
            async with listening(SqliteBus(database), "thing:*") as (_, told):
                other = sqlite3.connect(database)
                other.execute("INSERT INTO audit_event (subject, related) VALUES ('thing:1', '')")
                await asyncio.sleep(0.1)
                assert told.take() == []
                other.rollback()
                other.execute("INSERT INTO audit_event (subject, related) VALUES ('thing:2', '')")
                other.commit()
                return await heard(told, 1)

        assert run(scenario()) == ["thing:2"]

    def test_what_was_committed_while_nobody_waited_is_known(self, database, django):
        async def scenario():
            async with listening(SqliteBus(database), "other") as (hub, told):
                position = hub.position
                hub.remove(told)  # Nobody waits: the bus rests.
                await asyncio.sleep(0.05)
                django.decide("t")
                await asyncio.sleep(0.05)
                assert not hub.has_fired_since(position, ["thing:t"])
                hub.add(told)
                await until(lambda: hub.has_fired_since(position, ["thing:t"]))

        run(scenario())

    def test_a_nudge_makes_it_look_at_once(self, database, django):
        async def scenario():
            bus = SqliteBus(database, interval=30.0)
            async with listening(bus, "thing:*") as (_, told):
                await asyncio.sleep(0.05)
                django.decide("t")
                bus.nudge()
                return await heard(told, 1)

        assert run(scenario()) == ["thing:t"]

    def test_very_much_news_is_told_as_everything(self, database, django, monkeypatch):
        monkeypatch.setattr(SqliteBus, "MOST_ROWS", 10)

        async def scenario():
            async with listening(SqliteBus(database), "thing:*") as (_, told):
                django.decide(*(f"{n}" for n in range(11)))
                first = await heard(told, 1)
                django.decide("t")
                return first, await heard(told, 1)

        assert run(scenario()) == ([EVERYTHING], ["thing:t"])

    def test_a_database_that_is_made_later_is_found(self, tmp_path, caplog):
        async def scenario():
            database = tmp_path / "later.sqlite3"
            hub = Hub()
            task = asyncio.ensure_future(SqliteBus(database, retry_after=0.02).run(hub))
            with hub.subscription(["thing:*"], holder="test", limit=1) as told:
                await asyncio.sleep(0.05)
                assert told.take() == []
                create(database)
                await until(lambda: told.take() == [EVERYTHING])
                StandIn(database).decide("t")
                topics = await heard(told, 1)
            task.cancel()
            return topics

        assert run(scenario()) == ["thing:t"]
        assert "The trail cannot be watched" in caplog.text

    def test_costs_next_to_nothing_while_everybody_only_waits(self, database):
        async def scenario():
            async with listening(SqliteBus(database), "thing:*"):
                before = time.process_time()
                await asyncio.sleep(1)
                return time.process_time() - before

        assert run(scenario()) < 0.2  # seconds of CPU in one; usually 0.01

    def test_names_of_tables_are_names(self):
        with pytest.raises(ValueError, match="no name"):
            SqliteBus("x", table="a; DROP TABLE b")


@pytest.fixture(scope="module")
def postgres():
    with private_postgres() as server:
        yield server


@needs_postgres
class TestPostgres:
    def test_a_notification_is_heard_with_all_its_topics(self, postgres):
        async def scenario():
            async with listening(PostgresBus(postgres.parameters), "thing:*", "run:*") as (_, told):
                notify(postgres, "thing:1 run:1")
                return await heard(told, 2)

        assert run(scenario()) == ["thing:1", "run:1"]

    def test_another_channel_can_be_chosen(self, postgres):
        async def scenario():
            bus = PostgresBus(postgres.parameters, channel="my trail")
            async with listening(bus, "thing:*") as (_, told):
                notify(postgres, "thing:1")
                notify(postgres, "thing:2", channel="my trail")
                return await heard(told, 1)

        assert run(scenario()) == ["thing:2"]

    def test_after_a_lost_connection_everyone_looks_and_hears_again(self, postgres, caplog):
        async def scenario():
            async with listening(PostgresBus(postgres.parameters), "thing:*") as (_, told):
                postgres.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'LISTEN%'"
                )
                missed = await heard(told, 1)
                notify(postgres, "thing:1")
                return missed, await heard(told, 1)

        assert run(scenario()) == ([EVERYTHING], ["thing:1"])
        assert "Not listening to the database" in caplog.text

    def test_while_the_server_is_down_it_tries_again(self, postgres, monkeypatch):
        monkeypatch.setattr(PostgresBus, "LONGEST_BACKOFF_SECONDS", 0.1)

        async def scenario():
            async with listening(PostgresBus(postgres.parameters), "thing:*") as (_, told):
                await asyncio.to_thread(postgres.stop)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(postgres.start)
                missed = await heard(told, 1)
                notify(postgres, "thing:1")
                return missed, await heard(told, 1)

        assert run(scenario()) == ([EVERYTHING], ["thing:1"])

    def test_nothing_is_lost_while_it_probes_its_connection(self, postgres, monkeypatch):
        monkeypatch.setattr(PostgresBus, "PROBE_SECONDS", 0.001)

        async def scenario():
            async with listening(PostgresBus(postgres.parameters), "thing:*") as (_, told):
                for number in range(100):
                    await asyncio.to_thread(notify, postgres, f"thing:{number}")
                return await heard(told, 100)

        assert run(scenario()) == [f"thing:{number}" for number in range(100)]


class TestAnotherProcessIsImpossible:
    def test_so_each_write_of_this_one_may_be_news(self):
        async def scenario():
            bus, hub = OwnProcessBus(), Hub()
            task = asyncio.ensure_future(bus.run(hub))
            with hub.subscription(["thing:1"], holder="test", limit=1) as told:
                await asyncio.sleep(0.01)
                assert told.take() == []
                bus.nudge()
                topics = await heard(told, 1)
            task.cancel()
            return topics

        assert run(scenario()) == [EVERYTHING]


class TestTheBusOfADatabase:
    @pytest.mark.parametrize(
        ("name", "uri"),
        [
            ("/data/my things.sqlite3", "file:///data/my%20things.sqlite3?mode=ro"),
            ("file:/data/t.sqlite3", "file:/data/t.sqlite3?mode=ro"),
            ("file:/data/t.sqlite3?cache=private", "file:/data/t.sqlite3?cache=private&mode=ro"),
        ],
    )
    def test_reads_a_file(self, name, uri):
        bus = bus_for({"ENGINE": "hitl_site.sqlite", "NAME": name})

        assert isinstance(bus, SqliteBus)
        assert bus._uri == uri

    @pytest.mark.parametrize("name", [":memory:", "file:memorydb?mode=memory&cache=shared"])
    def test_stays_in_memory(self, name):
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}

        assert isinstance(bus_for(database), OwnProcessBus)

    def test_listens_to_the_server_that_django_uses(self, monkeypatch):
        monkeypatch.setattr(buses.PostgresBus, "__init__", lambda self, given: given_once(given))
        seen = []
        given_once = seen.append
        bus_for(
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "placet",
                "USER": "p",
                "PASSWORD": "secret",
                "HOST": "db",
                "PORT": 5433,
                "OPTIONS": {"sslmode": "require", "pool": True},
            }
        )

        assert seen == [
            {
                "dbname": "placet",
                "user": "p",
                "password": "secret",
                "host": "db",
                "port": 5433,
                "sslmode": "require",
            }
        ]


def notify(postgres, payload, channel="placet_trail"):
    postgres.execute("SELECT pg_notify(%s, %s)", channel, payload)
