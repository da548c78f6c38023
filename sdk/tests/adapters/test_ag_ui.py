"""AG-UI's shapes, as its documentation has them on the wire, against a real server."""

import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from placet.adapters import ag_ui

AT = datetime(2026, 4, 20, 16, 0, tzinfo=timezone.utc)
SEND = {
    "id": "tc-42",
    "type": "function",
    "function": {"name": "sendEmail", "arguments": '{"to": "a@b.com", "copies": 1, "body": "Hi"}'},
}
ARGUMENTS = json.loads(SEND["function"]["arguments"])
EDITABLE = {
    "id": "int-email-edit",
    "reason": "tool_call",
    "message": "Send email to a@b.com? You can edit the body before approving.",
    "toolCallId": "tc-42",
    "responseSchema": {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "editedArgs": {
                "type": "object",
                "properties": {
                    "to": {"type": "string", "format": "email"},
                    "copies": {"type": "integer"},
                    "body": {"type": "string"},
                },
            },
        },
        "required": ["approved"],
    },
    "metadata": {"langgraph": {"checkpointId": "ckpt-xyz"}},
}
MINIMAL = {
    "id": "int-abc123",
    "reason": "tool_call",
    "toolCallId": "tc-42",
    "responseSchema": {
        "type": "object",
        "properties": {"approved": {"type": "boolean"}},
        "required": ["approved"],
        "additionalProperties": False,
    },
}
FORM = {
    "id": "int-form",
    "reason": "input_required",
    "message": "Please provide the quarterly filing details.",
    "responseSchema": {
        "type": "object",
        "properties": {
            "quarter": {"type": "string", "enum": ["Q1", "Q2"]},
            "year": {"type": "integer"},
        },
        "required": ["quarter", "year"],
    },
    "expiresAt": "2026-04-20T17:00:00Z",
}
CONFIRMATION = {"id": "int-sure", "reason": "confirmation", "message": "Go on?"}
BOUND = {
    **MINIMAL,
    "id": "int-refund-approval",
    "responseSchema": {
        "type": "object",
        "properties": {
            "approved": {"type": "boolean"},
            "approvedActionFingerprint": {"type": "string"},
            "editedArgs": {"type": "object"},
        },
        "required": ["approved", "approvedActionFingerprint"],
    },
    "metadata": {"governance": {"actionFingerprint": "sha256:8f1b"}},
}


def request(interrupt, **changes):
    return ag_ui.request_for(
        interrupt,
        **{
            "checkpoint": "tools",
            "at": AT,
            "tool_call": SEND if "toolCallId" in interrupt else None,
        }
        | changes,
    )


@pytest.fixture
def asked(robin):
    """Ask about interrupts: their approvals, by id."""

    def ask(*interrupts):
        requests = [request(interrupt) for interrupt in interrupts]
        approvals = robin.submit_group(str(uuid.uuid4()), requests)
        return {i["id"]: approval for i, approval in zip(interrupts, approvals, strict=True)}

    return ask


@pytest.fixture
def resumed(robin):
    """The resume list as it stands now."""

    def resume(interrupts, asked, at=AT):
        return ag_ui.resume(interrupts, {id: robin.get(a.id) for id, a in asked.items()}, at=at)

    return resume


class TestAsking:
    def test_a_tool_call_is_what_would_run(self):
        asked = request(EDITABLE, run="thread-2")

        assert asked["action"] == "sendEmail"
        assert asked["arguments"] == ARGUMENTS
        assert asked["arguments_schema"] == EDITABLE["responseSchema"]["properties"]["editedArgs"]
        assert asked["context"] == {"reason": "tool_call", "message": EDITABLE["message"]}
        assert asked["run"] == "thread-2"

    @pytest.mark.parametrize(
        ("interrupt", "offered"),
        [
            (EDITABLE, ["approve", "modify", "reject", "request_changes"]),
            (MINIMAL, ["approve", "reject", "request_changes"]),
            (BOUND, ["approve", "reject", "request_changes"]),  # an edit has another fingerprint
            (CONFIRMATION, ["approve", "reject", "request_changes"]),
        ],
    )
    def test_offers_what_the_answer_can_carry(self, interrupt, offered):
        assert request(interrupt)["allowed_decisions"] == offered

    def test_input_is_asked_for_with_its_schema(self):
        asked = request(FORM)

        assert asked["response"] == {"type": "freeform", "schema": FORM["responseSchema"]}
        assert asked["expires_in_seconds"] == 3600

    @pytest.mark.parametrize("written", ["next Tuesday", "", None])
    def test_an_end_written_in_a_way_nobody_reads_is_none(self, written):
        assert "expires_in_seconds" not in request({**FORM, "expiresAt": written})

    def test_what_has_expired_is_not_asked(self):
        with pytest.raises(ValueError, match="expired"):
            request({**FORM, "expiresAt": "2026-04-20T16:00:00Z"})

    @pytest.mark.parametrize("call", [None, {**SEND, "id": "tc-43"}])
    def test_a_call_is_not_approved_unseen(self, call):
        with pytest.raises(ValueError, match="about call tc-42"):
            request(MINIMAL, tool_call=call)


class TestResuming:
    def test_an_edit_replaces_the_arguments(self, asked, resumed, installation):
        approvals = asked(EDITABLE)
        edited = {"to": "a@b.com", "copies": 2, "body": "Hi (revised)"}
        installation.ada.decide(approvals[EDITABLE["id"]], "modify", arguments=edited)

        (entry,) = resumed([EDITABLE], approvals)

        assert entry["interruptId"] == "int-email-edit"
        assert entry["status"] == "resolved"
        assert entry["payload"] == {"approved": True, "editedArgs": edited}
        assert entry["metadata"]["placet"]["grant"].count(".") == 2

    def test_every_interrupt_has_its_entry(self, asked, resumed, installation):
        interrupts = [EDITABLE, MINIMAL, FORM, CONFIRMATION, BOUND]
        approvals = asked(*interrupts)
        ada = installation.ada
        ada.decide(approvals["int-email-edit"], "reject", feedback="Not to him.")
        ada.decide(approvals["int-abc123"], "reject", feedback="Nor this.")
        answered = {"quarter": "Q1", "year": 2026}
        ada.decide(approvals["int-form"], "approve", answer=answered)
        ada.decide(approvals["int-sure"], "approve")
        with pytest.raises(ValueError, match=r"pending .*int-refund-approval"):
            resumed(interrupts, approvals)
        ada.decide(approvals["int-refund-approval"], "approve")

        entries = resumed(interrupts, approvals)

        assert [(entry["status"], entry["payload"]) for entry in entries] == [
            (
                "resolved",
                {
                    "approved": False,
                    "reason": "Not carried out. A reviewer said no. Not to him.",
                },
            ),
            ("resolved", {"approved": False}),  # its schema has no room for a reason
            ("resolved", answered),
            ("resolved", True),
            ("resolved", {"approved": True, "approvedActionFingerprint": "sha256:8f1b"}),
        ]
        assert resumed(interrupts, approvals) == entries  # safe to replay

    def test_an_answer_that_does_not_fit_is_refused_to_the_reviewer(self, asked, installation):
        form = asked(FORM)["int-form"]

        answer = installation.ada.decide(form, "approve", answer={"quarter": "Q9", "year": 2026})

        assert answer.status_code == 422

    def test_an_interrupt_left_out_is_not_abandoned(self, asked, resumed):
        with pytest.raises(ValueError, match=r"not asked \['int-form'\]"):
            resumed([FORM], {})

    def test_what_was_withdrawn_or_came_too_late_is_cancelled(
        self, asked, resumed, installation, robin
    ):
        approvals = asked(MINIMAL, FORM)
        robin.cancel(approvals["int-abc123"])
        installation.ada.decide(
            approvals["int-form"], "approve", answer={"quarter": "Q1", "year": 2026}
        )

        entries = resumed([MINIMAL, FORM], approvals, at=AT + timedelta(hours=1))

        assert [entry["status"] for entry in entries] == ["cancelled", "cancelled"]
        assert all("payload" not in entry for entry in entries)

    def test_input_that_nobody_gave_is_cancelled(self, asked, resumed, installation):
        approvals = asked(FORM)
        installation.ada.decide(approvals["int-form"], "reject")

        assert resumed([FORM], approvals)[0]["status"] == "cancelled"


class TestShowing:
    @pytest.fixture
    def approval(self, robin):
        return robin.submit(
            "refund",
            {"order": "A1", "eur": 900},
            checkpoint="tools",
            arguments_schema={"type": "object", "properties": {"eur": {"type": "number"}}},
            source={"client": "test", "native_id": "c1"},
        )

    def decide(self, ada, approval, payload, status="resolved"):
        """What the server says to what a frontend sent."""
        interrupt = ag_ui.interrupt_for(approval)
        entry = {"interruptId": interrupt["id"], "status": status, "payload": payload}
        body = ag_ui.decision_for(interrupt, json.loads(json.dumps(entry)))
        return ada.decide({"id": approval.id, **body}, **body)

    def test_an_approval_is_a_tool_call(self, approval):
        interrupt = ag_ui.interrupt_for(approval)

        assert (interrupt["reason"], interrupt["toolCallId"]) == ("tool_call", "c1")
        assert interrupt["responseSchema"]["required"] == ["approved"]
        edited = interrupt["responseSchema"]["properties"]["editedArgs"]
        assert edited["properties"] == {"eur": {"type": "number"}}
        assert interrupt["expiresAt"] == approval.raw["expires_at"]

    def test_a_yes_a_no_and_an_edit_are_decisions(self, robin, approval, installation):
        edited = {"order": "A1", "eur": 500}
        answer = self.decide(
            installation.ada, approval, {"approved": True, "editedArgs": edited, "reason": "Half."}
        )

        assert answer.status_code == 200, answer.text
        settled = robin.get(approval.id)
        assert (settled.status, settled.arguments) == ("modified", edited)
        assert settled.decision.feedback == "Half."

    def test_a_plan_is_decided_on_its_page(self, robin):
        steps = [{"id": "b", "action": "drop_database", "arguments": {"name": "production"}}]
        plan = robin.submit("tidy_up", {}, checkpoint="tools", steps=steps)

        with pytest.raises(ValueError, match="step by step"):
            ag_ui.interrupt_for(plan)

    def test_a_question_is_input(self, robin, installation):
        question = robin.submit(
            "ask",
            checkpoint="questions",
            response={"type": "freeform", "schema": {"type": "integer"}},
        )
        assert ag_ui.interrupt_for(question)["reason"] == "input_required"
        assert ag_ui.interrupt_for(question)["responseSchema"] == {"type": "integer"}

        assert self.decide(installation.ada, question, 7).status_code == 200
        assert robin.get(question.id).decision.answer == 7

    def test_what_has_changed_since_is_not_decided_on(self, robin, approval, installation):
        robin.revise(approval, {"order": "A1", "eur": 9000})

        answer = self.decide(installation.ada, approval, {"approved": True})

        assert answer.status_code == 409
        assert robin.get(approval.id).is_pending

    @pytest.mark.parametrize(
        "payload", [None, True, "yes", {}, {"approved": 1}, {"approved": "true"}]
    )
    def test_nothing_but_true_is_a_yes(self, approval, payload):
        interrupt = ag_ui.interrupt_for(approval)
        entry = {"interruptId": approval.id, "status": "resolved", "payload": payload}

        with pytest.raises(ValueError, match="approved: true or false"):
            ag_ui.decision_for(interrupt, entry)

    def test_walking_away_decides_nothing(self, approval):
        interrupt = ag_ui.interrupt_for(approval)

        assert (
            ag_ui.decision_for(interrupt, {"interruptId": approval.id, "status": "cancelled"})
            is None
        )

    @pytest.mark.parametrize(
        "entry",
        [
            {"interruptId": "another", "status": "resolved", "payload": {"approved": True}},
            {"status": "done", "payload": {"approved": True}},
        ],
    )
    def test_an_entry_that_answers_nothing_is_refused(self, approval, entry):
        with pytest.raises(ValueError, match=r"was not asked|no status"):
            ag_ui.decision_for(ag_ui.interrupt_for(approval), {"interruptId": approval.id, **entry})
