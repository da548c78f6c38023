import pytest

from approvals.rules.likeness import likeness

BASE = {
    "agent": "a",
    "checkpoint": "payments",
    "version": 1,
    "action": "pay",
    "level": "low",
    "amount": 12.0,
    "arguments": {"to": "Acme Ltd", "amount": 12, "on": "2026-11-02", "kind": "transfer"},
}


def likeness_of(**change):
    return likeness(**(BASE | change))


def are_alike(change):
    arguments = BASE["arguments"] | change.pop("arguments", {})
    return likeness_of(**change, arguments=arguments) == likeness_of()


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": {"amount": 99}, "amount": 99.0},
        {"arguments": {"to": "Bexley & Sons"}},
        {"arguments": {"to": "0b54e2f2-6f0c-4a0b-8a5e-2f9f2d1c3a11"}},
        {"arguments": {"on": "2027-01-31"}},
    ],
    ids=str,
)
def test_figures_dates_names_and_ids_may_differ(change):
    assert are_alike(change)


@pytest.mark.parametrize(
    "change",
    [
        {"agent": "b"},
        {"checkpoint": "refunds"},
        {"version": 2},
        {"action": "delete"},
        {"level": "high"},
        {"amount": 100.0},
        {"amount": None},
        {"arguments": {"kind": "deletion"}},
        {"arguments": {"urgent": True}},
        {"arguments": {"note": None}},
        {"arguments": {"amount": "12"}},
        {"arguments": {"to": ["Acme Ltd"]}},
    ],
    ids=str,
)
def test_anything_else_may_not(change):
    assert not are_alike(change)


def test_a_list_is_alike_however_long_it_is():
    assert likeness_of(arguments={"ids": [1, 2]}) == likeness_of(arguments={"ids": [3]})
    assert likeness_of(arguments={"ids": [1, "x y"]}) == likeness_of(arguments={"ids": ["z z", 4]})
    assert likeness_of(arguments={"ids": [1]}) != likeness_of(arguments={"ids": ["x y"]})


def test_the_order_of_keys_is_nothing():
    assert likeness_of(arguments={"a": 1, "b": 2}) == likeness_of(arguments={"b": 1, "a": 2})
