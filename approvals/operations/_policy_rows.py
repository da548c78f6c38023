"""Between the rows that hold a policy and the fields of a policy file, both ways."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from approvals.models import ApprovalTemplate, CheckpointVersion
from approvals.rules.policy import OnTimeout
from approvals.rules.policy_text import in_order, written
from approvals.rules.tiers import Tier

# In the order in which a file names them.
VERSION_FIELDS = (
    "title",
    "stage",
    "guidelines",
    "effect",
    "trigger",
    "required_context",
    "response_type",
    "response",
    "timeout_seconds",
    "on_timeout",
    "risk_rules",
    "auto_approve_below",
    "never_auto",
    "tiers",
    "quorum",
    "deny_threshold",
    "ladder",
    "reminders",
    "urgent_below_seconds",
    "second_review_rate",
    "auto_audit_rate",
    "batch_max",
    "undo_seconds",
    "min_open_seconds",
    "redacted_fields",
    "grant_seconds",
    "excludes_publisher",
    "edits_may_lower",
)
TEMPLATE_FIELDS = (
    "conditions",
    "expression",
    "max_risk",
    "max_per_hour",
    "max_per_day",
    "max_amount_per_day",
    "expires_at",
    "state",
    "origin",
)


def _plain(value: Any) -> Any:
    """A choice as the text that it is: neither YAML nor JSON Schema know more."""
    return str(value) if isinstance(value, str) else value


def _defaults(model: type[Model], names: Sequence[str]) -> dict[str, Any]:
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: _plain(fields[name].get_default()) for name in names}


CHECKPOINT_DEFAULTS: dict[str, Any] = {
    **_defaults(CheckpointVersion, VERSION_FIELDS),
    "team": None,
    "on_call": None,
    # Not kept: a version that approves by silence was allowed to when it was saved.
    "allow_timeout_approve": False,
}
TEMPLATE_DEFAULTS = _defaults(ApprovalTemplate, TEMPLATE_FIELDS)


def fields_of_version(version: CheckpointVersion, *, silence_allowed: bool) -> dict[str, Any]:
    """A version as the fields of a file, just as they stand in the row."""
    return {
        "name": version.checkpoint.name,
        **{name: _plain(getattr(version, name)) for name in VERSION_FIELDS},
        "team": version.team.name if version.team else None,
        "on_call": version.on_call.name if version.on_call else None,
        "allow_timeout_approve": silence_allowed,
    }


def fields_of_template(template: ApprovalTemplate) -> dict[str, Any]:
    amount = template.max_amount_per_day
    return {
        "name": template.name,
        "checkpoint": template.checkpoint.name,
        **{name: _plain(getattr(template, name)) for name in TEMPLATE_FIELDS},
        "max_amount_per_day": None if amount is None else _money(amount),
        "expires_at": _instant(template.expires_at) if template.expires_at else None,
    }


def tidy_checkpoint(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Checked fields in their one form: kinds of numbers, order of keys, nothing left out."""
    tidy = dict(fields)
    for name in ("auto_approve_below", "auto_audit_rate"):
        tidy[name] = float(tidy[name])
    for name in ("tiers", "second_review_rate"):
        tidy[name] = _by_tier(tidy[name], float)
    for name in ("quorum", "undo_seconds", "min_open_seconds"):
        tidy[name] = _by_tier(tidy[name], int)
    for name in ("timeout_seconds", "deny_threshold", "batch_max", "grant_seconds"):
        tidy[name] = int(tidy[name])
    tidy["urgent_below_seconds"] = int(tidy["urgent_below_seconds"])
    tidy["reminders"] = [float(fraction) for fraction in tidy["reminders"]]
    tidy["risk_rules"] = [_tidy_rule(rule) for rule in tidy["risk_rules"]]
    tidy["ladder"] = [_tidy_rung(rung) for rung in tidy["ladder"]]
    tidy["required_context"] = in_order(tidy["required_context"])
    tidy["response"] = in_order(tidy["response"])
    tidy["allow_timeout_approve"] = tidy["on_timeout"] == OnTimeout.APPROVE
    return tidy


def tidy_template(fields: Mapping[str, Any]) -> dict[str, Any]:
    tidy = dict(fields)
    tidy["max_risk"] = float(tidy["max_risk"])
    tidy["conditions"] = [
        {
            "pointer": row["pointer"],
            "operator": row["operator"],
            "value": in_order(row["value"]),
        }
        for row in tidy["conditions"]
    ]
    for name in ("max_per_hour", "max_per_day"):
        tidy[name] = None if tidy[name] is None else int(tidy[name])
    if tidy["max_amount_per_day"] is not None:
        tidy["max_amount_per_day"] = _money(Decimal(str(tidy["max_amount_per_day"])))
    if tidy["expires_at"]:
        tidy["expires_at"] = _instant(datetime.fromisoformat(tidy["expires_at"]))
    return tidy


def entry_of_checkpoint(tidy: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of it: the name, and whatever differs from the defaults."""
    silence = {"allow_timeout_approve": tidy["allow_timeout_approve"]}
    order = {name: tidy[name] for name in ("name", *VERSION_FIELDS, "team", "on_call")} | silence
    entry = _without_defaults(order, _TIDY_CHECKPOINT_DEFAULTS)
    if "risk_rules" in entry:
        entry["risk_rules"] = [
            {name: value for name, value in rule.items() if name != "explanation" or value}
            for rule in entry["risk_rules"]
        ]
    return entry


def entry_of_template(tidy: Mapping[str, Any]) -> dict[str, Any]:
    order = {name: tidy[name] for name in ("name", "checkpoint", *TEMPLATE_FIELDS)}
    return _without_defaults(order, TEMPLATE_DEFAULTS)


def entry_of_saved_version(version: CheckpointVersion) -> dict[str, Any]:
    silence = version.on_timeout == OnTimeout.APPROVE
    return entry_of_checkpoint(tidy_checkpoint(fields_of_version(version, silence_allowed=silence)))


def entry_of_saved_template(template: ApprovalTemplate) -> dict[str, Any]:
    return entry_of_template(tidy_template(fields_of_template(template)))


def said_of_version(version: CheckpointVersion) -> str:
    """The version's entry as text: what is compared, and what a digest is taken of."""
    return written(entry_of_saved_version(version))


def said_of_template(template: ApprovalTemplate) -> str:
    return written(entry_of_saved_template(template))


def values_for_version(tidy: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into the row; team and schedule are for the caller to find."""
    return {name: tidy[name] for name in VERSION_FIELDS}


def values_for_template(tidy: Mapping[str, Any]) -> dict[str, Any]:
    amount, expires_at = tidy["max_amount_per_day"], tidy["expires_at"]
    return {
        **{name: tidy[name] for name in TEMPLATE_FIELDS},
        "max_amount_per_day": None if amount is None else Decimal(str(amount)),
        "expires_at": datetime.fromisoformat(expires_at) if expires_at else None,
    }


def _tidy_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": rule["name"],
        "condition": rule["condition"],
        "weight": float(rule["weight"]),
        "explanation": rule.get("explanation", ""),
    }


def _tidy_rung(rung: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: rung[name] for name in ("to", "schedule") if rung.get(name)}
    return {"after_seconds": int(rung["after_seconds"]), **named}


def _by_tier(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    return {tier.value: kind(values[tier]) for tier in Tier if tier in values}


def _without_defaults(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if name not in defaults or value != defaults[name]
    }


def _money(amount: Decimal) -> int | str:
    """A whole number as it is, any other as text: a float would round it."""
    return int(amount) if amount == int(amount) else f"{amount:.2f}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_TIDY_CHECKPOINT_DEFAULTS = tidy_checkpoint(CHECKPOINT_DEFAULTS)
