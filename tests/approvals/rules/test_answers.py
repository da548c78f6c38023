import pytest

from approvals.rules import answers

BINARY = {"type": "binary"}
OPTIONS = [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}, {"id": "c", "label": "C"}]
CHOICE = {"type": "multiselect", "options": OPTIONS}
TEXT = {"type": "freeform"}


def code(response, selected=None, answer=None):
    problem = answers.objection(response, selected, answer)
    return (problem.pointer, problem.code) if problem else None


class TestABinaryRequest:
    def test_asks_for_nothing_more(self):
        assert code(BINARY) is None

    @pytest.mark.parametrize("more", [{"selected": ["a"]}, {"selected": []}, {"answer": "x"}])
    def test_takes_nothing_more(self, more):
        assert code(BINARY, **more) == ("", "invalid")


class TestAMultiselect:
    @pytest.mark.parametrize(
        ("limits", "selected", "wrong"),
        [
            ({}, ["a"], None),
            ({}, ["a", "b", "c"], None),
            ({}, [], "out_of_range"),
            ({}, None, "out_of_range"),
            ({"min": 0}, [], None),
            ({"min": 2}, ["a"], "out_of_range"),
            ({"min": 2}, ["a", "c"], None),
            ({"max": 1}, ["a", "b"], "out_of_range"),
            ({"min": 2, "max": 2}, ["a", "b"], None),
            ({}, ["d"], "not_a_choice"),
            ({}, ["a", "A"], "not_a_choice"),
            ({}, ["a", "a"], "invalid"),
        ],
    )
    def test_takes_so_many_of_the_options_each_once(self, limits, selected, wrong):
        assert code(CHOICE | limits, selected) == (("/selected", wrong) if wrong else None)


class TestAFreeformRequest:
    @pytest.mark.parametrize("empty", [None, ""])
    def test_wants_an_answer(self, empty):
        assert code(TEXT, answer=empty) == ("/answer", "required")

    @pytest.mark.parametrize("given", ["x", 0, False, {"a": 1}])
    def test_takes_any_without_a_schema(self, given):
        assert code(TEXT, answer=given) is None

    def test_holds_the_answer_against_its_schema(self):
        asked = TEXT | {"schema": {"type": "object", "properties": {"n": {"maximum": 5}}}}

        assert code(asked, answer={"n": 5}) is None
        assert code(asked, answer={"n": 6}) == ("/answer/n", "out_of_range")
        assert code(asked, answer="six") == ("/answer", "wrong_type")


class TestFlawIn:
    @pytest.mark.parametrize(
        "response",
        [
            BINARY,
            TEXT,
            CHOICE,
            CHOICE | {"min": 0, "max": 3},
            CHOICE | {"min": 3},
            TEXT | {"schema": {"type": "string"}},
        ],
    )
    def test_finds_none_in_a_question_that_can_be_answered(self, response):
        assert answers.flaw_in(response) is None

    @pytest.mark.parametrize(
        "response",
        [
            {"type": "multiselect"},
            CHOICE | {"options": []},
            CHOICE | {"options": [*OPTIONS, OPTIONS[0]]},
            CHOICE | {"min": 2, "max": 1},
            CHOICE | {"min": 4},
            CHOICE | {"max": 4},
            TEXT | {"schema": {"type": "no such type"}},
            TEXT | {"schema": {"$ref": "http://127.0.0.1:1/schema"}},
        ],
    )
    def test_finds_what_nobody_could_answer(self, response):
        assert answers.flaw_in(response) is not None
