"""May this template be saved? One answer for policy files and forms alike."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from approvals.rules import expressions, policy_shapes
from approvals.rules.matching import Operator
from approvals.rules.policy_problems import Check, Problem, checked, condition

LONGEST_LIFE = timedelta(days=90)
# What an agent writes in its own words. A pattern that trusts it would trust the agent.
FREE_TEXT = ("rationale", "impact", "alternatives")
_SPEAKS_OF_FREE_TEXT = re.compile(rf"""context\s*(\.\s*|\[\s*['"])({"|".join(FREE_TEXT)})\b""")
# DecimalField(max_digits=16, decimal_places=2)
_MOST_MONEY = Decimal(10) ** 14


def problems_of_template(fields: Mapping[str, Any], *, at: datetime) -> list[Problem]:
    """
    What is wrong with a template; empty if it may be saved at this instant.

    :param fields: all of them, as for a checkpoint; `expires_at` in RFC 3339
    """
    found = checked(fields, policy_shapes.TEMPLATE, _CHECKS)
    if any(problem.root == "expires_at" for problem in found):
        return found
    return found + list(_life(fields.get("expires_at"), at))


def _conditions(rows: Sequence[Mapping[str, Any]], expression: str) -> Iterator[Problem]:
    if not rows and not expression:
        yield Problem("conditions", "without any, and without an expression, it would fit nothing")
    for place, row in enumerate(rows):
        yield from _pointer(f"conditions[{place}].pointer", row)
        if wrong := _objection_to_value(row["operator"], row["value"]):
            yield Problem(f"conditions[{place}].value", wrong)
    yield from condition("expression", expression, with_risk=True)
    if _SPEAKS_OF_FREE_TEXT.search(expression):
        yield Problem("expression", "may not rest on free text that the agent writes")


def _pointer(place: str, row: Mapping[str, Any]) -> Iterator[Problem]:
    _, root, *rest = row["pointer"].split("/")
    if root not in ("action", "arguments", "context"):
        yield Problem(place, f"{row['pointer']} must point to /action or into /arguments, /context")
    elif root == "context" and (rest[:1] == [] or rest[0] in FREE_TEXT):
        yield Problem(place, f"{row['pointer']} is free text that the agent writes")
    elif root == "context" and row["operator"] == Operator.MATCHES:
        yield Problem(place, "what the agent says in the context cannot be matched as text")


def _objection_to_value(operator: str, value: Any) -> str | None:
    match Operator(operator):
        case Operator.MIN | Operator.MAX:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return None if is_number else f"{operator} compares numbers"
        case Operator.IN:
            return None if isinstance(value, list) and value else "must be a list of values"
        case Operator.MATCHES:
            return _objection_to_pattern(value)
        case _:
            return None


def _objection_to_pattern(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a regular expression (RE2)"
    source = f"action.matches({json.dumps(f'^(?:{value})$', ensure_ascii=False)})"
    try:
        expressions.holds(source, {"action": ""})
    except expressions.Undecided as error:
        return f"is not a usable regular expression (RE2): {error}"
    return None


def _amount(value: Any) -> Iterator[Problem]:
    if value is None:
        return
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < _MOST_MONEY:
        yield Problem("max_amount_per_day", "must be an amount of money, such as 500 or '499.90'")
    elif amount != round(amount, 2):
        yield Problem("max_amount_per_day", "has more than two decimals")


def _life(expires_at: str | None, at: datetime) -> Iterator[Problem]:
    if expires_at is None:
        return
    try:
        is_too_far = datetime.fromisoformat(expires_at) > at + LONGEST_LIFE
    except ValueError:
        yield Problem("expires_at", "must be an instant such as 2026-11-30T12:00:00Z")
        return
    if is_too_far:
        words = f"is more than {LONGEST_LIFE.days} days away; renew it by evidence instead"
        yield Problem("expires_at", words)


# Each check, and the fields it is called with; it runs only if their shapes are right.
_CHECKS: dict[Check, Sequence[str]] = {
    _conditions: ("conditions", "expression"),
    _amount: ("max_amount_per_day",),
}
