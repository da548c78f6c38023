"""The pages about agent frameworks: their code, as it stands, against a real server."""

import re
import threading
import time

import pytest
from processes import SOURCE

DOCS = SOURCE.parent / "docs"
MODIFIED = {"order": "A1", "amount": 5}

pytestmark = pytest.mark.usefixtures("loop")


@pytest.fixture
def names(request, installation, monkeypatch):
    """What the code of a page defines."""
    monkeypatch.setenv("PLACET_URL", installation.url)
    monkeypatch.setenv("PLACET_API_KEY", installation.agent_key)
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    page = DOCS / request.param
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(page), "exec"), names)
    yield names
    (names.get("client") or names["gate"]._client).close()


@pytest.fixture
def editing(installation):
    """A reviewer who changes the next refund that is asked for."""
    known = {row["id"] for row in installation.ada.inbox()}

    def edit():
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for row in installation.ada.inbox():
                if row["action"] == "refund" and row["id"] not in known:
                    installation.ada.decide(row, "modify", arguments=MODIFIED)
                    return

    reviewer = threading.Thread(target=edit)
    reviewer.start()
    yield
    reviewer.join(timeout=60)


@pytest.mark.parametrize("names", ["openai-agents.md"], indirect=True)
@pytest.mark.parametrize("way", ["in one go", "in two"])
def test_the_page_of_the_openai_agents_sdk(names, editing, loop, way):
    desk = pytest.importorskip("openai_desk")
    testing = pytest.importorskip("agents.testing")
    call = testing.function_call("refund", {"order": "A1", "amount": 90.0}, call_id="c1")
    names["agent"].model = testing.ScriptedModel([[call], desk.says_what_it_saw])

    if way == "in one go":
        said = loop.run_until_complete(names["handle"]("Hello"))
    else:
        saved = loop.run_until_complete(names["start"]("Hello"))
        said = loop.run_until_complete(names["go_on"](saved))

    assert said == '{"c1": "Refunded 5.0 for A1."}'


@pytest.mark.parametrize("names", ["pydantic-ai.md"], indirect=True)
@pytest.mark.parametrize("way", ["in one go", "in two"])
def test_the_page_of_pydantic_ai(names, editing, loop, way):
    desk = pytest.importorskip("pydantic_desk")
    call = desk.ToolCallPart("refund", {"order": "A1", "amount": 90.0}, tool_call_id="c1")
    names["waiting"].model = names["pausing"].model = desk.scripted([call])

    if way == "in one go":
        said = loop.run_until_complete(names["handle"]("Hello"))
    else:
        paused = names["start"]("Hello")
        said = names["go_on"](paused.run_id, paused.all_messages(), paused.output).output

    assert said == '{"c1": ["success", "Refunded 5.0 for A1."]}'


@pytest.mark.parametrize("names", ["ag-ui.md"], indirect=True)
def test_the_page_of_ag_ui(names, installation):
    interrupt = {
        "id": "int-1",
        "reason": "tool_call",
        "toolCallId": "tc-1",
        "responseSchema": {
            "type": "object",
            "properties": {"approved": {"type": "boolean"}},
            "required": ["approved"],
        },
    }
    event = {
        "type": "RUN_FINISHED",
        "threadId": "docs-thread",
        "runId": "run-1",
        "outcome": {"type": "interrupt", "interrupts": [interrupt]},
    }
    call = {"id": "tc-1", "type": "function", "function": {"name": "send", "arguments": "{}"}}

    asked = names["ask"](event, {"tc-1": call})
    interrupt_there = names["show"](asked["int-1"])
    said = names["decision"](
        interrupt_there,
        {"interruptId": interrupt_there["id"], "status": "resolved", "payload": {"approved": True}},
    )
    installation.ada.decide(asked["int-1"], said["verdict"])
    (entry,) = names["resume"](event, asked)

    assert entry["payload"] == {"approved": True}
