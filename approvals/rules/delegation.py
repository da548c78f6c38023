"""Whether naming a delegate can come to anything."""

from collections.abc import Sequence
from datetime import datetime

from approvals.rules.authority import Standing

Stretch = tuple[datetime, datetime]


def why_never(
    absent: Standing, delegate: Standing, *, away: Stretch, delegate_away: Sequence[Stretch]
) -> str | None:
    """
    Why this delegate could never stand in during that absence, or None if they could.

    :param delegate_away: the delegate's own absences, in any order
    """
    starts_at, _ = away
    for person in (absent, delegate):
        if not person.is_active:
            return f"{person.name} is not an active reviewer."
        if person.competent_until and person.competent_until <= starts_at:
            return f"{person.name}'s qualification for reviewing has run out by then."
    if _covers(delegate_away, away):
        return f"{delegate.name} is away all that time too, and delegation does not chain."
    return None


def _covers(stretches: Sequence[Stretch], whole: Stretch) -> bool:
    reached, ends_at = whole
    for begins, ends in sorted(stretches):
        if begins <= reached:
            reached = max(reached, ends)
    return reached >= ends_at
