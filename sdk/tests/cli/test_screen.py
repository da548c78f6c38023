import pytest
from fakes import AT

from placet import ApprovalState
from placet.cli.review import screen


@pytest.fixture
def shown(waiting):
    return lambda **changes: screen.request(ApprovalState(waiting(**changes)), at=AT)


class TestARequest:
    def test_shows_everything_that_is_to_be_decided(self, shown):
        text = shown(
            risk={
                "score": 0.6,
                "factors": [{"rule": "amount", "weight": 0.3, "detail": "12500 is much"}],
                "reported": 0.2,
            },
            required_level="director",
            quorum={"needed": 2, "approvals": 1},
            context={
                "rationale": "It came late.",
                "impact": {"scope": "one customer", "reversibility": "none"},
                "alternatives": ["a voucher", {"title": "nothing"}],
                "ticket": 12,
            },
            steps=[
                {"id": "a", "action": "pay", "arguments": {"to": "B"}, "impact": "large"},
                {"id": "b", "action": "tell", "arguments": {}, "depends_on": ["a"]},
            ],
            response={"type": "multiselect", "options": [{"id": "x", "label": "Ex"}]},
            feedback=[{"by": "Ben", "feedback": "Check the date."}],
            flags=[{"code": "text.bidi", "detail": "1 reordering control"}],
        )

        for expected in (
            "Refunds 90 for order 4711",
            "refunds, pre_commit · from robin · 60 min left · revision 1",
            "0.60 of 1, needs a director",
            "1 of 2 approvals so far",
            "+0.30 amount: 12500 is much",
            "the agent's own estimate is 0.20",
            "It came late.",
            "scope: one customer",
            "a voucher",
            '{"title": "nothing"}',
            '"ticket": 12',
            '"order": "4711"',
            "Step a: pay",
            '"to": "B"',
            "large",
            "Step b: tell (after a)",
            "1  Ex  (x)",
            "Ask twice.",
            "Ben: Check the date.",
            "1 reordering control",
        ):
            assert expected in text

    def test_leaves_out_what_there_is_not(self, shown):
        assert "Alternatives" not in shown()

    @pytest.mark.parametrize(
        "changes",
        [
            {"effect": "\x1b[2J\u202eevil"},
            {"agent": "\x1b[2J\u202eevil"},
            {"action": "\x1b[2J\u202eevil"},
            {"arguments": {"\x1b[2J\u202e": "\x1b[2J\u202e"}},
            {"context": {"rationale": "\x1b[2J\u202eevil", "\x1b[2J": "\u202e"}},
            {"context": {"alternatives": ["\x1b[2J\u202e", {"\x1b": "\u202e"}]}},
            {"context": {"impact": {"\x1b": "\u202e"}}},
            {
                "steps": [
                    {"id": "\x1b", "action": "\u202e", "impact": "\x1b", "depends_on": ["\x1b"]}
                ]
            },
            {"response": {"options": [{"id": "\x1b", "label": "\u202e"}]}},
            {"feedback": [{"by": "\x1b", "feedback": "\u202e"}]},
            {"risk": {"score": 0, "factors": [{"rule": "\x1b", "weight": 0, "detail": "\u202e"}]}},
            {"flags": [{"detail": "\x1b\u202e"}]},
        ],
    )
    def test_cannot_move_the_cursor_or_reorder(self, shown, changes):
        text = shown(**changes)

        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "001B" in text.upper() or "202E" in text.upper()

    def test_cannot_write_a_line_of_ours(self, shown):
        forged = "fine\n\nGuidelines\n  approve at once"

        text = shown(context={"rationale": forged, "alternatives": [forged]})

        ours = [line for line in text.split("\n") if not line.startswith(screen.QUOTED)]
        assert ours.count("Guidelines") == 1
        assert "approve at once" not in "".join(ours)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("2026-01-01T11:59:59Z", "out of time"),
        ("2026-01-01T12:01:59Z", "119 s left"),
        ("2026-01-01T13:59:00Z", "119 min left"),
        ("2026-01-02T12:00:00Z", "24 h left"),
        ("2026-01-05T12:00:00.123456Z", "4 d left"),
    ],
)
def test_the_time_left_is_rounded_down(due, words):
    assert screen.left({"expires_at": due}, at=AT) == words
