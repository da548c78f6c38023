"""What an approval may become, and what it may never become again."""

from django.db.models import TextChoices


class Status(TextChoices):
    PENDING = "pending", "pending"
    CHANGES_REQUESTED = "changes_requested", "changes requested"
    APPROVED = "approved", "approved"
    MODIFIED = "modified", "modified"
    REJECTED = "rejected", "rejected"
    CANCELLED = "cancelled", "cancelled"

    @property
    def is_open(self) -> bool:
        return self in OPEN

    @property
    def may_proceed(self) -> bool:
        return self in PROCEED


class Via(TextChoices):
    """By what an approval was settled. Only `human` is a person's word."""

    HUMAN = "human", "a person"
    TEMPLATE = "template", "a template"
    THRESHOLD = "threshold", "the auto-approval threshold"
    NOT_TRIGGERED = "not_triggered", "a trigger that did not apply"
    TIMEOUT = "timeout", "its deadline"
    BYPASS = "bypass", "a bypass"
    AGENT = "agent", "its agent"


OPEN = frozenset({Status.PENDING, Status.CHANGES_REQUESTED})
PROCEED = frozenset({Status.APPROVED, Status.MODIFIED})
TERMINAL = frozenset(Status) - OPEN

_MAY_FOLLOW: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.CHANGES_REQUESTED}) | TERMINAL,
    # The agent revises, withdraws, or lets its time run out. Nobody can approve what
    # was sent back.
    Status.CHANGES_REQUESTED: frozenset({Status.PENDING, Status.REJECTED, Status.CANCELLED}),
}


class IllegalMove(Exception):
    """A status that may not follow; a bug in the caller, never a user's mistake."""


def may_follow(current: Status, new: Status) -> bool:
    return new in _MAY_FOLLOW.get(current, frozenset())


def move(current: Status, new: Status) -> Status:
    """
    The new status.

    :raises IllegalMove: `new` may not follow `current`
    """
    if not may_follow(current, new):
        raise IllegalMove(f"{new} may not follow {current}")
    return new
