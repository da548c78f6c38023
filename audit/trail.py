"""Writing and reading the trail."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import connection, transaction

from audit.models import Event, EventText, Stream

# What each event's hash begins with: a hash made for the trail can mean nothing else.
DOMAIN = b"placet.audit.v1\0"
CHANNEL = "placet_trail"


class Chained(Protocol):
    """A row that keeps the head of its own chain. Its owner holds its lock and saves it."""

    trail_seq: int
    trail_hash: str

    @property
    def ref(self) -> str: ...


def record(
    chained: Chained,
    type: str,
    *,
    actor: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    related: Sequence[str] = (),
) -> Event:
    """
    Append one event to the chain of `chained`, inside the caller's open transaction.

    Moves `chained.trail_seq` and `chained.trail_hash` on; the caller saves them with the
    change the event speaks of, so that both are committed or neither is.

    :param data: plain values for the body; no floats outside JSON's safe range
    :param texts: free text by name; the body gets a salted commitment, the text a row
    :raises IntegrityError: the caller did not hold the row and somebody else appended
    """
    said = {name: (secrets.token_hex(32), text) for name, text in (texts or {}).items() if text}
    body = _canonical(
        {
            "v": 1,
            "subject": chained.ref,
            "seq": chained.trail_seq + 1,
            "type": type,
            "at": stamp(at),
            "actor": actor,
            "related": list(related),
            "data": dict(data or {})
            | {name: {"commitment": commitment(salt, text)} for name, (salt, text) in said.items()},
        }
    )
    event = Event.objects.create(
        subject=chained.ref,
        seq=chained.trail_seq + 1,
        type=type,
        at=at,
        actor=actor,
        related=" ".join(related),
        body=body,
        prev=chained.trail_hash,
        hash=chain_hash(chained.trail_hash, body),
    )
    EventText.objects.bulk_create(
        EventText(event=event, name=name, salt=salt, text=text)
        for name, (salt, text) in said.items()
    )
    chained.trail_seq, chained.trail_hash = event.seq, event.hash
    _tell_listeners(news_of(event.subject, event.seq, related))
    return event


def record_in_stream(name: str, type: str, **about: Any) -> Event:
    """
    Append to a chain kept for a subject without a head of its own ("agent:…", "system").

    Call it last in a transaction: it holds the stream's row until the commit.
    """
    with transaction.atomic():
        Stream.objects.get_or_create(name=name)
        stream = Stream.objects.select_for_update().get(name=name)
        event = record(stream, type, **about)
        stream.save(update_fields=["trail_seq", "trail_hash"])
    return event


def history_of(subject: str) -> list[Event]:
    """Every event of one subject, oldest first, with the texts that were not erased."""
    return list(Event.objects.filter(subject=subject).order_by("seq").prefetch_related("texts"))


def has_recorded(subject: str, type: str, *, actor: str) -> bool:
    """Whether this actor has done this to the subject before."""
    return Event.objects.filter(subject=subject, type=type, actor=actor).exists()


def first_break(events: Sequence[Event]) -> str | None:
    """
    The first place where one subject's chain does not hold, in words, or None.

    Checks numbering, linkage, hashes, that the columns say what the bodies say, and
    that the texts still kept match their commitments.
    """
    prev = ""
    for place, event in enumerate(events, start=1):
        if event.seq != place or event.prev != prev:
            return f"{event.subject}: event {place} does not follow its predecessor"
        try:
            wrong = _wrong_with(event)
        except (ValueError, LookupError, TypeError):
            # Whoever can write rows can write anything, even a body that is no JSON.
            wrong = "cannot be read"
        if wrong:
            return f"{event.subject}: event {place} {wrong}"
        prev = event.hash
    return None


def _wrong_with(event: Event) -> str | None:
    if event.hash != chain_hash(event.prev, event.body):
        return "has been changed"
    body = json.loads(event.body)
    if event.body != _canonical(body):
        return "has been changed"
    columns = [event.subject, event.seq, event.type, stamp(event.at), event.actor, event.related]
    said = [body[name] for name in ("subject", "seq", "type", "at", "actor")]
    if columns != [*said, " ".join(body["related"])]:
        return "has columns that differ from its body"
    for text in event.texts.all():
        if body["data"].get(text.name) != {"commitment": commitment(text.salt, text.text)}:
            return f"has a text {text.name!r} that has been changed"
    return None


def news_of(subject: str, seq: int, related: Sequence[str]) -> str:
    """
    The topics of one event, separated by spaces.

    Of its first event a subject is not named: nobody waits for what did not exist, and
    whoever made it and now waits for what becomes of it knows.
    """
    kind, _, _ = subject.partition(":")
    return " ".join([f"{kind}:new" if seq == 1 else subject, *related])


def chain_hash(prev: str, body: str) -> str:
    return hashlib.sha256(DOMAIN + bytes.fromhex(prev) + body.encode()).hexdigest()


def commitment(salt: str, text: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds: one instant, one spelling."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _canonical(body: Mapping[str, Any]) -> str:
    # The bodies are ours: ASCII keys, strings, booleans and whole numbers. For those,
    # sorted compact JSON is RFC 8785, which is what the offline verifier re-computes.
    _refuse_fractions(body)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse_fractions(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("an event's data holds no floats; write the number as text")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not key.isascii():
                raise TypeError("an event's data has ASCII keys only")
            _refuse_fractions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_fractions(inner)


def _tell_listeners(topics: str) -> None:
    # PostgreSQL delivers this when, and only when, the transaction commits. On SQLite the
    # listener sees the database change and reads the new rows itself.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topics])
