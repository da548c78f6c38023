"""Instants and spans in words: relative, absolute with zone, and what silence does."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SOON = timedelta(minutes=15)

# What became, or will become, of a request that nobody answers.
SILENCE = {"reject": "rejected", "escalate": "escalated", "approve": "approved"}

# A space that doesn't break, so that "12 min" stays on one line.
NBSP = "\u00a0"


@register.inclusion_tag("components/deadline.html")
def deadline(due_at: datetime, then: str = "reject", now: datetime | None = None) -> dict[str, Any]:
    """ "38 min left. At 14:46 CET: rejected", or since when it is over."""
    now = now or timezone.now()
    absolute = clock(due_at, now=now)
    today = timezone.localdate(due_at) == timezone.localdate(now)
    return _left(due_at, then, now) | {
        "absolute": f"At {absolute}" if today else absolute[0].upper() + absolute[1:],
    }


@register.inclusion_tag("components/due.html")
def due(due_at: datetime, then: str = "reject", now: datetime | None = None) -> dict[str, Any]:
    """The time left, short, for a row of the queue."""
    return _left(due_at, then, now or timezone.now())


@register.simple_tag
def moment(at: datetime, seconds: bool = False, now: datetime | None = None) -> SafeString:
    """An instant in the reader's zone, its UTC form on hover and for machines."""
    words = clock(at, now=now or timezone.now(), seconds=seconds)
    return format_html(
        '<time datetime="{iso}" title="{utc}">{words}</time>', words=words, **_machine_readable(at)
    )


@register.filter
def duration(span: timedelta | float) -> str:
    """A span (or a number of seconds) in at most two units: "2 h 12 min", "1 min 55 s"."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds >= 86_400:
        days, hours = divmod(int(seconds) // 3600, 24)
        return _units((days, "d"), (hours, "h"))
    if seconds >= 3600:
        hours, minutes = divmod(int(seconds) // 60, 60)
        return _units((hours, "h"), (minutes, "min"))
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    return _units((minutes, "min"), (rest, "s")) or f"0{NBSP}s"


def clock(at: datetime, *, now: datetime, seconds: bool = False) -> str:
    """ "14:46 CET" today, "tomorrow 09:00 CET", "24 Nov 09:00 CET", with the year if another."""
    local, here = timezone.localtime(at), timezone.localtime(now)
    zone = local.tzname() or ""
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    time = f"{time}{NBSP}{zone if zone.isalpha() else f'UTC{zone}'}"
    days = (local.date() - here.date()).days
    if days in (-1, 0, 1):
        return {-1: f"yesterday {time}", 0: time, 1: f"tomorrow {time}"}[days]
    year = f" {local:%Y}" if local.year != here.year else ""
    return f"{local.day}{NBSP}{local:%b}{year} {time}"


def _units(*amounts: tuple[int, str]) -> str:
    return NBSP.join(f"{amount}{NBSP}{unit}" for amount, unit in amounts if amount)


def _left(due_at: datetime, then: str, now: datetime) -> dict[str, Any]:
    left = due_at - now
    # Seconds matter in the last minute alone; placet.js counts down in the same steps.
    steps = timedelta(minutes=1) if left >= timedelta(minutes=1) else timedelta(seconds=1)
    return _machine_readable(due_at) | {
        "left": duration(left - left % steps),
        "over": left <= timedelta(0),
        "soon": timedelta(0) < left < SOON,
        "then": SILENCE.get(then, then),
        "clock": clock(due_at, now=now),
    }


def _machine_readable(at: datetime) -> dict[str, str]:
    utc = at.astimezone(UTC)
    return {"iso": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "utc": f"{utc:%Y-%m-%d %H:%M:%S} UTC"}
