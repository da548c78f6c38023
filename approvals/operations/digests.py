"""The day's digest: what waits at low risk, once a day by each person's own clock."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from approvals.models import Notice, NotificationPreference, Reviewer
from approvals.operations._owing import Telling, owe
from approvals.queries import candidates, notice_words, reaching
from approvals.rules import hours


def owe_digests(*, at: datetime) -> int:
    """Owe everybody whose hour has come their digest, if anything waits; how many messages."""
    due = [
        (person, day)
        for person in candidates.everybody()
        if (day := _day_due(person, at)) and reaching.ears_of([person])
    ]
    here = {one.pk for one in candidates.who_is_there([person for person, _ in due], at=at)}
    return sum(_owe(person, day, at=at) for person, day in due if person.pk in here)


def _day_due(person: Reviewer, at: datetime) -> date | None:
    chosen = reaching.preference_of(person)
    if not chosen.digest_low:
        return None
    return hours.digest_day(
        reaching.hours_of(person), due=chosen.digest_at, sent_on=chosen.digest_sent_on, at=at
    )


@transaction.atomic(durable=True)
def _owe(person: Reviewer, day: date, *, at: datetime) -> int:
    # One statement decides between workers that race, and holds for a day with nothing to
    # tell as well: what comes later waits for tomorrow.
    kept, _ = NotificationPreference.objects.get_or_create(reviewer=person)
    earlier = Q(digest_sent_on=None) | Q(digest_sent_on__lt=day)
    if not NotificationPreference.objects.filter(earlier, pk=kept.pk).update(digest_sent_on=day):
        return 0
    if not notice_words.low_for(person, at=at):
        return 0
    return owe([Telling(Notice.Kind.DIGEST, ear) for ear in reaching.ears_of([person])], at=at)
