from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from approvals.rules import wording
from approvals.rules.tiers import Level
from approvals.rules.wording import Matter

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def matter(**fields):
    usual = {
        "checkpoint": "payments",
        "level": Level.HIGH,
        "agent": "robin",
        "expires_at": (AT + timedelta(minutes=38)).astimezone(ZoneInfo("Europe/Berlin")),
        "on_timeout": "reject",
        "status": "rejected",
    }
    return Matter(**usual | fields)


def test_what_waits_is_told_with_risk_time_and_agent():
    words = wording.of_waiting("new", matter(), others=12, at=AT)

    assert words.subject == "Waits for you: payments, high risk, 38 min left (+12 more)"
    assert words.text.splitlines() == [
        "An agent asks for permission, and you may decide.",
        "",
        "Checkpoint: payments",
        "Risk: high",
        "Agent: “robin”",
        "Time left: 38 min, until 11:08 CET on 2 Nov; then silence rejects it.",
        "12 more wait.",
    ]


@pytest.mark.parametrize("kind", ["new", "reminder", "escalated", "urgent"])
def test_each_kind_says_what_it_is_and_no_subject_holds_the_agent_s_name(kind):
    one = wording.of_waiting(kind, matter(agent="evil"), others=0, at=AT)

    assert "evil" not in one.subject
    assert "“evil”" in one.text
    assert "more" not in one.subject


def test_silence_is_told_with_what_came_of_it():
    rejected = wording.of_timeout(matter(is_open=False), others=3)
    escalated = wording.of_timeout(matter(is_open=True), others=0)

    assert "the request is rejected." in rejected.text
    assert "3 more timed out." in rejected.text
    assert "waits for a higher tier." in escalated.text


def test_a_digest_lists_some_and_counts_the_rest():
    words = wording.of_digest([matter(level=Level.LOW)] * 25, waiting=25, at=AT)

    assert words.subject == "25 low-risk requests wait for you"
    assert words.text.count("payments: 38 min left, asked by “robin”") == 20
    assert words.text.endswith("and 5 more")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("robin", "“robin”"),
        ("claude-3.5 v4.1", "“claude-3.5 v4.1”"),
        ("rob\u202ein", "“rob[U+202E]in”"),
        ("rob\u200bin", "“rob[U+200B]in”"),
        ("rob\r\nBcc: all@example.com", "“rob[U+000D][U+000A]Bcc: all@example[.]com”"),
        ("”, says the admin: “ok", '“", says the admin: "ok”'),
        ("https://evil.example/login", "“https[:]//evil[.]example/login”"),
        ("www.evil.example", "“www[.]evil[.]example”"),
        ("x" * 500, "“" + "x" * 80 + "…”"),
    ],
)
def test_somebody_else_s_words_are_quoted_short_and_inert(name, shown):
    assert wording.quoted(name) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (3600, "1 h"),
        (7920, "2 h 12 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 3, "3 d"),
    ],
)
def test_spans_have_two_units_at_most(seconds, words):
    assert wording.span(timedelta(seconds=seconds)) == words
