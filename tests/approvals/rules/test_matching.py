import pytest

from approvals.rules import evaluation, matching
from approvals.rules.matching import Condition, Pattern


def proposal(*, action="refund", arguments=None, context=None):
    return evaluation.proposals(
        action=action,
        arguments=arguments or {},
        steps=[],
        about=context or {},
        agent={"name": "robin", "trust": 0.5},
        run="",
        stage="pre_execution",
    )[0]


def fits(operator, value, found, *, pointer="/arguments/x"):
    pattern = Pattern("p", (Condition(pointer, operator, value),), max_risk=1.0)
    return matching.objection(pattern, proposal(arguments={"x": found}), risk=0.0) is None


class TestAnOperator:
    @pytest.mark.parametrize(
        ("operator", "value", "found", "does"),
        [
            ("eq", "good", "good", True),
            ("eq", "good", "Good", False),
            ("eq", 1, 1, True),
            ("eq", 1, 1.0, True),
            ("eq", 1, "1", False),
            ("eq", None, None, True),
            ("eq", None, "", False),
            ("eq", {"a": [1]}, {"a": [1]}, True),
            ("eq", [1, 2], [2, 1], False),
            ("eq", [], {}, False),
            ("ne", "bad", "good", True),
            ("ne", "bad", "bad", False),
            ("ne", "bad", None, True),
            ("in", ["a", "b"], "b", True),
            ("in", ["a", "b"], "c", False),
            ("in", [], "a", False),
            ("in", [1, 2], 2.0, True),
            ("min", 10, 10, True),
            ("min", 10, 9.99, False),
            ("min", 10, "11", False),
            ("max", 50, 50, True),
            ("max", 50, 50.0, True),
            ("max", 50, 50.01, False),
            ("max", 50, "20", False),
            ("max", 50, None, False),
            ("max", 50, [20], False),
            ("matches", "INV-[0-9]+", "INV-12", True),
            ("matches", "INV-[0-9]+", "INV-12; drop", False),
            ("matches", "INV-[0-9]+", "see INV-12", False),
            ("matches", "INV-[0-9]+", "INV-12\n", False),
            ("matches", "a|b", "b", True),
            ("matches", "a|b", "ab", False),
            ("matches", "12", 12, False),
            ("matches", "Zürich 🚆", "Zürich 🚆", True),
            ("matches", '"quoted" \\d+', '"quoted" 5', True),
        ],
    )
    def test_compares(self, operator, value, found, does):
        assert fits(operator, value, found) is does

    @pytest.mark.parametrize(
        ("operator", "value", "found"),
        [
            ("eq", 1, True),
            ("eq", True, 1),
            ("eq", 0, False),
            ("in", [1], True),
            ("in", [True], 1),
            ("min", 0, True),
            ("max", 1, True),
            ("eq", [1], [True]),
            ("eq", {"flag": 1}, {"flag": True}),
            ("eq", {"flags": [{"on": 0}]}, {"flags": [{"on": False}]}),
        ],
    )
    def test_never_takes_true_for_1_however_deep_inside(self, operator, value, found):
        assert not fits(operator, value, found)

    @pytest.mark.parametrize("operator", list(matching.Operator))
    def test_never_holds_for_a_field_that_is_missing(self, operator):
        value = ["a"] if operator == "in" else 1
        condition = Condition("/arguments/nothing", operator, value)

        objection = matching.objection(Pattern("p", (condition,), 1.0), proposal(), risk=0.0)

        assert objection is not None
        assert "/arguments/nothing" in objection

    @pytest.mark.parametrize(
        ("operator", "value"),
        [
            ("min", "10"),
            ("max", "10"),
            ("max", None),
            ("min", True),
            ("in", "abc"),
            ("in", 3),
            ("in", None),
            ("matches", "("),
            ("matches", "(?=lookahead)"),
            ("matches", 5.5),
        ],
    )
    @pytest.mark.parametrize("found", ["a", 10, None, [1]])
    def test_with_a_senseless_value_never_holds_and_never_raises(self, operator, value, found):
        assert not fits(operator, value, found)

    def test_a_pattern_s_engine_is_linear(self):
        assert not fits("matches", "(a+)+", "a" * 50_000 + "!")


class TestObjection:
    def test_all_conditions_must_hold(self):
        rows = (
            Condition("/action", "eq", "process_refund"),
            Condition("/arguments/amount", "max", 50),
            Condition("/context/customer_history", "eq", "good_standing"),
        )
        small_refund = Pattern("small_refund", rows, max_risk=0.2)
        good = {
            "action": "process_refund",
            "arguments": {"amount": 50},
            "context": {"customer_history": "good_standing"},
        }

        assert matching.objection(small_refund, proposal(**good), risk=0.2) is None
        for broken in (
            {"action": "process_refunds"},
            {"arguments": {"amount": 50.01}},
            {"arguments": {}},
            {"arguments": {"amount": "50"}},
            {"context": {"customer_history": "new"}},
            {"context": {}},
        ):
            assert matching.objection(small_refund, proposal(**good | broken), risk=0.2)

    def test_names_the_first_condition_that_does_not_hold(self):
        rows = (Condition("/action", "eq", "refund"), Condition("/arguments/x", "max", 5))

        objection = matching.objection(Pattern("p", rows, 1.0), proposal(), risk=0.0)

        assert objection == "/arguments/x is at most 5: not so here"

    def test_refuses_more_risk_than_its_limit_and_allows_exactly_that(self):
        pattern = Pattern("p", (Condition("/action", "eq", "refund"),), max_risk=0.2)

        assert matching.objection(pattern, proposal(), risk=0.2) is None
        assert "above its limit" in matching.objection(pattern, proposal(), risk=0.200001)

    def test_a_pattern_without_any_condition_fits_nothing(self):
        assert matching.objection(Pattern("p", (), 1.0), proposal(), risk=0.0)

    @pytest.mark.parametrize(
        ("expression", "objection"),
        [
            ("args.amount < 10", None),
            ("args.amount < 10 && risk < 0.1", None),
            ("args.amount > 10", "does not hold"),
            ("risk > 0.5", "does not hold"),
            ("args.nothing == 1", "could not be evaluated"),
            ("args.amount", "could not be evaluated"),
            ("(((", "could not be evaluated"),
        ],
    )
    def test_an_expression_must_hold_too_and_an_error_is_an_objection(self, expression, objection):
        pattern = Pattern("p", (), 1.0, expression)

        said = matching.objection(pattern, proposal(arguments={"amount": 5}), risk=0.0)

        assert said is None if objection is None else objection in said


class TestAt:
    DOCUMENT = {"a": {"b/c": 1, "~": 2, "": 3}, "list": [10, {"x": 20}], "null": None}

    @pytest.mark.parametrize(
        ("pointer", "found"),
        [
            ("/a/b~1c", 1),
            ("/a/~0", 2),
            ("/a/", 3),
            ("/list/0", 10),
            ("/list/1/x", 20),
            ("/null", None),
            ("", DOCUMENT),
        ],
    )
    def test_finds_what_stands_at_a_pointer(self, pointer, found):
        assert matching.at(self.DOCUMENT, pointer, "missing") == found

    @pytest.mark.parametrize(
        "pointer",
        ["/b", "/list/2", "/list/-1", "/list/-", "/list/x", "/null/x", "/a/b/c", "/list/0/0"],
    )
    def test_gives_the_default_where_nothing_stands(self, pointer):
        assert matching.at(self.DOCUMENT, pointer, "missing") == "missing"

    @pytest.mark.parametrize("no_pointer", ["a", "rationale", "a/b", "#/a"])
    def test_what_is_no_pointer_leads_nowhere_rather_than_to_everything(self, no_pointer):
        assert matching.at(self.DOCUMENT, no_pointer, "missing") == "missing"
