"""What a change of policy does to who is asked: risk, tiers, quorum, pool and ladder."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from approvals.rules.policy_changes import Bearing, Change, leaning
from approvals.rules.policy_phrases import bounds, capitalised, doings, number, people, pool, span
from approvals.rules.policy_words import Fields
from approvals.rules.tiers import Tier


def risk_rules(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was = {rule["name"]: rule for rule in before[field]}
    now = {rule["name"]: rule for rule in after[field]}
    for name in now.keys() - was.keys():
        rule = now[name]
        says = f"New risk rule {name}: adds {number(rule['weight'])} where `{rule['condition']}`."
        yield Change(field, says, Bearing.TIGHTENS)
    for name in was.keys() - now.keys():
        weight = number(was[name]["weight"])
        says = f"The risk rule {name} is gone; it added {weight} where `{was[name]['condition']}`."
        yield Change(field, says, Bearing.LOOSENS)
    for name in (name for name in now if name in was):
        yield from _risk_rule(field, was[name], now[name])
    if before[field] != after[field] and was == now:
        yield Change(field, "The risk rules stand in another order.")


def _risk_rule(field: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    name = now["name"]
    if was["weight"] != now["weight"]:
        leans = leaning(now["weight"] < was["weight"], now["weight"] > was["weight"])
        says = f"{name} adds {number(now['weight'])} instead of {number(was['weight'])}."
        yield Change(field, says, leans)
    if was["condition"] != now["condition"]:
        both = (was["condition"], now["condition"])
        yield Change(field, f"{name} applies to something else.", Bearing.UNCLEAR, both)
    if was.get("explanation", "") != now.get("explanation", ""):
        both = (was.get("explanation", ""), now.get("explanation", ""))
        yield Change(field, f"{name} is explained in other words.", text=both)


def tiers(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = dict(bounds(before[field])), dict(bounds(after[field]))
    for tier in Tier:
        old, new = was.get(tier), now.get(tier)
        if old == new:
            continue
        one = capitalised(tier.one)
        if old is None and new is not None:
            yield Change(
                field,
                f"{one} is needed from risk {number(new)}; before, no risk asked for one.",
                Bearing.TIGHTENS,
            )
        elif new is None and old is not None:
            yield Change(
                field,
                f"No risk asks for {tier.one} any more; it was from {number(old)}.",
                Bearing.LOOSENS,
            )
        elif old is not None and new is not None:
            says = f"{one} is needed from risk {number(new)} instead of {number(old)}."
            yield Change(field, says, leaning(new > old, new < old))


def quorum(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    for tier in Tier:
        was, now = before[field].get(tier, 1), after[field].get(tier, 1)
        if was != now:
            wanted, instead_of = people(now, tier), people(was, tier)
            says = f"Where {tier.one} is needed, {wanted} must agree instead of {instead_of}."
            yield Change(field, says, leaning(now < was, now > was))
    if not any(before[field].get(tier, 1) != after[field].get(tier, 1) for tier in Tier):
        yield Change(field, "The quorum is written in another way and asks for the same.")


def team(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = before[field], after[field]
    leans = Bearing.UNCLEAR if was and now else leaning(not now, not was)
    yield Change(field, f"{capitalised(pool(now))} may decide instead of {pool(was)}.", leans)


def ladder(field: str, before: Fields, after: Fields) -> Iterator[Change]:
    was, now = _done_after(before[field]), _done_after(after[field])
    for does in [*now, *(gone for gone in was if gone not in now)]:
        if does not in was:
            yield Change(field, f"After {span(now[does])} it now {does}.", Bearing.TIGHTENS)
        elif does not in now:
            says = f"It no longer {does}; it did after {span(was[does])}."
            yield Change(field, says, Bearing.LOOSENS)
        elif was[does] != now[does]:
            says = f"It {does} after {span(now[does])} instead of {span(was[does])}."
            yield Change(field, says, leaning(now[does] > was[does], now[does] < was[does]))


def _done_after(rungs: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {does: rung["after_seconds"] for rung in rungs for does in doings(rung)}
