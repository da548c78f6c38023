"""
May this policy be saved? One answer for policy files, forms and publishing alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from approvals.rules import policy_shapes, schemas
from approvals.rules.policy import OnTimeout, ResponseType
from approvals.rules.policy_problems import Check, Problem, checked, condition, sentence
from approvals.rules.tiers import Tier

SHOWN = ("/arguments", "/context", "/steps")


def problems_of_checkpoint(fields: Mapping[str, Any]) -> list[Problem]:
    """
    What is wrong with a checkpoint's policy; empty if it may be saved.

    :param fields: all of them, under the names they have in a policy file, as plain JSON
        values; what was not given stands there with its default
    """
    return checked(fields, policy_shapes.CHECKPOINT, _CHECKS)


def _trigger(source: str) -> Iterator[Problem]:
    # It is read before the risk is known.
    yield from condition("trigger", source, with_risk=False)


def _never_auto(source: str) -> Iterator[Problem]:
    yield from condition("never_auto", source, with_risk=True)


def _effect(template: str) -> Iterator[Problem]:
    yield from sentence("effect", template)


def _risk_rules(rules: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    for place, rule in enumerate(rules):
        yield from condition(f"risk_rules[{place}].condition", rule["condition"], with_risk=False)
        yield from sentence(f"risk_rules[{place}].explanation", rule.get("explanation", ""))
        if rule["name"] in [other["name"] for other in rules[:place]]:
            yield Problem(f"risk_rules[{place}].name", f"{rule['name']!r} is there twice")


def _required_context(required: Any) -> Iterator[Problem]:
    if isinstance(required, Mapping) and (wrong := schemas.check(required)):
        yield Problem("required_context", wrong)


def _response(kind: str, response: Mapping[str, Any]) -> Iterator[Problem]:
    of_kind = {
        ResponseType.BINARY: set(),
        ResponseType.MULTISELECT: {"options", "min", "max"},
        ResponseType.FREEFORM: {"schema"},
    }[ResponseType(kind)]
    for name in sorted(set(response) - of_kind):
        yield Problem(f"response.{name}", f"has no meaning for a {kind} response")
    if kind == ResponseType.MULTISELECT:
        yield from _choices(response)
    if kind == ResponseType.FREEFORM and (wrong := schemas.check(response.get("schema", {}))):
        yield Problem("response.schema", wrong)


def _choices(response: Mapping[str, Any]) -> Iterator[Problem]:
    ids = [option["id"] for option in response.get("options", [])]
    least, most = response.get("min", 1), response.get("max", len(ids))
    if not ids:
        yield Problem("response.options", "a multiselect response needs options to choose from")
    elif len(set(ids)) < len(ids):
        yield Problem("response.options", "two options have the same id")
    elif not least <= most <= len(ids):
        yield Problem("response", f"{least} to {most} of {len(ids)} options cannot be chosen")


def _tiers(bounds: Mapping[str, float]) -> Iterator[Problem]:
    named = [tier for tier in Tier if tier in bounds]
    for lower, higher in pairwise(named):
        if bounds[lower] >= bounds[higher]:
            yield Problem(f"tiers.{higher}", f"must be above {lower}'s {bounds[lower]}")


def _ladder(rungs: Sequence[Mapping[str, Any]], timeout: int, on_timeout: str) -> Iterator[Problem]:
    for place, (rung, after) in enumerate(pairwise(rungs), start=1):
        if after["after_seconds"] <= rung["after_seconds"]:
            yield Problem(f"ladder[{place}].after_seconds", "must be later than the rung before")
    tiers = [(place, Tier(rung["to"])) for place, rung in enumerate(rungs) if rung.get("to")]
    for (_, tier), (place, after_it) in pairwise(tiers):
        if after_it.rank <= tier.rank:
            yield Problem(f"ladder[{place}].to", "must be a higher tier than the rung before")
    for place, rung in enumerate(rungs):
        if not (rung.get("to") or rung.get("schedule")):
            yield Problem(f"ladder[{place}]", "needs a tier (to), a schedule, or both")
        # Escalating by time opens a new window, in which a later rung may still be reached.
        if on_timeout != OnTimeout.ESCALATE and rung["after_seconds"] >= timeout:
            words = f"is never reached: the timeout comes after {timeout} seconds"
            yield Problem(f"ladder[{place}].after_seconds", words)


def _reminders(fractions: Sequence[float]) -> Iterator[Problem]:
    if any(later <= earlier for earlier, later in pairwise(fractions)):
        yield Problem("reminders", "each must come later than the one before")


def _redacted_fields(pointers: Sequence[str]) -> Iterator[Problem]:
    for place, pointer in enumerate(pointers):
        if not pointer.startswith(tuple(f"{root}/" for root in SHOWN)):
            words = f"{pointer} must point into {', '.join(SHOWN)}"
            yield Problem(f"redacted_fields[{place}]", words)


def _silence(
    on_timeout: str, allowed: bool | None, bounds: Mapping[str, float], quorum: Mapping[str, int]
) -> Iterator[Problem]:
    """
    Silence may approve only if somebody wrote down that it may, and only what is low.

    An agent's own estimate can raise any request to any risk, so no policy can promise
    that all it reaches is low. At run time silence therefore approves only what is still
    below the first bound and was never raised, and rejects the rest. Here it is made sure
    that there is such a bound, and that silence never stands for several people.
    """
    if on_timeout != OnTimeout.APPROVE:
        if allowed:
            yield Problem("allow_timeout_approve", "says nothing unless on_timeout is approve")
        return
    if not allowed:
        words = "approving by silence needs `allow_timeout_approve: true`"
        yield Problem("on_timeout", f"{words}; it then holds for low risk only")
    if not bounds.get(Tier.TEAM_LEAD):
        words = "approving by silence needs a bound for team_lead above 0, below which risk is low"
        yield Problem("on_timeout", words)
    if quorum.get(Tier.TEAM_MEMBER, 1) > 1:
        words = "silence cannot stand for the several people that quorum.team_member asks for"
        yield Problem("on_timeout", words)


# Each check, and the fields it is called with; it runs only if their shapes are right.
_CHECKS: dict[Check, Sequence[str]] = {
    _trigger: ("trigger",),
    _never_auto: ("never_auto",),
    _effect: ("effect",),
    _risk_rules: ("risk_rules",),
    _required_context: ("required_context",),
    _response: ("response_type", "response"),
    _tiers: ("tiers",),
    _ladder: ("ladder", "timeout_seconds", "on_timeout"),
    _reminders: ("reminders",),
    _redacted_fields: ("redacted_fields",),
    _silence: ("on_timeout", "allow_timeout_approve", "tiers", "quorum"),
}
