import pytest

from approvals.rules import amounts, evaluation, risk
from approvals.rules.policy import SHIPPED_RISK_RULES, RiskRule

AMOUNT = ["amount_over_1000"]
BOTH_AMOUNTS = ["amount_over_1000", "amount_over_10000"]


def proposals(*, action="pay", args=None, context=None, steps=()):
    return evaluation.proposals(
        action=action,
        arguments=args or {},
        steps=[{"id": f"s{place}", "action": "step", **step} for place, step in enumerate(steps)],
        about=context or {},
        agent={"name": "robin", "trust": 0.5},
        run="",
        stage="pre_execution",
    )


def assess(rules=SHIPPED_RISK_RULES, *, reported=None, **proposed):
    return risk.assess(rules, proposals(**proposed), reported=reported)


def matched(assessment):
    return [factor.rule for factor in assessment.factors]


class TestTheShippedRules:
    @pytest.mark.parametrize("place", ["args", "context"])
    @pytest.mark.parametrize(
        ("amount", "rules", "score"),
        [
            (0, [], 0.0),
            (999.99, [], 0.0),
            (1000, [], 0.0),
            (1000.0, [], 0.0),
            (1000.01, AMOUNT, 0.3),
            (1001, AMOUNT, 0.3),
            (10_000, AMOUNT, 0.3),
            (10_000.5, BOTH_AMOUNTS, 0.6),
            (12_500, BOTH_AMOUNTS, 0.6),
            (2**53 - 1, BOTH_AMOUNTS, 0.6),
            (1e300, BOTH_AMOUNTS, 0.6),
        ],
    )
    def test_an_amount_counts_wherever_it_stands(self, place, amount, rules, score):
        assessment = assess(**{place: {"amount": amount}})

        assert matched(assessment) == rules
        assert assessment.score == score
        assert assessment.errors == []

    @pytest.mark.parametrize("place", ["args", "context"])
    @pytest.mark.parametrize("amount", ["5,000", "abc", None, True, [5000], {"value": 5000}])
    def test_an_amount_that_is_no_number_counts_as_large_and_says_why(self, place, amount):
        assessment = assess(**{place: {"amount": amount}})

        assert matched(assessment) == BOTH_AMOUNTS
        assert len(assessment.errors) == 2
        assert all("could not be evaluated" in error for error in assessment.errors)

    @pytest.mark.parametrize("place", ["args", "context"])
    @pytest.mark.parametrize(
        ("amount", "score"),
        [("90.00", 0.0), ("1000", 0.0), ("1000.01", 0.3), ("NaN", 0.6), ("Infinity", 0.6)],
    )
    def test_an_amount_written_as_text_is_read(self, place, amount, score):
        assessment = assess(**{place: {"amount": amount}})

        assert assessment.score == score
        assert assessment.errors == []

    def test_a_harmless_amount_in_one_place_does_not_hide_a_large_one_in_the_other(self):
        assert assess(args={"amount": 1}, context={"amount": 50_000}).score == 0.6
        assert assess(args={"amount": 50_000}, context={"amount": 1}).score == 0.6
        assert assess(args={"amount": "1"}, context={"amount": 50_000}).score == 0.6

    @pytest.mark.parametrize("place", ["args", "context"])
    @pytest.mark.parametrize(("name", "weight"), [("contains_pii", 0.2), ("public_facing", 0.3)])
    @pytest.mark.parametrize("yes", [True, "true", "yes", "True", 1, 1.0, ["name"], {"fields": 3}])
    def test_whatever_is_not_a_plain_no_is_a_yes(self, place, name, weight, yes):
        assessment = assess(**{place: {name: yes}})

        assert matched(assessment) == [name]
        assert assessment.score == weight

    @pytest.mark.parametrize("name", ["contains_pii", "public_facing"])
    @pytest.mark.parametrize("no", [False, None, 0, 0.0, "", "no", "No", "false", "False"])
    def test_a_plain_no_counts_nothing(self, name, no):
        assert matched(assess(args={name: no}, context={name: no})) == []

    @pytest.mark.parametrize(
        "action",
        ["delete", "delete_accounts", "accounts.Delete", "REMOVE-user", "bulk_remove", "a\ndelete"],
    )
    def test_an_action_that_deletes_or_removes_counts(self, action):
        assert matched(assess(action=action)) == ["deletes_or_removes"]

    @pytest.mark.parametrize("action", ["pay", "de_lete", "dele", "move", ""])
    def test_other_actions_do_not(self, action):
        assert matched(assess(action=action)) == []

    def test_nothing_said_is_nothing_found(self):
        assert assess().as_json() == {"score": 0.0, "factors": [], "reported": None}

    def test_everything_at_once_is_capped_at_one(self):
        all_of_it = {"amount": 20_000, "contains_pii": True, "public_facing": True}

        assessment = assess(action="remove", args=all_of_it)

        assert sum(factor.weight for factor in assessment.factors) == pytest.approx(1.3)
        assert assessment.score == 1.0

    @pytest.mark.parametrize(
        ("step", "rules"),
        [
            ({"arguments": {"amount": 12_500}}, BOTH_AMOUNTS),
            ({"arguments": {"contains_pii": True}}, ["contains_pii"]),
            ({"arguments": {"public_facing": "yes"}}, ["public_facing"]),
            ({"action": "delete_rows"}, ["deletes_or_removes"]),
        ],
    )
    def test_what_is_hidden_in_a_step_counts_and_the_factor_names_the_step(self, step, rules):
        assessment = assess(steps=[{}, step, {}])

        assert matched(assessment) == rules
        assert all(factor.detail.startswith("step s1: ") for factor in assessment.factors)

    def test_a_rule_counts_once_however_many_steps_it_holds_for(self):
        assert assess(steps=[{"arguments": {"amount": 5000}}] * 4).score == 0.3


class TestAssess:
    def test_sums_weights_without_the_noise_of_floats(self):
        rules = [RiskRule(str(place), "true", 0.1) for place in range(3)]

        assert assess(rules).score == 0.3

    @pytest.mark.parametrize(
        ("reported", "score"), [(None, 0.3), (0.0, 0.3), (0.1, 0.3), (0.31, 0.31), (1.0, 1.0)]
    )
    def test_the_agent_s_own_estimate_can_only_raise_it(self, reported, score):
        assert assess(args={"amount": 2000}, reported=reported).score == score

    @pytest.mark.parametrize(
        "broken", ["args.amount > 'x'", "args.nothing", "context.a.b == 1", "1 / 0 == 1", "((", ""]
    )
    def test_a_rule_that_cannot_be_evaluated_counts_as_if_it_held(self, broken):
        assessment = assess([RiskRule("broken", broken, 0.4)], args={"amount": 1})

        assert assessment.score == 0.4
        assert assessment.as_json()["factors"][0]["failed"] is True

    def test_a_factor_says_in_the_admin_s_words_what_it_found(self):
        rule = RiskRule("large", "args.amount > 1", 0.3, "amount is {/arguments/amount}")

        assert assess([rule], args={"amount": 12500}).factors[0].detail == "amount is 12500"

    def test_a_factor_without_words_is_called_by_its_rule(self):
        assert assess([RiskRule("odd", "true", 0.3)]).factors[0].detail == "odd"


class TestAmountOf:
    @pytest.mark.parametrize(
        ("proposed", "amount"),
        [
            ({}, None),
            ({"args": {"amount": 5}}, 5),
            ({"args": {"amount": "12.50"}}, 12.5),
            ({"args": {"amount": 5}, "context": {"amount": 7.5}}, 7.5),
            ({"context": {"amount": 7}}, 7),
            ({"steps": [{"arguments": {"amount": 3}}, {"arguments": {"amount": "4"}}]}, 7),
            ({"args": {"amount": 5}, "steps": [{"arguments": {"amount": 3}}]}, 5),
            ({"args": {"amount": True}}, amounts.LARGEST_AMOUNT),
            ({"args": {"amount": None}}, None),
            ({"args": {"amount": [9]}}, 9),
            ({"args": {"amount": "nan"}}, amounts.LARGEST_AMOUNT),
            ({"args": {"amount": "1e999"}}, amounts.LARGEST_AMOUNT),
        ],
    )
    def test_is_the_largest_figure_in_sight(self, proposed, amount):
        assert risk.amount_of(proposals(**proposed)) == amount

    def test_a_negative_step_does_not_hide_a_large_one(self):
        steps = [{"arguments": {"amount": 5000}}, {"arguments": {"amount": -4999}}]

        assert risk.amount_of(proposals(steps=steps)) == 9999

    def test_stays_finite_whatever_is_added_up(self):
        steps = [{"arguments": {"amount": "1e308"}}] * 500

        assert risk.amount_of(proposals(steps=steps)) == 500 * amounts.LARGEST_AMOUNT

    def test_the_sign_does_not_make_it_small(self):
        assert risk.amount_of(proposals(args={"amount": -50_000})) == 50_000
