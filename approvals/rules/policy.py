"""
What one published version of a checkpoint says: plain, frozen values.

A version never changes, so a Policy built from it can be kept for as long as a process
lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices

from approvals.rules.tiers import SHIPPED_BOUNDS


class Stage(TextChoices):
    PRE_EXECUTION = "pre_execution", "before execution"
    POST_PLANNING = "post_planning", "after planning"
    MID_EXECUTION = "mid_execution", "during execution"
    PRE_COMMIT = "pre_commit", "before commit"
    POST_EXECUTION = "post_execution", "after execution"


class OnTimeout(TextChoices):
    REJECT = "reject", "reject"
    ESCALATE = "escalate", "escalate"
    APPROVE = "approve", "approve"


class ResponseType(TextChoices):
    BINARY = "binary", "yes or no"
    MULTISELECT = "multiselect", "choose from options"
    FREEFORM = "freeform", "a written answer"


@dataclass(frozen=True)
class RiskRule:
    """A named factor: adds `weight` (0.0–1.0) where its CEL `condition` holds."""

    name: str
    condition: str
    weight: float
    explanation: str = ""


@dataclass(frozen=True)
class Rung:
    """So long after submission this tier is needed instead, whoever is on call is told, or both."""

    after_seconds: int
    to: str = ""
    # By its name, which never changes; who that is, is looked up when the rung is reached.
    schedule: str = ""


# Agents send amounts as text, too. What is not a number, NaN included, is above every bound.
_AMOUNT = (
    "((has(args.amount) && !(double(args.amount) <= {0}.0))"
    " || (has(context.amount) && !(double(context.amount) <= {0}.0)))"
)
# Whatever is not a plain no: agents also write "yes", "true" and 1.
_NO = "[false, null, 0, '', 'no', 'No', 'false', 'False']"
_SAYS = (
    f"((has(args.{{0}}) && !(args.{{0}} in {_NO}))"
    f" || (has(context.{{0}}) && !(context.{{0}} in {_NO})))"
)

SHIPPED_RISK_RULES = (
    RiskRule("amount_over_1000", _AMOUNT.format(1000), 0.3, "the amount is above 1,000"),
    RiskRule("amount_over_10000", _AMOUNT.format(10000), 0.3, "the amount is above 10,000"),
    RiskRule("contains_pii", _SAYS.format("contains_pii"), 0.2, "personal data is involved"),
    RiskRule(
        "deletes_or_removes",
        'action.matches("(?i).*(delete|remove).*")',
        0.2,
        "the action deletes or removes",
    ),
    RiskRule("public_facing", _SAYS.format("public_facing"), 0.3, "people outside will see it"),
)

SHIPPED_NEVER_AUTO = (
    f"{_SAYS.format('irreversible')} || risk >= 0.9"
    " || (has(context.impact) && has(context.impact.reversibility)"
    ' && string(context.impact.reversibility).matches("(?i).*irreversible.*"))'
)


@dataclass(frozen=True)
class Policy:
    checkpoint: str
    version: int
    title: str = ""
    stage: str = Stage.PRE_EXECUTION
    guidelines: str = ""
    effect: str = ""
    trigger: str = ""
    # JSON Pointers into the context, or a JSON Schema of it.
    required_context: tuple[str, ...] | Mapping[str, Any] = ()
    response: Mapping[str, Any] = field(default_factory=lambda: {"type": "binary"})
    timeout_seconds: int = 86_400
    on_timeout: str = OnTimeout.REJECT
    risk_rules: tuple[RiskRule, ...] = SHIPPED_RISK_RULES
    auto_approve_below: float = 0.0
    never_auto: str = SHIPPED_NEVER_AUTO
    tiers: Mapping[str, float] = field(default_factory=lambda: dict(SHIPPED_BOUNDS))
    quorum: Mapping[str, int] = field(default_factory=dict)
    deny_threshold: int = 1
    team: str | None = None
    team_name: str = ""
    ladder: tuple[Rung, ...] = ()
    reminders: tuple[float, ...] = (0.5, 0.9)
    urgent_below_seconds: int = 900
    # The schedule that is called then, by its name; empty means none.
    on_call: str = ""
    batch_max: int = 25
    min_open_seconds: Mapping[str, int] = field(default_factory=dict)
    undo_seconds: Mapping[str, int] = field(default_factory=dict)
    redacted_fields: tuple[str, ...] = ()
    grant_seconds: int = 86_400
    excludes_publisher: bool = False
    # Whether an edit that lowers the risk also lowers the tier, instead of only raising it.
    edits_may_lower: bool = False
    publisher: str | None = None
