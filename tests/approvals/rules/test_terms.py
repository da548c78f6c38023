import json
from dataclasses import replace

import pytest

from approvals.rules import terms
from approvals.rules.policy import OnTimeout, Policy, Rung
from approvals.rules.terms import Terms
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import ANSWERS, Verdict

POLICY = Policy(
    "payments",
    4,
    quorum={"executive": 2},
    ladder=(Rung(60, "director"),),
    team="t1",
    team_name="Payments",
    redacted_fields=("/arguments/iban",),
    publisher="u1",
)


def freeze(policy=POLICY, *, response=None, allowed_decisions=None):
    return terms.freeze(policy, response=response, allowed_decisions=allowed_decisions)


def test_terms_survive_being_stored_as_json():
    frozen = freeze(allowed_decisions=["approve", "reject"])

    assert Terms.from_json(json.loads(json.dumps(frozen.as_json()))) == frozen


def test_terms_stored_before_there_were_schedules_still_load():
    stored = freeze().as_json()
    del stored["on_call"]
    stored["ladder"] = [{"after_seconds": 60, "to": "director"}]

    assert Terms.from_json(stored) == freeze()


class TestFreeze:
    def test_keeps_what_the_version_says(self):
        frozen = freeze()

        assert (frozen.checkpoint, frozen.version, frozen.team) == ("payments", 4, "t1")
        assert frozen.ladder == (Rung(60, "director"),)

    def test_the_client_s_question_replaces_the_checkpoint_s(self):
        asked = {"type": "freeform"}

        assert freeze(response=asked).response == asked
        assert freeze().response == {"type": "binary"}

    def test_the_client_can_take_every_answer_unless_it_says_otherwise(self):
        assert set(freeze().allowed_decisions) == ANSWERS
        assert freeze(allowed_decisions=["approve"]).allowed_decisions == ("approve",)

    def test_names_the_publisher_only_where_the_checkpoint_excludes_them(self):
        assert freeze().publisher is None
        assert freeze(replace(POLICY, excludes_publisher=True)).publisher == "u1"


class TestTerms:
    @pytest.mark.parametrize("verdict", list(Verdict))
    def test_allow_only_what_the_client_can_take_of_what_changes_something(self, verdict):
        frozen = freeze(allowed_decisions=["approve", "reject"])

        assert frozen.allows(verdict) == (verdict not in {"modify", "request_changes"})

    def test_say_how_many_each_tier_needs(self):
        assert [freeze().needed_at(tier) for tier in Tier] == [1, 1, 1, 2]

    @pytest.mark.parametrize("on_timeout", list(OnTimeout))
    def test_say_whether_silence_escalates(self, on_timeout):
        frozen = freeze(replace(POLICY, on_timeout=on_timeout))

        assert frozen.escalates_on_timeout == (on_timeout == "escalate")
