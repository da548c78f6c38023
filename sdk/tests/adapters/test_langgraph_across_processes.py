"""A graph that is started in one process and resumed in others, some of which are killed."""

import time

import pytest
from happenings import happened

import placet

CASES = ["approve", "modify", "reject", "changes"]
PAYMENT = {"eur": 900, "to": {"iban": "DE00", "name": "Ann"}}


@pytest.fixture(scope="module", params=["inbox", "node"])
def story(request, in_a_process, installation, tmp_path_factory):
    """Five threads of one graph: what each came to, and what has happened in the world."""
    shape = request.param
    folder = tmp_path_factory.mktemp(shape)
    threads = {case: f"{shape}-{case}" for case in [*CASES, "silence"]}

    def graph(what, checkpoint, *threads):
        return in_a_process(
            "paying_graph.py",
            *(str(folder / "checkpoints"), what, shape, checkpoint, *threads),
            EFFECTS=str(folder / "effects"),
            DELIVERIES="5",
        )

    decided = [threads[case] for case in CASES]
    waiting = graph("start", "tools", *decided) | graph("start", "hasty", threads["silence"])
    amended = {"eur": 500.5, "to": {"bank": {"code": 7}}}
    for case, verdict, words in (
        ("approve", "approve", {}),
        ("modify", "modify", {"merge_patch": amended}),
        ("reject", "reject", {"feedback": "Not this one."}),
        ("changes", "request_changes", {"feedback": "Half of it, please."}),
    ):
        (id,) = waiting[threads[case]]["waiting"]
        with placet.Client(installation.url, installation.agent_key) as robin:
            answer = installation.ada.decide(robin.get(id), verdict, **words)
        assert answer.status_code == 200, answer.text
    time.sleep(4)  # the checkpoint "hasty" waits for two seconds
    ended = graph("resume", "tools", *decided) | graph("resume", "hasty", threads["silence"])
    return {
        case: (
            ended[thread],
            [e for e in happened(folder / "effects") if e.pop("thread") == thread],
        )
        for case, thread in threads.items()
    }


def test_runs_what_was_approved_once(story):
    ended, effects = story["approve"]

    assert ended["done"]
    assert effects == [PAYMENT]


def test_runs_what_was_amended_with_its_types_and_all_its_depth(story):
    _, effects = story["modify"]

    amended = {"eur": 500.5, "to": {"iban": "DE00", "name": "Ann", "bank": {"code": 7}}}
    assert effects == [amended]


def test_runs_nothing_after_a_no(story):
    ended, effects = story["reject"]

    assert ended["done"]
    assert effects == []
    assert "Not this one." in ended["said"] or '"ignore"' in ended["said"]


def test_hands_on_what_is_to_be_changed(story):
    ended, effects = story["changes"]

    assert "Half of it, please." in ended["said"]
    assert effects == []


def test_runs_nothing_after_silence(story):
    ended, effects = story["silence"]

    assert ended["done"]
    assert effects == []


@pytest.mark.parametrize("shape", ["inbox", "node"])
@pytest.mark.parametrize(("moment", "times"), [("before", 0), ("after", 1)])
def test_a_node_whose_process_was_killed_does_not_act_again(
    shape, moment, times, in_a_process, installation, robin, tmp_path
):
    thread = f"killed-{shape}-{moment}"

    def graph(what, **more):
        words = (str(tmp_path / "checkpoints"), what, shape, "tools", thread)
        effects = str(tmp_path / "effects")
        return in_a_process("paying_graph.py", *words, EFFECTS=effects, **more)

    (pay,) = graph("start")[thread]["waiting"]
    installation.ada.decide(robin.get(pay), "approve")

    graph("resume", DIE=moment, killed=True)
    ended = graph("resume", DELIVERIES="3")[thread]

    assert len(happened(tmp_path / "effects")) == times
    if shape == "node":
        assert ended["done"]
        assert "may have run already" in ended["said"]
    else:
        # Nobody but a person can know whether it ran; the graph is left as it is.
        assert ended == {"raised": "in_doubt"}


def test_an_async_graph_acts_once_however_often_it_is_told(
    in_a_process, installation, robin, tmp_path
):
    def graph(what):
        words = (str(tmp_path / "checkpoints"), what, "async", "tools", "async-1")
        return in_a_process("paying_graph.py", *words, EFFECTS=str(tmp_path / "effects"))

    (pay,) = graph("start")["async-1"]["waiting"]
    installation.ada.decide(robin.get(pay), "modify", merge_patch={"eur": 1})

    assert graph("resume")["async-1"]["done"]
    assert [effect["eur"] for effect in happened(tmp_path / "effects")] == [1]


def test_an_open_question_is_answered_in_its_own_form(in_a_process, installation, robin, tmp_path):
    def graph(what):
        words = (str(tmp_path / "checkpoints"), what, "open", "tools", "open-1")
        return in_a_process("paying_graph.py", *words, EFFECTS=str(tmp_path / "effects"))

    (question,) = graph("start")["open-1"]["waiting"]
    wrong = installation.ada.decide(
        robin.get(question), "approve", answer={"size": "huge", "count": 2}
    )
    assert wrong.json()["errors"][0]["pointer"] == "/answer/size"

    installation.ada.decide(robin.get(question), "approve", answer={"size": "large", "count": 2})

    assert graph("resume")["open-1"]["done"]
    assert happened(tmp_path / "effects") == [{"thread": "open-1", "size": "large", "count": 2}]
