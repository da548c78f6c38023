"""The trail: what happened, in order, in words that outlive what they describe."""

import uuid

from django.db import models


class Event(models.Model):
    """
    One line of the trail. Never changed, never removed: the database refuses both.

    Each subject ("approval:<id>", "agent:<id>", …) has its own chain: `seq` counts from
    1 and `hash` covers the previous event's hash and this event's canonical `body`.
    `subject`, `actor` and `related` are text, not foreign keys, so that a line stays
    readable when what it speaks of is gone.
    """

    # The order in which this database wrote the rows. Under concurrent writers it is not
    # the order of commits, so nothing may page through the trail by it on PostgreSQL.
    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=120)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    # Other subjects this touches, separated by spaces: who else wants to hear of it.
    related = models.CharField(max_length=600, blank=True)
    body = models.TextField()
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "seq"], name="event_once_per_place"),
            models.UniqueConstraint(fields=["hash"], name="event_hash_unique"),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="event_seq_from_one"),
        ]
        indexes = [
            # The global trail page and the export walk by time; filters narrow by type.
            models.Index(fields=["at", "id"], name="event_by_time"),
            models.Index(fields=["type", "at"], name="event_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} #{self.seq} {self.type}"


class EventText(models.Model):
    """
    Free text said in an event, kept beside it so that it can be erased.

    The event's body holds only `SHA-256(salt || text)`. Erasing the row leaves the chain
    verifiable and the text unrecoverable.
    """

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="texts")
    name = models.CharField(max_length=60)
    salt = models.CharField(max_length=64)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="event_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of event {self.event_id}"


class Stream(models.Model):
    """
    The head of a chain whose subject has no row of its own to keep it on.

    Approvals carry their head themselves (their row is locked anyway); agents,
    checkpoints, people and the system use one of these.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    trail_seq = models.PositiveIntegerField(default=0)
    trail_hash = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="stream_name_unique")]

    def __str__(self) -> str:
        return f"{self.name} at {self.trail_seq}"

    @property
    def ref(self) -> str:
        return self.name
