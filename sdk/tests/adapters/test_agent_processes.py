"""A run over several processes, some of which are killed; for every framework with a desk here."""

import json
import signal

import pytest
from effects import Effects, ran
from processes import Desk, approvals_of, said

EDITED = {"order": "A1", "eur": 500, "lines": [{"sku": "t", "count": 3}]}


@pytest.fixture(params=["agents", "pydantic_ai"])
def desk(request, installation, tmp_path):
    pytest.importorskip(request.param)
    program = {"agents": "openai_desk.py", "pydantic_ai": "pydantic_desk.py"}[request.param]
    return Desk(program, folder=tmp_path, installation=installation)


@pytest.fixture
def asked(desk, robin):
    """The approvals of a run that a process started and then ended."""
    desk.run("start")
    return approvals_of(robin, desk.folder.name)


@pytest.fixture
def decided(asked, installation):
    """The same, decided: the first changed, the second approved, the third refused."""
    ada = installation.ada
    # Not in the order they were asked in.
    assert ada.decide(asked["c3"], "reject", feedback="Keep it.").status_code == 200
    assert ada.decide(asked["c1"], "modify", arguments=EDITED).status_code == 200
    assert ada.decide(asked["c2"], "approve").status_code == 200
    return asked


def orders(folder):
    return sorted((call["order"], call["eur"]) for call in ran(folder))


def test_another_process_carries_out_what_was_decided(desk, decided):
    told = json.loads(desk.run("resume"))

    assert orders(desk.folder) == [("A1", 500.0), ("B2", 20.0)]
    assert EDITED["lines"] in [call["lines"] for call in ran(desk.folder)]
    assert told["c1"] == "refunded A1"
    assert told["c3"] == "Not carried out. A reviewer said no. Keep it."


def test_the_same_state_taken_up_twice_runs_once(desk, decided):
    desk.run("resume")
    told = json.loads(desk.run("resume"))

    assert orders(desk.folder) == [("A1", 500.0), ("B2", 20.0)]
    assert told["c1"].startswith("Not carried out now: the permission for this call was used")


def test_five_processes_told_of_the_same_decisions_run_once(desk, decided):
    told = [json.loads(said(process)) for process in [desk.begin("resume") for _ in range(5)]]

    assert orders(desk.folder) == [("A1", 500.0), ("B2", 20.0)]
    assert sum(one["c1"] == "refunded A1" for one in told) == 1


def test_a_process_that_waits_hears_of_decisions_made_meanwhile(desk, asked, installation):
    process = desk.begin("resume")
    installation.ada.decide(asked["c2"], "reject")
    installation.ada.decide(asked["c3"], "reject")
    installation.ada.decide(asked["c1"], "approve")

    assert json.loads(said(process))["c1"] == "refunded A1"
    assert orders(desk.folder) == [("A1", 900.0)]


@pytest.mark.parametrize(("when", "times"), [("before", 0), ("after", 1)])
def test_killed_with_the_permission_in_hand_it_is_not_run_again(
    desk, asked, installation, when, times
):
    installation.ada.decide(asked["c1"], "approve")
    installation.ada.decide(asked["c2"], "reject")
    installation.ada.decide(asked["c3"], "reject")
    Effects(desk.folder).kill(when)
    process = desk.begin("resume")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    Effects(desk.folder).spare()

    told = json.loads(desk.run("resume"))

    assert len(ran(desk.folder)) == times
    assert "Whether it took effect then is not known" in told["c1"]
