"""An agent that is started in one process and resumed in others, some of which are killed."""

import time
from pathlib import Path

import pytest
from happenings import happened

import placet

CASES = ["approve", "modify", "reject", "changes", "mixed"]


class Story:
    """What was waiting, what the resumed agent came to, and what has happened in the world."""

    def __init__(self, waiting, ended, effects):
        self.waiting, self.ended, self._effects = waiting, ended, effects

    def effects_of(self, thread):
        """By tool: the calls of a turn run side by side."""
        effects = [
            effect
            for effect in happened(self._effects)
            if thread in (effect.get("order"), effect.get("path", "")[1:])
        ]
        return sorted(effects, key=lambda effect: effect["tool"])

    def told(self, thread):
        """What the model was told about its two calls: (status, text) each."""
        messages = self.ended[thread]["messages"]
        return [(status, text) for kind, status, text in messages if kind == "tool"]


@pytest.fixture(scope="module", params=["batched", "per_call"])
def story(request, in_a_process, installation, tmp_path_factory):
    mode = request.param
    folder = tmp_path_factory.mktemp(mode)
    effects = folder / "effects"
    names = {case: f"{mode}-{case}" for case in [*CASES, "silence"]}
    threads = [names[case] for case in CASES]

    def agent(what, checkpoint, *threads):
        return in_a_process(
            "paying_agent.py",
            *(str(folder / "checkpoints"), what, mode, checkpoint, *threads),
            EFFECTS=str(effects),
        )

    waiting = agent("start", "tools", *threads) | agent("start", "hasty", names["silence"])
    with placet.Client(installation.url, installation.agent_key) as robin:
        decide_all(installation, robin, waiting, mode)
    early = agent("resume", "tools", *threads)
    time.sleep(4)  # the checkpoint "hasty" waits for two seconds
    ended = early | agent("resume", "hasty", names["silence"])
    again = agent("resume", "tools", *threads)
    assert again == early
    story = Story(waiting, ended, effects)
    story.names = names
    return story


def decide_all(installation, robin, waiting, mode):
    def say(case, place, verdict, **words):
        approval = robin.get(waiting[f"{mode}-{case}"]["waiting"][place])
        answer = installation.ada.decide(approval, verdict, **words)
        assert answer.status_code == 200, answer.text

    say("approve", 0, "approve")
    say("approve", 1, "approve")
    amended = {"eur": 500, "lines": [{"sku": "tea", "n": 1, "tax": {"rate": 0.19}}]}
    say("modify", 0, "modify", merge_patch=amended)
    say("modify", 1, "approve")
    say("reject", 0, "reject", feedback="Not this one.")
    say("reject", 1, "reject", reason_code="wrong_target")
    say("changes", 0, "guide", feedback="Ask Ben about the price.")
    say("changes", 0, "request_changes", feedback="Half of it, please.")
    say("changes", 1, "reject")
    say("mixed", 0, "reject", feedback="Not this one.")
    say("mixed", 1, "approve")


def test_asks_for_both_calls_and_runs_neither(story):
    assert [len(story.waiting[story.names[case]]["waiting"]) for case in CASES] == [2] * 5


def test_runs_what_was_approved_once(story):
    thread = story.names["approve"]

    assert story.effects_of(thread) == [
        {"tool": "drop", "path": f"/{thread}"},
        {"tool": "refund", "order": thread, "eur": 900, "lines": [{"sku": "tea", "n": 2}]},
    ]
    assert story.ended[thread]["done"]


def test_runs_what_was_amended_with_its_types_and_all_its_depth(story):
    thread = story.names["modify"]

    paid = next(effect for effect in story.effects_of(thread) if effect["tool"] == "refund")
    assert paid["eur"] == 500
    assert isinstance(paid["eur"], int | float)
    assert paid["lines"] == [{"sku": "tea", "n": 1, "tax": {"rate": 0.19}}]


def test_tells_the_model_why_not(story):
    thread = story.names["reject"]

    assert story.effects_of(thread) == []
    (first, why), (second, why_not_drop) = story.told(thread)
    assert (first, second) == ("error", "error")
    assert "Not this one." in why
    assert "Reason: wrong target." in why_not_drop


def test_tells_the_model_what_to_change(story):
    thread = story.names["changes"]

    assert story.effects_of(thread) == []
    _, guidance = story.told(thread)[0]
    assert "Ask Ben about the price." in guidance
    assert "Half of it, please." in guidance


def test_runs_the_approved_one_of_a_turn_only(story):
    thread = story.names["mixed"]

    assert [effect["tool"] for effect in story.effects_of(thread)] == ["drop"]
    assert [status for status, _ in story.told(thread)] == ["error", "success"]


def test_runs_nothing_after_silence(story):
    thread = story.names["silence"]

    assert story.effects_of(thread) == []
    assert "Nobody decided in time." in story.told(thread)[0][1]


@pytest.mark.parametrize("mode", ["batched", "per_call"])
@pytest.mark.parametrize(("moment", "times"), [("before", 0), ("after", 1)])
def test_a_call_whose_process_was_killed_is_never_run_again(
    mode, moment, times, in_a_process, installation, robin, tmp_path: Path
):
    thread = f"killed-{mode}-{moment}"
    words = (str(tmp_path / "checkpoints"), mode, "tools", thread)

    def agent(what, **more):
        folder, *rest = words
        effects = str(tmp_path / "effects")
        return in_a_process("paying_agent.py", folder, what, *rest, EFFECTS=effects, **more)

    refund, drop = agent("start")[thread]["waiting"]
    installation.ada.decide(robin.get(refund), "approve")
    installation.ada.decide(robin.get(drop), "reject")

    agent("resume", DIE=moment, killed=True)
    agent("resume")
    ended = agent("go_on")[thread] if mode == "batched" else agent("resume")[thread]

    assert len(happened(tmp_path / "effects")) == times
    assert ended["done"]
    assert any("may have run already" in text for _, _, text in ended["messages"])
