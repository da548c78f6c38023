"""The small change of speaking about policies: spans, shares, people, pools."""

from collections.abc import Mapping, Sequence
from typing import Any

from approvals.rules.tiers import Tier

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_LEAD = 90


def span(seconds: float) -> str:
    """A time in words, exact: "4 hours", "1 hour 30 minutes"."""
    parts, left = [], int(seconds)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "no time"


def share(fraction: float) -> str:
    """A share in words: "5 %", "0.5 %"."""
    return f"{round(fraction * 100, 6):g} %"


def number(value: float) -> str:
    return f"{value:g}"


def listed(items: Sequence[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def people(count: int, tier: Tier) -> str:
    """ "a director", "2 directors"."""
    return tier.one if count == 1 else f"{count} {tier.label}s"


def doings(rung: Mapping[str, Any]) -> list[str]:
    """What a request does at a rung of the ladder: "goes to a director", and whom it calls."""
    to, schedule = rung.get("to"), rung.get("schedule")
    return [
        *([f"goes to {Tier(to).one}"] if to else []),
        *([f"calls whoever is on call in {schedule}"] if schedule else []),
    ]


def capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def pool(team: str | None) -> str:
    return f"the team {team}" if team else "any team"


def bounds(tiers: Mapping[str, float]) -> list[tuple[Tier, float]]:
    """Each tier with the risk from which it is needed, lowest first."""
    return [(Tier.TEAM_MEMBER, 0.0), *((tier, tiers[tier]) for tier in Tier if tier in tiers)]


def beginning(text: str) -> str:
    """The first words of a long text."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= _LEAD else f"“{line[:_LEAD].rstrip()} …”"
