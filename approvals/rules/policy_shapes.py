"""
The shape of a checkpoint's policy and of a template, as JSON Schema: every field, its kind
and its range. What a shape cannot say is checked in `policy_checks`.
"""

from typing import Any

from approvals.rules.effect import MAX_TEMPLATE
from approvals.rules.matching import Operator
from approvals.rules.policy import OnTimeout, ResponseType, Stage
from approvals.rules.tiers import Tier

MAX_COUNT = 32_767
A_YEAR = 31_536_000  # seconds
MAX_PEOPLE = 20
# Tiers that can be asked for: everybody is at least a team member.
RAISED = [tier.value for tier in Tier if tier is not Tier.TEAM_MEMBER]


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], *, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _text(most: int, *, least: int = 0) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most}


def _whole(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return {**shape, "type": [shape["type"], "null"]}


def _per_tier(shape: dict[str, Any], tiers: list[str] = Tier.values) -> dict[str, Any]:
    return _object([], **dict.fromkeys(tiers, shape))


_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
_NAME = {**_text(80, least=1), "pattern": "^[-a-zA-Z0-9_]+$"}
_SECONDS = _whole(1, A_YEAR)
_POINTER = {**_text(500, least=1), "pattern": "^(/([^/~]|~0|~1)*)+$"}
_RULE = _object(
    ["name", "condition", "weight"],
    name=_NAME,
    condition=_text(5000, least=1),
    weight=_FRACTION,
    explanation=_text(MAX_TEMPLATE),
)
_RESPONSE = _object(
    [],
    options=_list(
        _object(["id", "label"], id=_text(200, least=1), label=_text(500, least=1)), most=100
    ),
    min=_whole(0, 100),
    max=_whole(1, 100),
    schema={"type": "object"},
)

CHECKPOINT = _object(
    ["name"],
    name=_NAME,
    title=_text(200),
    stage={"enum": Stage.values},
    guidelines=_text(50_000),
    effect=_text(MAX_TEMPLATE),
    trigger=_text(5000),
    # A list of pointers into the context, or a JSON Schema of it.
    required_context={"type": ["array", "object"], "items": _POINTER, "maxItems": 50},
    response_type={"enum": ResponseType.values},
    response=_RESPONSE,
    timeout_seconds=_SECONDS,
    on_timeout={"enum": OnTimeout.values},
    allow_timeout_approve={"type": "boolean"},
    risk_rules=_list(_RULE, most=100),
    auto_approve_below=_FRACTION,
    never_auto=_text(5000),
    tiers={**_per_tier(_FRACTION, RAISED), "minProperties": 1},
    quorum=_per_tier(_whole(1, MAX_PEOPLE)),
    deny_threshold=_whole(1, MAX_PEOPLE),
    team=_or_null(_text(100, least=1)),
    # A rung has a tier, a schedule, or both.
    ladder=_list(
        _object(["after_seconds"], after_seconds=_SECONDS, to={"enum": RAISED}, schedule=_NAME),
        most=10,
    ),
    reminders=_list({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, most=10),
    urgent_below_seconds=_whole(0, A_YEAR),
    on_call=_or_null(_NAME),
    second_review_rate=_per_tier(_FRACTION),
    auto_audit_rate=_FRACTION,
    batch_max=_whole(0, MAX_COUNT),
    undo_seconds=_per_tier(_whole(0, 86_400)),
    min_open_seconds=_per_tier(_whole(0, 3600)),
    redacted_fields=_list(_POINTER, most=100),
    grant_seconds=_SECONDS,
    excludes_publisher={"type": "boolean"},
    edits_may_lower={"type": "boolean"},
)

_CONDITION = _object(
    ["pointer", "operator", "value"], pointer=_POINTER, operator={"enum": Operator.values}, value={}
)

TEMPLATE = _object(
    ["name", "checkpoint"],
    name=_NAME,
    checkpoint=_NAME,
    conditions=_list(_CONDITION, most=50),
    expression=_text(5000),
    max_risk=_FRACTION,
    max_per_hour=_or_null(_whole(1, 2_147_483_647)),
    max_per_day=_or_null(_whole(1, 2_147_483_647)),
    # A number or text: money is not for floats to round.
    max_amount_per_day={"type": ["number", "string", "null"], "minimum": 0},
    expires_at=_or_null({"type": "string", "format": "date-time"}),
    state={"enum": ["off", "on", "suspended"]},
    origin={"enum": ["person", "suggestion"]},
)
