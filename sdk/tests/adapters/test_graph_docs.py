"""The pages about LangGraph and LangChain: their code, as it stands, against a real server."""

import re
import threading
from pathlib import Path

import pytest
from told_model import ToldModel

DOCS = Path(__file__).parents[2] / "docs"


class Model(ToldModel):
    """Calls the page's tool, whatever the page says to it."""

    def _generate(self, messages, *args, **options):
        if messages[-1].type == "human":
            call = '[{"id": "c1", "name": "refund", "args": {"order": "4711", "amount": 90}}]'
            messages = [messages[-1].model_copy(update={"content": call})]
        return super()._generate(messages, *args, **options)


@pytest.fixture
def blocks(request, installation, monkeypatch, tmp_path):
    """The page's blocks of Python, each to be run in turn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACET_URL", installation.url)
    monkeypatch.setenv("PLACET_API_KEY", installation.agent_key)
    page = DOCS / request.param
    found = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [compile(block, str(page), "exec") for block in found]


@pytest.mark.parametrize(
    ("blocks", "said"),
    [("langgraph.md", "Refunded 50."), ("langchain.md", "done")],
    indirect=["blocks"],
)
def test_the_page_pauses_and_goes_on(blocks, said, installation, capsys):
    names = {}
    define, start, go_on = blocks
    exec(define, names)
    names["model"] = Model()
    exec(start, names)
    (waiting,) = names["run"].waiting
    deciding = threading.Timer(
        0.5,
        installation.ada.decide,
        args=(waiting, "modify"),
        kwargs={"merge_patch": {"amount": 50}},
    )
    deciding.start()

    exec(go_on, names)

    deciding.join()
    assert capsys.readouterr().out.splitlines()[-1] == said
    names["client"].close()
    graph = names["graph"] if "graph" in names else names["agent"]
    graph.graph.checkpointer.conn.close()
