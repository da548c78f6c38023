import pytest

from approvals.rules import ruling
from approvals.rules.ruling import MAX_FEEDBACK, Ruling
from approvals.rules.verdicts import Reason, Verdict


def said(verdict="approve", **words):
    return Ruling(Verdict(verdict), revision=1, digest="sha256:x", **words)


def code(*args, **words):
    problem = ruling.objection(said(*args, **words))
    return (problem.pointer, problem.code) if problem else None


class TestObjection:
    @pytest.mark.parametrize("verdict", ["approve", "reject", "defer"])
    def test_a_plain_word_is_enough(self, verdict):
        assert code(verdict) is None

    @pytest.mark.parametrize("verdict", ["request_changes", "guide", "escalate"])
    def test_what_somebody_acts_on_must_be_put_in_words(self, verdict):
        assert code(verdict) == ("/feedback", "required")
        assert code(verdict, feedback=" \n ") == ("/feedback", "required")
        assert code(verdict, feedback="Look at the date.") is None

    def test_feedback_has_its_limit(self):
        assert code(feedback="x" * MAX_FEEDBACK) is None
        assert code(feedback="x" * (MAX_FEEDBACK + 1)) == ("/feedback", "too_long")

    @pytest.mark.parametrize("reason", ["", *Reason.values])
    def test_a_known_reason_will_do(self, reason):
        assert code("reject", reason_code=reason) is None

    @pytest.mark.parametrize("reason", ["because", "Wrong_Target", " other"])
    def test_an_unknown_one_will_not(self, reason):
        assert code("reject", reason_code=reason) == ("/reason_code", "not_a_choice")

    def test_modifying_means_saying_what(self):
        assert code("modify") == ("/arguments", "required")

    @pytest.mark.parametrize(
        "edit",
        [{"arguments": {}}, {"merge_patch": {}}, {"steps": {"a": {"verdict": "skip"}}}],
    )
    def test_an_edit_of_any_kind_is_one(self, edit):
        assert code("modify", **edit) is None
        assert said("modify", **edit).changes_something

    @pytest.mark.parametrize(
        ("words", "pointer"),
        [
            ({"feedback": "a\0b"}, "/feedback"),
            ({"feedback": "\ud800"}, "/feedback"),
            ({"reason_code": "\0"}, "/reason_code"),
            ({"answer": {"text": ["a\0"]}}, "/answer/text/0"),
            ({"selected": ["\udfff"]}, "/selected/0"),
            ({"steps": {"s": {"verdict": "skip", "feedback": "\0"}}}, "/steps/s"),
        ],
    )
    def test_refuses_text_that_one_database_would_not_take(self, words, pointer):
        assert code(**words) == (pointer, "forbidden_character")

    @pytest.mark.parametrize(
        ("answer", "wrong"),
        [(float("nan"), "number_out_of_range"), (2**53, "number_out_of_range")],
    )
    def test_refuses_numbers_that_no_json_carries(self, answer, wrong):
        assert code(answer=answer) == ("/answer", wrong)

    def test_refuses_an_answer_nested_too_deeply(self):
        deep = []
        for _ in range(40):
            deep = [deep]

        assert code(answer=deep)[1] == "too_deep"
