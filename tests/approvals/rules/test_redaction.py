"""Masking what a checkpoint keeps from sight."""

import copy

import pytest

from approvals.rules.redaction import MASK, masked

DOCUMENT = {
    "action": "pay",
    "arguments": {"iban": "DE02", "to": {"iban": "DE03", "name": "Jo"}, "a/b": 1, "list": [1, 2]},
    "steps": [{"id": "one", "arguments": {"iban": "DE04"}}, {"id": "two", "arguments": {}}],
    "context": {"iban": "DE05", "rationale": "r"},
}


def at(document, *path):
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize(
    ("pointer", "places"),
    [
        ("/arguments/iban", [("arguments", "iban")]),
        ("/arguments/to", [("arguments", "to")]),
        ("/arguments/to/*", [("arguments", "to", "iban"), ("arguments", "to", "name")]),
        ("/arguments/a~1b", [("arguments", "a/b")]),
        ("/arguments/list/0", [("arguments", "list", 0)]),
        ("/steps/*/arguments/iban", [("steps", 0, "arguments", "iban")]),
        (
            "/iban",
            [("arguments", "iban"), ("steps", 0, "arguments", "iban"), ("context", "iban")],
        ),
        ("/arguments/missing", []),
        ("/arguments/iban/deeper", []),
    ],
)
def test_masks_what_the_pointer_names_and_nothing_else(pointer, places):
    result = masked(DOCUMENT, [pointer])

    expected = copy.deepcopy(DOCUMENT)
    for *path, last in places:
        at(expected, *path)[last] = MASK
    assert result == expected


def test_masks_every_pointer_and_changes_no_original():
    before = copy.deepcopy(DOCUMENT)

    result = masked(DOCUMENT, ["/arguments/iban", "/context/rationale"])

    assert (result["arguments"]["iban"], result["context"]["rationale"]) == (MASK, MASK)
    assert DOCUMENT == before
