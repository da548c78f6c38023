"""
What a policy means, in sentences that whoever publishes it can check.

Reads the fields of a checkpoint under the names they have in a policy file. Nothing of a
policy is without words here: `COVERED` names what is read, and a test holds it against
all the fields there are. Conditions stand in backticks.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from approvals.rules.policy import OnTimeout, ResponseType, Stage
from approvals.rules.policy_phrases import (
    beginning,
    bounds,
    doings,
    listed,
    number,
    people,
    pool,
    share,
    span,
)
from approvals.rules.tiers import Tier

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Passage:
    """What a policy says on one subject."""

    title: str
    sentences: tuple[str, ...]


def passages(fields: Fields) -> list[Passage]:
    """The whole policy, in the order in which it is read over a request."""
    return [Passage(title, tuple(words(fields))) for title, (words, _) in _PASSAGES.items()]


def _what_comes(fields: Fields) -> Iterator[str]:
    title = f", called “{fields['title']}”" if fields["title"] else ""
    yield f"{fields['name']}{title} is asked {Stage(fields['stage']).label}."
    if fields["trigger"]:
        yield f"Only what fits this comes to it: {fields['trigger']}. The rest passes at once."
    else:
        yield "Everything that names it comes to it."
    required = fields["required_context"]
    if isinstance(required, Mapping) and required:
        yield f"The context has to fit a schema: `{_compact(required)}`."
    elif required:
        yield f"A request is refused without {listed(required)} in its context."
    else:
        yield "No context is asked for."


def _what_is_read(fields: Fields) -> Iterator[str]:
    if fields["effect"]:
        yield f"The reviewer first reads: {fields['effect']}"
    else:
        yield "The reviewer first reads the name of the action; nobody wrote a sentence for it."
    if fields["guidelines"]:
        yield f"The guidelines begin {beginning(fields['guidelines'])}"
    else:
        yield "There are no guidelines to hold it against."
    if fields["redacted_fields"]:
        yield f"Masked until somebody asks to see it: {listed(fields['redacted_fields'])}."
    else:
        yield "Nothing is masked."


def _risk(fields: Fields) -> Iterator[str]:
    for rule in fields["risk_rules"]:
        why = f" ({rule['explanation']})" if rule.get("explanation") else ""
        weight = number(rule["weight"])
        yield f"{rule['name']} adds {weight}{why} where `{rule['condition']}`."
    if fields["risk_rules"]:
        yield "What applies is added up, to 1 at most; the agent's own estimate can only raise it."
    else:
        yield "No rule adds to the risk: it is what the agent says of itself, or 0."


def _what_passes(fields: Fields) -> Iterator[str]:
    below = fields["auto_approve_below"]
    if fields["response_type"] != ResponseType.BINARY:
        yield "Nothing passes by itself: no policy can answer a question."
    elif below > 0:
        yield f"Below risk {number(below)} it passes without a person."
    else:
        yield "No risk is low enough to pass by itself; only a template that is on may pass it."
    if fields["never_auto"]:
        yield f"Whatever its risk, a person decides where `{fields['never_auto']}`."
    else:
        yield "There is nothing that a person must see whatever its risk."
    if fields["auto_audit_rate"]:
        yield f"{share(fields['auto_audit_rate'])} of what passed is looked at afterwards."
    else:
        yield "What passed is not looked at afterwards."


def _who_decides(fields: Fields) -> Iterator[str]:
    steps = bounds(fields["tiers"])
    for place, (tier, bound) in enumerate(steps):
        count = fields["quorum"].get(tier, 1)
        verb = "decides" if count == 1 else "decide together"
        who = people(count, tier)
        until = f" up to {number(steps[place + 1][1])}" if place + 1 < len(steps) else " on"
        yield f"From risk {number(bound)}{until}, {who} {verb}."
    for tier in Tier:
        if tier not in dict(steps) and tier in fields["quorum"]:
            who = people(fields["quorum"][tier], tier)
            yield f"Where it comes to {tier.one} by other ways, {who} must agree."
    yield f"They may be of {pool(fields['team'])}."
    against = fields["deny_threshold"]
    yield "One rejection ends it." if against == 1 else f"It takes {against} rejections to end it."
    if fields["excludes_publisher"]:
        yield "Whoever publishes this version may not decide under it."
    else:
        yield "Whoever publishes this version may also decide under it."
    if fields.get("edits_may_lower"):
        yield "An edit that lowers the risk lowers the tier with it."


def _silence(fields: Fields) -> Iterator[str]:
    yield f"The time to decide is {span(fields['timeout_seconds'])}."
    match OnTimeout(fields["on_timeout"]):
        case OnTimeout.REJECT:
            yield "If nobody answers, it is rejected."
        case OnTimeout.ESCALATE:
            yield "If nobody answers, the next tier gets the same time; after the last, rejected."
        case OnTimeout.APPROVE:
            low = fields["tiers"].get(Tier.TEAM_LEAD, 0.0)
            agreed = "" if fields["allow_timeout_approve"] else " (nobody has agreed to that yet)"
            yield f"If nobody answers, silence approves what is below risk {number(low)}{agreed};"
            yield "what is above, or was raised, is rejected."
    for rung in fields["ladder"]:
        yield f"After {span(rung['after_seconds'])} it {listed(doings(rung))}."
    if not fields["ladder"]:
        yield "Until then it goes to nobody else."


def _who_is_told(fields: Fields) -> Iterator[str]:
    if fields["reminders"]:
        shares = listed([share(fraction) for fraction in fields["reminders"]])
        yield f"Those who may decide are reminded at {shares} of the time."
    else:
        yield "Nobody is reminded."
    urgent = fields["urgent_below_seconds"]
    whom = fields.get("on_call")
    if not urgent:
        yield "It never counts as urgent."
    else:
        yield f"With less than {span(urgent)} left it is urgent."
    if whom:
        yield f"Whoever is on call in {whom} is called then, if nobody looks at it."
    else:
        yield "Nobody in particular is called then."


def _the_answer(fields: Fields) -> Iterator[str]:
    response = fields["response"]
    yield f"The answer is {ResponseType(fields['response_type']).label}."
    if response.get("options"):
        labels = listed([f"“{option['label']}” ({option['id']})" for option in response["options"]])
        least, most = response.get("min", 1), response.get("max", len(response["options"]))
        yield f"{least} to {most} are to be chosen of {labels}."
    if response.get("schema"):
        yield f"What is written has to fit `{_compact(response['schema'])}`."
    yield f"The permission that follows holds for {span(fields['grant_seconds'])}, for one use."


def _how_it_is_reviewed(fields: Fields) -> Iterator[str]:
    most = fields["batch_max"]
    yield f"Up to {most} are decided together." if most else "Each is decided by itself."
    yield from _by_tier(fields["min_open_seconds"], "is open for {} before it is decided", span)
    yield from _by_tier(fields["undo_seconds"], "can be undone for {}", span)
    yield from _by_tier(fields["second_review_rate"], "is reviewed a second time in {}", share)


def _by_tier(values: Mapping[str, Any], says: str, words: Callable[[Any], str]) -> Iterator[str]:
    for tier in Tier:
        if values.get(tier):
            yield f"What {tier.one} decides {says.format(words(values[tier]))}."


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


# Each subject: what puts it into words, and the fields of which it speaks.
_PASSAGES: dict[str, tuple[Callable[[Fields], Iterator[str]], tuple[str, ...]]] = {
    "What comes here": (_what_comes, ("name", "title", "stage", "trigger", "required_context")),
    "What is read": (_what_is_read, ("effect", "guidelines", "redacted_fields")),
    "Risk": (_risk, ("risk_rules",)),
    "What passes": (_what_passes, ("auto_approve_below", "never_auto", "auto_audit_rate")),
    "Who decides": (
        _who_decides,
        ("tiers", "quorum", "team", "deny_threshold", "excludes_publisher", "edits_may_lower"),
    ),
    "Silence": (
        _silence,
        ("timeout_seconds", "on_timeout", "allow_timeout_approve", "ladder"),
    ),
    "Who is told": (_who_is_told, ("reminders", "urgent_below_seconds", "on_call")),
    "The answer": (_the_answer, ("response_type", "response", "grant_seconds")),
    "Reviewing": (
        _how_it_is_reviewed,
        ("batch_max", "min_open_seconds", "undo_seconds", "second_review_rate"),
    ),
}
COVERED = frozenset(name for _, names in _PASSAGES.values() for name in names)
