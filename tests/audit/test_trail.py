import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit import trail
from audit.models import Event, EventText, Stream

AT = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)


class Something:
    """A row that keeps the head of its own chain."""

    def __init__(self, ref="thing:1"):
        self.ref, self.trail_seq, self.trail_hash = ref, 0, ""


@pytest.fixture
def thing(db):
    return Something()


def record(thing, type="thing.happened", **about):
    return trail.record(thing, type, **({"actor": "agent:1", "at": AT} | about))


def three_events(thing):
    record(thing, related=["group:1", "agent:1"], data={"n": 1, "list": ["é", None, True]})
    record(thing, "thing.said", texts={"feedback": "Zürich — 🚆", "reason": "because"})
    record(thing, at=AT + timedelta(hours=1))
    return trail.history_of(thing.ref)


class TestRecord:
    def test_numbers_and_links_the_events_of_a_subject(self, thing):
        first, second, third = three_events(thing)

        assert [event.seq for event in (first, second, third)] == [1, 2, 3]
        assert (first.prev, second.prev, third.prev) == ("", first.hash, second.hash)
        assert (thing.trail_seq, thing.trail_hash) == (3, third.hash)

    def test_keeps_subjects_apart(self, thing):
        other = Something("thing:2")
        record(thing)
        record(other)
        record(thing)

        assert [event.seq for event in trail.history_of("thing:1")] == [1, 2]
        assert [event.seq for event in trail.history_of("thing:2")] == [1]

    def test_writes_one_instant_in_one_spelling(self, thing):
        elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=45)))

        event = record(thing, at=elsewhere)

        assert json.loads(event.body)["at"] == "2026-11-02T09:30:00.123456Z"

    def test_keeps_free_text_out_of_the_body(self, thing):
        event = record(thing, texts={"feedback": "Ada's secret words", "nothing": ""})

        assert "secret" not in event.body
        assert "nothing" not in event.body
        text = event.texts.get()
        assert (text.name, text.text) == ("feedback", "Ada's secret words")
        assert json.loads(event.body)["data"]["feedback"] == {
            "commitment": trail.commitment(text.salt, text.text)
        }

    def test_commits_to_the_same_words_differently_each_time(self, thing):
        one = json.loads(record(thing, texts={"feedback": "no"}).body)["data"]
        other = json.loads(record(thing, texts={"feedback": "no"}).body)["data"]

        assert one["feedback"] != other["feedback"]

    @pytest.mark.parametrize(
        "data", [{"risk": 0.3}, {"deep": [{"er": 1.0}]}, {"clé": 1}, {"a": {"ü": 1}}]
    )
    def test_refuses_what_has_more_than_one_canonical_form(self, thing, data):
        with pytest.raises(TypeError):
            record(thing, data=data)

    def test_refuses_a_writer_who_did_not_hold_the_row(self, thing):
        late = Something()
        record(thing)

        with pytest.raises(IntegrityError), transaction.atomic():
            record(late)

    def test_is_undone_with_the_change_it_speaks_of(self, thing):
        with transaction.atomic():
            record(thing)
            transaction.set_rollback(True)

        assert trail.history_of(thing.ref) == []


class TestRecordInStream:
    def test_keeps_the_head_for_a_subject_without_a_row(self, db):
        for _ in range(3):
            trail.record_in_stream("system", "paused", actor="user:1", at=AT)

        stream = Stream.objects.get(name="system")
        history = trail.history_of("system")
        assert (stream.trail_seq, stream.trail_hash) == (3, history[-1].hash)
        assert trail.first_break(history) is None


class TestFirstBreak:
    def test_finds_none_in_what_was_recorded(self, thing):
        assert trail.first_break(three_events(thing)) is None
        assert trail.first_break([]) is None

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("subject", "thing:2"),
            ("seq", 7),
            ("type", "thing.forged"),
            ("at", AT + timedelta(microseconds=1)),
            ("actor", "agent:2"),
            ("related", "agent:9"),
            ("body", '{"v":1}'),
            ("body", "not JSON"),
            ("body", "[]"),
            ("body", ""),
            ("prev", "00" * 32),
            ("prev", "not hexadecimal"),
            ("hash", "00" * 32),
            ("hash", ""),
        ],
    )
    def test_finds_a_change_to_any_column_of_any_event(self, thing, place, column, value):
        events = three_events(thing)
        setattr(events[place], column, value)

        assert trail.first_break(events) is not None

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("column", ["type", "actor", "related", "at"])
    def test_finds_a_column_changed_although_the_chain_holds(self, thing, place, column):
        events = three_events(thing)
        values = {"type": "x", "actor": "x", "related": "x", "at": AT - timedelta(days=1)}
        setattr(events[place], column, values[column])

        assert trail.first_break(events) == (
            f"thing:1: event {place + 1} has columns that differ from its body"
        )

    @pytest.mark.parametrize(
        "change", [lambda body: body.replace("thing.", "else."), lambda body: body + " "]
    )
    def test_finds_a_body_changed_even_by_a_space(self, thing, change):
        events = three_events(thing)
        events[1].body = change(events[1].body)

        assert trail.first_break(events) == "thing:1: event 2 has been changed"

    def test_finds_a_body_that_says_the_same_in_other_bytes(self, thing):
        events = three_events(thing)
        events[2].body = json.dumps(json.loads(events[2].body))
        events[2].hash = trail.chain_hash(events[2].prev, events[2].body)

        assert trail.first_break(events) == "thing:1: event 3 has been changed"

    @pytest.mark.parametrize("body", ['{"v":1}', "[]", "null", '"text"', "{", '{"related":3}'])
    def test_says_so_of_a_body_that_cannot_be_read_although_its_hash_is_right(self, thing, body):
        events = three_events(thing)
        events[2].body = body
        events[2].hash = trail.chain_hash(events[2].prev, body)

        assert trail.first_break(events) == "thing:1: event 3 cannot be read"

    def test_finds_an_event_that_was_taken_out_swapped_or_said_twice(self, thing):
        first, second, third = three_events(thing)

        for forged in ([second, third], [first, third], [first, third, second], [first, first]):
            assert "does not follow" in trail.first_break(forged)

    @pytest.mark.parametrize(
        ("column", "value"),
        [("text", "other words"), ("salt", "00" * 32), ("salt", "not hex"), ("name", "forged")],
    )
    def test_finds_a_text_that_was_rewritten(self, thing, column, value):
        events = three_events(thing)
        text = next(text for text in events[1].texts.all() if text.name == "feedback")
        setattr(text, column, value)

        assert trail.first_break(events) is not None

    def test_holds_when_a_text_was_erased(self, thing):
        three_events(thing)

        EventText.objects.filter(name="feedback").delete()

        events = trail.history_of(thing.ref)
        assert trail.first_break(events) is None
        assert [text.name for text in events[1].texts.all()] == ["reason"]


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


class TestTheDatabase:
    """Keeps the trail even from those who write SQL."""

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("subject", "thing:2"),
            ("seq", 9),
            ("type", "x"),
            ("at", "2020-01-01 00:00:00+00:00"),
            ("actor", "x"),
            ("related", "x"),
            ("body", "{}"),
            ("prev", "00"),
            ("hash", "00"),
        ],
    )
    def test_refuses_to_change_an_event(self, thing, column, value):
        three_events(thing)
        before = list(Event.objects.values_list())

        with pytest.raises(DatabaseError, match="the trail only grows"):
            execute(f"UPDATE audit_event SET {column} = %s WHERE seq = 2", value)

        assert list(Event.objects.values_list()) == before

    def test_refuses_to_remove_an_event(self, thing):
        record(thing)

        with pytest.raises(DatabaseError, match="the trail only grows"):
            execute("DELETE FROM audit_event")

        assert Event.objects.count() == 1

    def test_refuses_to_be_emptied(self, thing):
        if connection.vendor != "postgresql":
            pytest.skip("only PostgreSQL has TRUNCATE")
        record(thing)

        with pytest.raises(DatabaseError, match="the trail only grows"):
            execute("TRUNCATE audit_event CASCADE")

    def test_refuses_to_rewrite_a_text_but_lets_it_be_erased(self, thing):
        three_events(thing)

        with pytest.raises(DatabaseError, match="the trail only grows"):
            execute("UPDATE audit_eventtext SET text = 'other'")
        execute("DELETE FROM audit_eventtext")

        assert EventText.objects.count() == 0

    @pytest.mark.parametrize("seq", [1, 0, -1])
    def test_refuses_a_second_event_in_one_place_and_a_place_before_the_first(self, thing, seq):
        event = record(thing)

        with pytest.raises(IntegrityError), transaction.atomic():
            Event.objects.create(
                subject=event.subject, seq=seq, type="x", at=AT, actor="x", body="{}", hash="01"
            )
