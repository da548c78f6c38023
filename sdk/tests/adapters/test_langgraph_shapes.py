"""What each shape of interrupt asks, and what it is answered with."""

import pytest
from langgraph.types import Interrupt

from placet.adapters.langgraph import NotAnswerable
from placet.adapters.langgraph._reading import read
from placet.adapters.langgraph._rulings import Ruling

APPROVE = Ruling("approve", {"eur": 900}, "")
MODIFY = Ruling("modify", {"eur": 500}, "")
REJECT = Ruling("reject", {}, "Too much.")
CHANGES = Ruling("request_changes", {}, "A reviewer asks for changes: half.")
ANSWER = Ruling("approve", {}, "", answer="On Monday.")


def inbox(**config):
    return {"action_request": {"action": "pay", "args": {"eur": 900}}, "config": config}


def turn(*types, **more):
    request = {"name": "pay", "args": {"eur": 900}}
    configs = [{"action_name": "pay", "allowed_decisions": list(each)} for each in types]
    return {"action_requests": [request] * len(types), "review_configs": configs, **more}


def answered(value, *rulings, schema=None):
    asked = read(Interrupt(value, "i", response_schema=schema))
    return asked.answer(rulings, ["id"] * len(rulings))


def asked(value, schema=None):
    (question,) = read(Interrupt(value, "i", response_schema=schema)).questions
    return question


ALL = {"allow_accept": True, "allow_edit": True, "allow_ignore": True, "allow_respond": True}
TOLD = "Rejected, do not do it. A reviewer asks for changes: half."
CALL = {"type": "tool_approval", "name": "pay", "args": {"eur": 900}, "tool_call_id": "c1"}
EDITED = {"name": "pay", "args": {"eur": 500}}


class TestAgentInbox:
    @pytest.mark.parametrize(
        ("ruling", "response"),
        [
            (APPROVE, {"type": "accept", "args": None}),
            (MODIFY, {"type": "edit", "args": {"action": "pay", "args": {"eur": 500}}}),
            (REJECT, {"type": "ignore", "args": None}),
            (CHANGES, {"type": "response", "args": TOLD}),
        ],
    )
    def test_is_answered_with_a_list(self, ruling, response):
        assert answered(inbox(**ALL), ruling) == [response]
        assert answered([inbox(**ALL)], ruling) == [response]

    @pytest.mark.parametrize(
        ("config", "allowed"),
        [
            ({"allow_accept": True}, ("approve",)),
            ({"allow_accept": True, "allow_edit": True}, ("approve", "modify")),
            ({"allow_accept": True, "allow_ignore": True}, ("approve", "reject")),
            (ALL, ("approve", "modify", "reject", "request_changes")),
        ],
    )
    def test_offers_what_the_graph_can_take(self, config, allowed):
        assert asked(inbox(**config)).allowed == allowed

    def test_says_no_in_words_where_it_cannot_be_ignored(self):
        told = answered(inbox(allow_accept=True, allow_respond=True), REJECT)

        assert told == [{"type": "response", "args": "Rejected, do not do it. Too much."}]

    def test_is_a_question_where_only_words_are_taken(self):
        question = inbox(allow_respond=True)

        assert asked(question).response["type"] == "freeform"
        assert answered(question, ANSWER) == [{"type": "response", "args": "On Monday."}]

    @pytest.mark.parametrize(
        ("config", "ruling"),
        [
            ({"allow_accept": True}, REJECT),
            ({"allow_accept": True}, MODIFY),
            ({"allow_edit": True, "allow_ignore": True}, APPROVE),
        ],
    )
    def test_cannot_be_told_what_it_does_not_allow(self, config, ruling):
        with pytest.raises(NotAnswerable):
            answered(inbox(**config), ruling)


class TestTurnOfToolCalls:
    def test_is_answered_in_order(self):
        every = ["approve", "edit", "reject", "respond"]

        assert answered(turn(every, every, every, every), APPROVE, MODIFY, REJECT, CHANGES) == {
            "decisions": [
                {"type": "approve"},
                {"type": "edit", "edited_action": EDITED},
                {"type": "reject", "message": "Too much."},
                {"type": "reject", "message": "A reviewer asks for changes: half."},
            ]
        }

    def test_is_not_answered_in_part(self):
        with pytest.raises(ValueError, match="shorter"):
            answered(turn(["approve"], ["approve"]), APPROVE)

    def test_of_the_same_tool_twice_keeps_to_what_each_allows(self):
        with pytest.raises(NotAnswerable):
            answered(turn(["approve", "edit"], ["approve"]), MODIFY, MODIFY)

    @pytest.mark.parametrize("types", [["respond"], ["respond", "reject"]])
    def test_asks_a_person_where_the_tool_is_a_question(self, types):
        assert asked(turn(types)).response["type"] == "freeform"
        assert answered(turn(types), ANSWER) == {
            "decisions": [{"type": "respond", "message": "On Monday."}]
        }

    def test_never_answers_for_a_tool_that_acts(self):
        # The model would take the words for the tool's success.
        told = answered(turn(["approve", "reject", "respond"]), CHANGES)

        assert told["decisions"][0]["type"] == "reject"

    def test_without_a_way_to_say_no_is_left_paused(self):
        with pytest.raises(NotAnswerable):
            answered(turn(["approve", "edit"]), REJECT)

    def test_that_the_graph_guards_itself_is_said(self):
        assert read(Interrupt(turn(["approve"], placet_gated=True), "i")).takes_permission
        assert not read(Interrupt(turn(["approve"]), "i")).takes_permission


class TestOneToolCall:
    @staticmethod
    def schema(*types):
        action = {"properties": {"name": {"const": "pay"}, "args": {"$ref": "#/$defs/pay"}}}
        branches = {
            each: {"properties": {"type": {"const": each}}, "required": ["type"]} for each in types
        }
        if "edit" in branches:
            branches["edit"]["properties"]["edited_action"] = {"$ref": "#/$defs/action"}
        pay = {"properties": {"eur": {"type": "number"}}, "type": "object"}
        schema = {"$defs": {**branches, "action": action, "pay": pay}}
        references = [{"$ref": f"#/$defs/{each}"} for each in types]
        # LangChain gives a tool with one decision that decision's plain schema.
        return {**schema, **(branches[types[0]] if len(types) == 1 else {"oneOf": references})}

    def test_allows_what_its_schema_names(self):
        question = asked(CALL, self.schema("approve", "reject"))

        assert question.allowed == ("approve", "reject", "request_changes")
        assert question.native_id == "c1"
        assert asked(CALL, self.schema("approve")).allowed == ("approve",)

    def test_shows_the_reviewer_what_edited_arguments_must_be(self):
        question = asked(CALL, self.schema("approve", "edit"))

        assert question.arguments_schema["properties"] == {"eur": {"type": "number"}}

    def test_offers_no_edit_where_no_schema_says_so(self):
        assert "modify" not in asked(CALL).allowed

    def test_is_answered_with_one_decision(self):
        schema = self.schema("approve", "edit", "reject")

        assert answered(CALL, APPROVE, schema=schema) == {"type": "approve"}
        assert answered(CALL, MODIFY, schema=schema)["edited_action"] == EDITED


class TestAnythingElse:
    @pytest.mark.parametrize(
        "value",
        [
            "How old are you?",
            {"tool": "pay"},
            [],
            None,
            {"action_requests": [], "review_configs": []},
            {"action_requests": [{"name": "pay"}], "review_configs": []},
            {"action_requests": [{"name": "a", "args": {}}], "review_configs": ["approve"]},
            {"action_request": {"action": 7}, "config": {}},
            {"type": "tool_approval"},
            {"type": "placet_approval"},
            {"at": object()},
        ],
    )
    def test_is_an_open_question(self, value):
        question = asked(value)

        assert question.action == "answer"
        assert question.response["type"] == "freeform"
        assert answered(value, ANSWER) == "On Monday."

    def test_is_asked_in_the_form_of_its_schema(self):
        schema = {"type": "object", "properties": {"age": {"type": "integer"}}}

        assert asked("How old?", schema).response == {"type": "freeform", "schema": schema}

    def test_has_no_no(self):
        with pytest.raises(NotAnswerable, match="Too much"):
            answered("How old are you?", REJECT)
