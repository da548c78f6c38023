"""Policies in words: states, leanings, shares, and texts side by side."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from approvals.models import ApprovalRequest
from approvals.rules import policy_phrases
from approvals.rules.lifecycle import Via
from approvals.rules.tiers import SHIPPED_BOUNDS, Tier
from approvals.templatetags.placet_payload import diff
from approvals.templatetags.placet_time import duration

register = template.Library()

# What a state means: an icon of the sprite, and words.
STATES = {
    "draft": ("pencil", "Draft"),
    "shadow": ("eye", "In the shadow"),
    "live": ("check", "Live"),
    "retired": ("clock", "Retired"),
}


@register.inclusion_tag("components/version_state.html")
def version_state(state: str) -> dict[str, str]:
    icon, word = STATES[state]
    return {"state": state, "icon": icon, "word": word}


@register.inclusion_tag("components/diff.html")
def texts_diff(texts: tuple[str, str]) -> dict[str, Any]:
    """A text before and after, word by word."""
    before, after = texts
    return diff({"text": before}, {"text": after})


@register.filter
def coded(sentence: str) -> SafeString:
    """A sentence about a policy, its conditions as code."""
    pieces = enumerate(sentence.split("`"))
    tags = ("{}", "<code>{}</code>")
    return format_html_join("", "{}", ((format_html(tags[n % 2], text),) for n, text in pieces))


@register.filter
def percent(share: float, places: int = 0) -> str:
    return f"{share * 100:.{places}f}\u00a0%"


@register.filter
def minutes(count: float) -> str:
    return duration(count * 60)


@register.filter
def listed(items: Sequence[str]) -> str:
    return policy_phrases.listed(list(items))


@register.filter
def people(tier: str, count: int) -> str:
    """ "a director", "2 directors"."""
    return policy_phrases.people(count, Tier(tier))


@register.filter
def passing(name: str) -> str:
    """What let something pass: a template by its name, or the way in words."""
    return name if name.startswith("template ") else Via(name).label


@register.filter
def three_bounds(tiers: Mapping[str, float]) -> tuple[float, ...]:
    """The scores where the next tier begins; the shipped one for a tier that has none."""
    return tuple(tiers.get(tier, shipped) for tier, shipped in SHIPPED_BOUNDS.items())


@register.filter
def effect_words(approval: ApprovalRequest) -> str:
    """Its effect, unless its checkpoint masks some of what it may be made of."""
    if approval.terms.redacted_fields:
        return f"Runs {approval.action}; some of it is masked."
    return approval.effect


@register.filter
def item(values: Mapping[str, Any], key: str) -> Any:
    return values.get(key)


@register.filter
def in_set(value: Any, values: Collection[str]) -> bool:
    return str(value) in values
