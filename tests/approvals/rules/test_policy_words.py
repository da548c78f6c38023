import pytest

from approvals.models import CheckpointVersion
from approvals.operations._policy_rows import CHECKPOINT_DEFAULTS
from approvals.rules import policy_diff, policy_shapes, policy_words
from approvals.rules.policy_phrases import span
from tests.approvals.rules.policy_variants import VARIANTS

DEFAULTS = {**CHECKPOINT_DEFAULTS, "name": "payments", "on_call": None}
# Of a version, what is not a part of its policy.
OF_THE_ROW = {
    "id", "checkpoint", "number", "state", "created_at", "created_by", "published_at",
    "published_by",
}  # fmt: skip


def all_fields():
    columns = {field.name for field in CheckpointVersion._meta.concrete_fields} - OF_THE_ROW
    return columns | set(policy_shapes.CHECKPOINT["properties"])


def said(**fields):
    found = policy_words.passages(DEFAULTS | fields)
    return " ".join(sentence for passage in found for sentence in passage.sentences)


def test_every_field_of_a_policy_has_words_a_comparison_and_a_case_here():
    assert all_fields() <= VARIANTS.keys()
    assert policy_words.COVERED == policy_diff.COVERED == VARIANTS.keys()


@pytest.mark.parametrize("field", sorted(VARIANTS))
def test_another_value_is_said_in_other_words(field):
    others = {"on_timeout": "approve"} if field == "allow_timeout_approve" else {}

    assert said(**others, **{field: VARIANTS[field]}) != said(**others)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "From risk 0.3 up to 0.6, a team lead decides."),
        ({"quorum": {"executive": 2}}, "From risk 0.9 on, 2 executives decide together."),
        ({"tiers": {"director": 0.5}}, "From risk 0 up to 0.5, a team member decides."),
        ({"auto_approve_below": 0.2}, "Below risk 0.2 it passes without a person."),
        ({"response_type": "freeform"}, "Nothing passes by itself"),
        ({"on_timeout": "approve"}, "silence approves what is below risk 0.3 (nobody has agreed"),
        (
            {"ladder": [{"after_seconds": 5400, "to": "director", "schedule": "night"}]},
            "After 1 hour 30 minutes it goes to a director and calls whoever is on call in night.",
        ),
        ({"ladder": [{"after_seconds": 60, "schedule": "Nights"}]}, "whoever is on call in Nights"),
        ({"risk_rules": []}, "it is what the agent says of itself, or 0"),
    ],
)
def test_says_what_an_admin_would_check(fields, words):
    assert words in said(**fields)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "no time"), (1, "1 second"), (90, "1 minute 30 seconds"), (86_400, "1 day")],
)
def test_a_span_is_exact(seconds, words):
    assert span(seconds) == words
