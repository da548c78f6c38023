"""What a reviewer may leave out in the editor: nothing."""

import json

import pytest

from placet.cli.review import editing

PLAN = {
    "arguments": {},
    "steps": {
        "a": {"verdict": "approve", "arguments": {"n": 1}},
        "b": {"verdict": "approve", "arguments": {"name": "production"}},
    },
}


@pytest.mark.parametrize(
    "after",
    [
        {"arguments": {}, "steps": {"a": PLAN["steps"]["a"]}},
        {"arguments": {}},
        {"steps": PLAN["steps"]},
        PLAN | {"more": 1},
        {"arguments": {}, "steps": [PLAN["steps"]["a"]]},
        {"arguments": {}, "steps": {"a": 1, "b": 2}},
    ],
)
def test_a_part_that_is_gone_is_not_taken_for_approved(after):
    with pytest.raises(ValueError, match=r"step|arguments"):
        editing.parsed(json.dumps(after), like=PLAN)


def test_what_was_changed_in_place_is_read():
    after = json.loads(json.dumps(PLAN))
    after["steps"]["b"]["verdict"] = "reject"

    assert editing.parsed(json.dumps(after), like=PLAN) == after
