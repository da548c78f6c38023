import pytest

from approvals.rules import context

REQUIRED = ["/rationale", "/impact/scope"]


class TestMissing:
    def test_names_what_is_lacking_in_the_checkpoint_s_order(self):
        assert context.missing(REQUIRED, {}) == REQUIRED
        assert context.missing(REQUIRED, {"rationale": "It is due."}) == ["/impact/scope"]

    def test_is_empty_when_everything_is_said(self):
        full = {"rationale": "It is due.", "impact": {"scope": "one invoice"}}

        assert context.missing(REQUIRED, full) == []

    @pytest.mark.parametrize("blank", [None, "", "   ", "\n\t", [], {}])
    def test_what_says_nothing_is_not_given(self, blank):
        assert context.missing(["/rationale"], {"rationale": blank}) == ["/rationale"]

    @pytest.mark.parametrize("value", [0, False, 0.0, "0", [None], {"a": None}])
    def test_a_no_or_a_zero_is_an_answer(self, value):
        assert context.missing(["/rationale"], {"rationale": value}) == []

    def test_a_required_name_without_a_slash_is_never_taken_for_given(self):
        assert context.missing(["rationale"], {"rationale": "Because."}) == ["rationale"]

    def test_a_schema_names_the_pointers_at_fault(self):
        schema = {
            "required": ["rationale", "impact"],
            "properties": {"rationale": {"minLength": 10}, "impact": {"required": ["scope"]}},
        }

        lacking = context.missing(schema, {"rationale": "short", "impact": {}})

        assert sorted(lacking) == ["/impact/scope", "/rationale"]
        assert context.missing(schema, {"rationale": "long enough", "impact": {"scope": 1}}) == []


class TestIsVague:
    @pytest.mark.parametrize(
        "vague", [{"data": "x"}, {"Data": {"a": 1}}, {"info": 1, "payload": 2}, {"misc": None}]
    )
    def test_keys_under_which_anything_is_said_say_nothing(self, vague):
        assert context.is_vague(vague)

    @pytest.mark.parametrize("telling", [{}, {"rationale": ""}, {"data": 1, "rationale": "x"}])
    def test_one_telling_key_is_enough_and_no_context_is_another_matter(self, telling):
        assert not context.is_vague(telling)
