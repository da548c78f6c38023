"""The typed inputs of a draft: what stands as JSON in its row, as rows and measures."""

from typing import Any

from django import forms

from approvals.admin.fields import LinesField, StrictJSONField
from approvals.admin.measures import SecondsField, SharesField
from approvals.admin.rows import Column, RecordField, RowsField
from approvals.rules.policy_shapes import A_YEAR, MAX_PEOPLE, RAISED
from approvals.rules.tiers import Tier


def _text(**kwargs: Any) -> forms.CharField:
    return forms.CharField(required=False, **kwargs)


def _condition() -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "class": "mono"}))


def _share() -> forms.FloatField:
    return forms.FloatField(
        min_value=0, max_value=1, widget=forms.NumberInput(attrs={"step": "any"})
    )


def _optional(field: forms.Field) -> forms.Field:
    field.required = False
    return field


def _by_tier(field: forms.Field, tiers: list[str], **kwargs: Any) -> RecordField:
    columns = [Column(name, Tier(name).label.capitalize(), field) for name in tiers]
    return RecordField(columns, **kwargs)


class PointersOrSchemaField(LinesField):
    """JSON Pointers, one a line; or, from its opening brace on, a JSON Schema."""

    def prepare_value(self, value: Any) -> Any:
        return (
            StrictJSONField().prepare_value(value)
            if isinstance(value, dict)
            else (super().prepare_value(value))
        )

    def to_python(self, value: Any) -> Any:
        if str(value or "").lstrip().startswith("{"):
            return StrictJSONField().clean(value)
        return super().to_python(value)


def risk_rules() -> RowsField:
    return RowsField(
        [
            Column("name", "Name", forms.CharField(max_length=80), width=2),
            Column("condition", "Condition (CEL)", _condition(), width=5),
            Column("weight", "Weight", _share(), width=1),
            Column("explanation", "What the reviewer reads", _text(), width=4),
        ],
        label="Risk rules",
        help_text="Each adds its weight where its condition holds; up to 1 in all. "
        "Conditions see action, args, context, agent.name, agent.trust, run, stage, step_count.",
    )


def ladder() -> RowsField:
    tiers = [("", "the same tier"), *((name, Tier(name).label) for name in RAISED)]
    return RowsField(
        [
            Column("after_seconds", "After", SecondsField(least=1, most=A_YEAR), width=3),
            Column("to", "Needs", forms.ChoiceField(choices=tiers, required=False), width=4),
            Column("schedule", "Tells whoever is on call in", _text(max_length=80), width=5),
        ],
        label="Ladder",
        help_text="Rungs, counted from submission: a higher tier from then on, "
        "or the name of an on-call schedule, or both.",
    )


def tiers() -> RecordField:
    return _by_tier(
        _optional(_share()), RAISED, label="Tiers", help_text="From which risk on each is needed."
    )


def quorum() -> RecordField:
    people = forms.IntegerField(required=False, min_value=1, max_value=MAX_PEOPLE)
    return _by_tier(
        people, Tier.values, help_text="How many people have to agree; empty means one."
    )


def seconds_by_tier(*, most: int, **kwargs: Any) -> RecordField:
    return _by_tier(SecondsField(most=most, required=False), Tier.values, **kwargs)


def shares_by_tier(**kwargs: Any) -> RecordField:
    return _by_tier(_optional(_share()), Tier.values, **kwargs)


def reminders() -> SharesField:
    return SharesField(help_text="After which shares of the time: 50 %, 90 %.")


def options() -> RowsField:
    return RowsField(
        [
            Column("id", "What the agent gets", forms.CharField(max_length=200), width=4),
            Column("label", "What the reviewer reads", forms.CharField(max_length=500), width=8),
        ],
        label="Options",
        help_text="For a choice: what there is to choose from.",
    )
