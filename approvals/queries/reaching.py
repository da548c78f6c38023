"""How somebody can be reached, and when they may be spoken to."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.contrib.auth.models import User

from approvals.models import Notice, NotificationPreference, Reviewer, Team
from approvals.rules.hours import Hours
from approvals.rules.rota import WEEKDAYS

_ALWAYS = Hours()


@dataclass(frozen=True)
class Ear:
    """One way to reach one person, or one channel."""

    channel: Notice.Channel
    recipient: str
    reviewer: Reviewer | None = None
    hours: Hours = _ALWAYS


def preference_of(reviewer: Reviewer) -> NotificationPreference:
    """What they chose, or the defaults, not saved. Loaded with `notifying` it never queries."""
    return getattr(reviewer, "notifying", None) or NotificationPreference(reviewer=reviewer)


def hours_of(reviewer: Reviewer) -> Hours:
    chosen = preference_of(reviewer)
    quiet = (chosen.quiet_from, chosen.quiet_until)
    return Hours(
        zone=reviewer.zone,
        working=reviewer.working_hours,
        quiet=None if quiet[0] is None or quiet[1] is None else (quiet[0], quiet[1]),
    )


def working_days(reviewer: Reviewer) -> list[str]:
    """Their working hours for a screen, days of the same hours together, in the week's order."""
    spans = []
    for hours, run in groupby(WEEKDAYS, key=reviewer.working_hours.get):
        first, *more = [day.title() for day in run]
        if hours:
            days = f"{first} to {more[-1]}" if more else first
            spans.append(f"{days} {' to '.join(hours)}")
    return spans


def ears_of(people: Iterable[Reviewer]) -> list[Ear]:
    """Every way these people want to be told. Without EMAIL_URL there is no e-mail."""
    ears = []
    for person in people:
        chosen, hours = preference_of(person), hours_of(person)
        if settings.EMAIL_URL and chosen.by_email and person.user.email:
            ears.append(Ear(Notice.Channel.EMAIL, person.user.email, person, hours))
        if chosen.chat_url:
            ears.append(Ear(Notice.Channel.CHAT, chosen.chat_url, person, hours))
    return ears


def ears_of_users(users: Iterable[User]) -> list[Ear]:
    """Of people who need not be reviewers: their e-mail, or what they chose as reviewers."""
    ears = []
    for user in users:
        if reviewer := getattr(user, "reviewer", None):
            ears += ears_of([reviewer])
        elif settings.EMAIL_URL and user.email:
            ears.append(Ear(Notice.Channel.EMAIL, user.email))
    return ears


def ears_of_team(team: Team | None) -> list[Ear]:
    return [Ear(Notice.Channel.CHAT, team.chat_url)] if team and team.chat_url else []


def ears_of_operators() -> list[Ear]:
    """NOTIFY_URLS. The row names a service by its place: its address is a secret."""
    return [
        Ear(Notice.Channel.APPRISE, str(place)) for place, _ in enumerate(settings.NOTIFY_URLS, 1)
    ]


def still_reaches(notice: Notice) -> bool:
    """Whether whoever it was for is reached there now: people move, and switch channels off."""
    reader, to = notice.reviewer, notice.recipient
    match notice.channel:
        case Notice.Channel.EMAIL if reader:
            return preference_of(reader).by_email and reader.user.email == to
        case Notice.Channel.EMAIL:
            return User.objects.filter(email=to, is_active=True).exists()
        case Notice.Channel.CHAT if reader:
            return preference_of(reader).chat_url == to
        case Notice.Channel.CHAT:
            return Team.objects.filter(chat_url=to).exists()
        case _:
            return True
