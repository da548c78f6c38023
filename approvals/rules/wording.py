"""
What a notice says: enough to know whether to hurry, and nothing that one could act upon.

No arguments, nothing masked, no words of the agent but its name. What somebody else wrote
stands between “ and ”, and holds neither: so each channel can tell it from our own words.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.rules import spoofing
from approvals.rules.tiers import Level

LONGEST_QUOTE = 80
LISTED = 20
# What mail programs and chats would make a link of: a scheme, or a dot before a letter.
_LINKING_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_])")
_LINE_BREAKS = str.maketrans({"\r": "[U+000D]", "\n": "[U+000A]", "\t": "[U+0009]"})
_QUOTES = str.maketrans({"“": '"', "”": '"'})
_SILENCE = {"reject": "rejects it", "escalate": "escalates it", "approve": "approves it"}


@dataclass(frozen=True)
class Matter:
    """One request, as far as a notice speaks of it; instants in the reader's zone."""

    checkpoint: str
    level: Level
    agent: str
    expires_at: datetime
    on_timeout: str
    status: str
    is_open: bool = True


@dataclass(frozen=True)
class Words:
    """A line, and the paragraphs under it. Plain text; the link is not in it."""

    subject: str
    text: str


_LEADS = {
    "new": ("Waits for you", "An agent asks for permission, and you may decide."),
    "reminder": ("Still waits", "Part of its time has passed, and nobody has settled it."),
    "escalated": ("Escalated to you", "It needs more authority now, and you may decide."),
    "urgent": ("Urgent", "Little time is left, and you are asked to look now."),
}


def of_waiting(kind: str, matter: Matter, *, others: int, at: datetime) -> Words:
    """
    Something waits for a person to decide it.

    :param kind: new, reminder, escalated or urgent
    :param others: how many more wait for whoever reads this
    """
    title, lead = _LEADS[kind]
    left = span(matter.expires_at - at)
    subject = f"{title}: {matter.checkpoint}, {matter.level} risk, {left} left"
    lines = [
        lead,
        "",
        *_about(matter),
        f"Time left: {left}, until {clock(matter.expires_at)}; then silence"
        f" {_SILENCE[matter.on_timeout]}.",
        *([f"{_counted(others)}."] if others else []),
    ]
    return Words(f"{subject} (+{others:,} more)" if others else subject, "\n".join(lines))


def of_timeout(matter: Matter, *, others: int) -> Words:
    """Nobody decided in time. `others` timed out with it, for the same reader."""
    came_to = "waits for a higher tier" if matter.is_open else f"is {matter.status}"
    lines = [
        f"Nobody decided in time: the request {came_to}.",
        "",
        *_about(matter),
        *([f"{others:,} more timed out."] if others else []),
    ]
    subject = f"Timed out: {matter.checkpoint}, {matter.level} risk"
    return Words(f"{subject} (+{others:,} more)" if others else subject, "\n".join(lines))


def of_digest(matters: list[Matter], *, waiting: int, at: datetime) -> Words:
    """What waits at low risk, nearest deadline first; `waiting` in all."""
    lines = [
        f"{matter.checkpoint}: {span(matter.expires_at - at)} left, asked by {quoted(matter.agent)}"
        for matter in matters[:LISTED]
    ]
    if waiting > len(lines):
        lines.append(f"and {waiting - len(lines):,} more")
    what = "request waits" if waiting == 1 else "requests wait"
    return Words(
        f"{waiting:,} low-risk {what} for you", "\n".join(["At low risk, once a day:", "", *lines])
    )


def of_test() -> Words:
    return Words("A test message", "You asked for it, and it arrived. Nothing waits because of it.")


def quoted(text: str) -> str:
    """
    Somebody else's words, short and on one line, inert wherever they are shown.

    Hidden and reordering characters are spelled out, and nothing in them becomes a link.
    """
    short = text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
    seen = spoofing.spelled_out(short).translate(_LINE_BREAKS).translate(_QUOTES)
    return f"“{_LINKING_DOT.sub('[.]', seen.replace('://', '[:]//'))}”"


def span(length: timedelta) -> str:
    """ "2 h 12 min", "38 min", "under 1 min"."""
    minutes = max(int(length.total_seconds()) // 60, 0)
    if not minutes:
        return "under 1 min"
    if minutes >= 24 * 60:
        units = ((minutes // (24 * 60), "d"), (minutes // 60 % 24, "h"))
    else:
        units = ((minutes // 60, "h"), (minutes % 60, "min"))
    return " ".join(f"{count} {unit}" for count, unit in units if count)


def clock(at: datetime) -> str:
    """ "14:46 CET on 2 Nov"."""
    zone = at.tzname() or ""
    return f"{at:%H:%M} {zone if zone.isalpha() else f'UTC{zone}'} on {at.day} {at:%b}"


def _about(matter: Matter) -> list[str]:
    return [
        f"Checkpoint: {matter.checkpoint}",
        f"Risk: {matter.level}",
        f"Agent: {quoted(matter.agent)}",
    ]


def _counted(others: int) -> str:
    return f"{others:,} more {'waits' if others == 1 else 'wait'}"
