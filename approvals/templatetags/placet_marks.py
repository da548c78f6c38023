"""The small signs: risk, the risk ruler, votes, verdicts, and what no person decided."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

LEVELS = ("low", "medium", "high", "critical")
TIERS = (
    ("team member", "member"),
    ("team lead", "lead"),
    ("director", "director"),
    ("executive", "exec."),
)

# Votes past this number are told in words alone.
MOST_TABLETS = 7

# A way to an outcome that no person took: its icon and its word.
VIAS = {
    "template": ("zap", "Template"),
    "threshold": ("under", "Below the threshold"),
    "not_triggered": ("skip", "Not triggered"),
    "timeout": ("glass", "Timed out"),
    "bypass": ("ban", "Bypassed"),
    "lapsed": ("clock", "Lapsed"),
    "delegation": ("for", ""),
}

# A person's verdict: the tablet or the icon that stands for it, and its word.
VERDICTS = {
    "approve": ("yes", "Approved"),
    "modify": ("yes", "Modified"),
    "reject": ("no", "Rejected"),
    "request_changes": ("i-retry", "Changes requested"),
    "guide": ("i-say", "Guided"),
    "defer": ("i-clock", "Deferred"),
    "escalate": ("i-up", "Escalated"),
}
STATUSES = {
    "pending": ("open", "Pending"),
    "changes_requested": ("i-retry", "Changes requested"),
    "approved": ("yes", "Approved"),
    "modified": ("yes", "Modified"),
    "rejected": ("no", "Rejected"),
}


@register.filter
def initials(name: Any) -> str:
    """The first letters of the first and the last word of a name."""
    words = str(name).split()
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:]))


@register.simple_tag
def icon(name: str, small: bool = False) -> SafeString:
    """A symbol of the sprite, as decoration beside a word."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>',
        "i i-s" if small else "i",
        name,
    )


@register.inclusion_tag("components/risk.html")
def risk(level: str, score: float | None = None) -> dict[str, Any]:
    """
    Shape, word and colour of a risk level, the score small beside it.

    :param level: low, medium, high or critical
    :param score: 0 to 1; leave it out where it must not be seen yet
    """
    if level not in LEVELS:
        raise ValueError(f"Not a risk level: {level!r}")
    return {
        "level": level,
        "word": level.capitalize(),
        "score": None if score is None else f"{score:.2f}",
    }


@register.inclusion_tag("components/ruler.html")
def ruler(
    score: float, bounds: Sequence[float] = (0.3, 0.6, 0.9), was: float | None = None
) -> dict[str, Any]:
    """
    The score on the scale of authority.

    :param bounds: the three scores where the next tier begins
    :param was: the score before an edit, drawn as an open dot
    """
    edges = [_x(edge) for edge in (0.0, *bounds, 1.0)]
    mine = sum(score >= bound for bound in bounds)
    moved_from = None if was == score else was
    now_x, was_x = _x(score), None if moved_from is None else _x(moved_from)
    return {
        "label": _ruler_in_words(score, bounds, was),
        "level": LEVELS[mine],
        "ticks": [f"{edge:.1f}" for edge in edges],
        "now": _dot(score, now_x, was_x),
        "was": None if moved_from is None else _dot(moved_from, _x(moved_from), now_x),
        "arrow": "" if was_x is None else _arrow(was_x, now_x),
        "tiers": [
            {"x": f"{(left + right) / 2:.1f}", "word": word, "on": place == mine}
            for place, (left, right) in enumerate(pairwise(edges))
            if (word := _fitting(place, right - left))
        ],
    }


@register.inclusion_tag("components/quorum.html")
def quorum(
    needed: int, approvals: int = 0, rejections: int = 0, outdated: int = 0
) -> dict[str, Any]:
    """One voting tablet per vote, cast, outdated or still needed, and the count in words."""
    tablets = [
        *["yes"] * approvals,
        *["no"] * rejections,
        *["old"] * outdated,
        *["open"] * max(needed - approvals, 0),
    ]
    return {
        "tablets": tablets if len(tablets) <= MOST_TABLETS else [],
        "needed": needed,
        "approvals": approvals,
        "rejections": rejections,
        "outdated": outdated,
    }


@register.inclusion_tag("components/via.html")
def via(kind: str, detail: str = "") -> dict[str, Any]:
    """
    How a request was settled, or seen, other than by its own reviewer.

    :param kind: template, threshold, not_triggered, timeout, bypass, lapsed or delegation
    :param detail: which template, what it came to, or who acts for whom
    """
    icon_name, word = VIAS[kind]
    joint = " " if kind == "template" else ": "
    return {"icon": icon_name, "words": joint.join(filter(None, (word, detail)))}


@register.inclusion_tag("components/verdict.html")
def verdict(kind: str) -> dict[str, Any]:
    """What one person said, as a tablet or an icon with its word."""
    return _sign(*VERDICTS[kind])


@register.inclusion_tag("components/status.html")
def status(kind: str, via: str = "human", detail: str = "") -> dict[str, Any]:
    """
    What a request came to: a tablet if people decided it, a dashed chip if nobody did.

    :param via: human, or a kind of the `via` tag
    :param detail: which template or bypass
    """
    if kind == "cancelled":
        return {"via": "lapsed", "detail": "the agent withdrew"}
    if via == "human":
        return _sign(*STATUSES[kind])
    came_to = STATUSES[kind][1].lower()
    return {"via": via, "detail": f"{detail}, {came_to}" if detail else came_to}


def _sign(sign: str, word: str) -> dict[str, Any]:
    symbol = sign.removeprefix("i-")
    return {"icon" if sign.startswith("i-") else "tablet": symbol, "word": word}


def _x(score: float) -> float:
    """Where a score lies on the ruler, which is 440 units long."""
    return 10 + 440 * min(max(float(score), 0.0), 1.0)


def _arrow(start: float, end: float) -> str:
    """The line from the old score to the new; none if they all but touch."""
    if abs(end - start) < 24:
        return ""
    step = 1 if end > start else -1
    tip = end - 5 * step
    return f"M{start + 4 * step:.1f} 12H{tip:.1f}m{-4 * step} -3 {4 * step} 3 {-4 * step} 3"


def _dot(score: float, x: float, other: float | None) -> dict[str, str]:
    """A dot and its number, which stands on the side away from the other dot."""
    side = 0 if other is None else 1 if x > other else -1
    return {
        "x": f"{x:.1f}",
        "text_x": f"{min(max(x + 4 * side, 22.0), 438.0) if side == 0 else x + 4 * side:.1f}",
        "anchor": {-1: "end", 0: "middle", 1: "start"}[side],
        "score": f"{score:.2f}",
    }


def _fitting(place: int, width: float) -> str:
    long, short = TIERS[place]
    return long if width >= 72 else short if width >= 44 else ""


def _ruler_in_words(score: float, bounds: Sequence[float], was: float | None) -> str:
    before = "" if was is None else f", was {was:.2f}"
    tiers = ", ".join(
        f"{names[0]} below {bound:.2f}" for names, bound in zip(TIERS, bounds, strict=False)
    )
    return f"Risk {score:.2f}{before} on a scale from 0 to 1; {tiers}, executive above"
