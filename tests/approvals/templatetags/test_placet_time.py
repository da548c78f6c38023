from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from approvals.templatetags import placet_time
from tests.approvals.templatetags.test_placet_text import drawn, words

NOW = datetime(2025, 11, 22, 13, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin():
    with timezone.override("Europe/Berlin"):
        yield


def deadline(left, then="reject"):
    return drawn("{% deadline due then now %}", due=NOW + left, then=then, now=NOW)


class TestDuration:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (0, "0 s"),
            (45, "45 s"),
            (115, "1 min 55 s"),
            (720, "12 min"),
            (7920, "2 h 12 min"),
            (14_400, "4 h"),
            (97_200, "1 d 3 h"),
        ],
    )
    def test_has_two_units_at_most(self, seconds, expected):
        assert placet_time.duration(seconds).replace("\u00a0", " ") == expected
        assert placet_time.duration(timedelta(seconds=seconds)).replace("\u00a0", " ") == expected


class TestDeadline:
    def test_says_how_long_until_when_and_what_silence_does(self):
        assert words(deadline(timedelta(minutes=38))) == "38 min left. At 14:46 CET: rejected"

    def test_names_the_day_if_it_is_another(self):
        assert words(deadline(timedelta(hours=20))).endswith("Tomorrow 10:08 CET: rejected")
        assert words(deadline(timedelta(days=3))).endswith("25 Nov 14:08 CET: rejected")
        assert words(deadline(timedelta(days=60))).endswith("21 Jan 2026 14:08 CET: rejected")

    @pytest.mark.parametrize(("then", "word"), [("approve", "approved"), ("escalate", "escalated")])
    def test_knows_what_else_silence_may_do(self, then, word):
        assert words(deadline(timedelta(hours=1), then)).endswith(f": {word}")

    def test_can_be_read_by_a_machine_in_utc(self):
        html = deadline(timedelta(minutes=38))

        assert 'datetime="2025-11-22T13:46:00Z"' in html
        assert 'title="2025-11-22 13:46:00 UTC"' in html
        assert "data-deadline" in html

    @pytest.mark.parametrize(("minutes", "soon"), [(14, True), (16, False), (-1, False)])
    def test_is_soon_in_the_last_quarter_of_an_hour(self, minutes, soon):
        assert ("data-soon" in deadline(timedelta(minutes=minutes))) is soon

    def test_counts_seconds_in_the_last_minute_only(self):
        assert words(deadline(timedelta(seconds=95))).startswith("1 min left.")
        assert words(deadline(timedelta(seconds=42))).startswith("42 s left.")

    def test_says_since_when_it_is_over(self):
        html = deadline(timedelta(minutes=-8))

        assert words(html) == "Over since 14:00 CET: rejected"
        assert "data-deadline" not in html


class TestDue:
    def test_is_short_and_says_the_rest_to_those_who_listen(self):
        html = drawn("{% due due 'reject' now %}", due=NOW + timedelta(minutes=12), now=NOW)

        assert words(html) == "12 min, then rejected"
        assert html.count('class="vh"') == 2


class TestMoment:
    def test_leaves_no_space_before_what_follows(self):
        html = drawn(
            "{% moment at seconds=True now=now %}.", at=NOW - timedelta(minutes=6), now=NOW
        )

        assert words(html) == "14:02:00 CET."

    def test_names_a_zone_that_has_only_a_number(self):
        with timezone.override("America/Sao_Paulo"):
            assert words(drawn("{% moment at now=at %}", at=NOW)) == "10:08 UTC-03"
