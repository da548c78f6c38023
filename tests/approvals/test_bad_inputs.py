"""
Every entry of tests/data/bad-inputs.json, and what must hold after each.

Nothing breaks; a refusal is a problem with a code, tells nothing of the inside and leaves
no row; and afterwards the agent's list, the inbox and the queue are answered as before.
"""

import ast
import inspect
import json
import logging
import time
from collections import Counter
from pathlib import Path

import pytest

from approvals.api import callers
from tests.approvals.api import contract
from tests.approvals.bad_inputs import claims, generators, stories
from tests.approvals.bad_inputs.world import INSIDE, World, logging_to, rows

ROOT = Path(__file__).parents[2]
CORPUS = json.loads((ROOT / "tests/data/bad-inputs.json").read_text())
ENTRIES = [entry for entry in CORPUS["entries"] if "covered_by" not in entry]
COVERED = [entry for entry in CORPUS["entries"] if "covered_by" in entry]
SECONDS = 5.0  # for one entry, on a machine that others use too


def name_of(entry):
    return f"{entry['id']} {entry['what']}"


@pytest.fixture
def world(db, monkeypatch):
    monkeypatch.setattr(callers.PerCallerThrottle, "_buckets", {})
    world = World.made()
    handler = logging_to(world.log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield world
    root.removeHandler(handler)
    root.setLevel(level)


def requests_of(entry, world):
    if name := entry.get("generator"):
        make = getattr(generators, name, None) or getattr(stories, name)
        yield from make(world, entry)
    yield from entry.get("sends", [])


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_is_answered_as_it_must_be(entry, world):
    responses = []
    for what in requests_of(entry, world):
        before, started = rows(), time.monotonic()
        response = world.send(what)
        assert time.monotonic() - started < SECONDS
        is_as_expected(response, entry, what)
        if response.status_code >= 400:
            assert without(rows(), entry) == without(before, entry)
        responses.append(response)

    assert responses
    world.is_well()
    for claim in entry.get("rules", []):
        claims.holds(claim, world, entry, responses)


def without(counts, entry):
    """Refused for being late, one may find that silence decides at that very moment."""
    return {name: count for name, count in counts.items() if name not in entry.get("leaves", ())}


def is_as_expected(response, entry, what):
    body = response.content.decode(errors="replace")
    assert response.status_code in entry["expect"]["status"], body[:500]
    if response.status_code >= 400:
        assert not [word for word in INSIDE if word in body]
    if response.status_code >= 400 and response.request["PATH_INFO"].startswith("/api/"):
        said = contract.assert_problem(response)
        assert said["code"] in entry["expect"]["code"], said
        if "pointer" in entry:
            assert entry["pointer"] in [error["pointer"] for error in said["errors"]]


@pytest.mark.parametrize("entry", COVERED, ids=name_of)
def test_is_held_by_the_tests_it_names(entry):
    for place in entry["covered_by"]:
        path, *names = place.split("::")
        inside = ast.parse((ROOT / path).read_text()).body
        for name in names:
            found = [node for node in inside if getattr(node, "name", None) == name]
            assert found, f"{place} does not exist"
            inside = getattr(found[0], "body", [])


def test_nothing_is_both_held_and_left_out():
    held = {entry["id"] for entry in CORPUS["entries"]}

    assert not held & CORPUS["left_out"].keys()
    assert all(CORPUS["left_out"].values())


def test_every_generator_and_claim_is_used():
    used = Counter(entry.get("generator") for entry in ENTRIES)
    made = {
        name
        for module in (generators, stories)
        for name, thing in vars(module).items()
        if inspect.isfunction(thing) and thing.__annotations__.get("return") is module.Sends
    }

    assert made == used.keys() - {None}
    claimed = {claim.split(":")[0] for entry in ENTRIES for claim in entry.get("rules", [])}
    assert claimed == claims.CHECKS.keys()
