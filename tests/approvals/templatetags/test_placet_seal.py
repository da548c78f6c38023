import math
import re

import pytest

from approvals.templatetags import placet_seal
from tests.approvals.templatetags.gallery import digest
from tests.approvals.templatetags.test_placet_text import drawn, words

LINE = re.compile(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)")


def lengths(path):
    points = [tuple(map(float, found)) for found in LINE.findall(path)]
    return [math.dist((x, y), (to_x, to_y)) for x, y, to_x, to_y in points]


class TestNotches:
    def test_are_as_long_as_their_digit_is_large(self):
        path = placet_seal.notches("0f" * 32, centre=38, radius=34.5, longest=14)

        assert len(lengths(path)) == 64
        assert lengths(path)[0] == pytest.approx(0.12 * 14, abs=0.15)
        assert lengths(path)[1] == pytest.approx(14, abs=0.15)

    def test_go_clockwise_from_twelve(self):
        path = placet_seal.notches("8888", centre=38, radius=30, longest=14)

        starts = [(float(x), float(y)) for x, y, *_ in LINE.findall(path)]
        assert starts == [(38, 8), (68, 38), (38, 68), (8, 38)]


class TestSeal:
    def test_stands_beside_the_digits_that_people_compare(self):
        text = words(drawn("{% seal digest revision=2 %}", digest=digest("x")))

        assert (
            text
            == f"Digest, first eight digits: {digest('x')[7:11]} {digest('x')[11:15]}revision 2"
        )

    def test_differs_with_the_payload(self):
        assert drawn("{% seal d %}", d=digest("a")) != drawn("{% seal d %}", d=digest("b"))

    def test_bears_a_v_once_signed(self):
        assert 'class="v"' not in drawn("{% seal d %}", d=digest("a"))
        assert 'class="v"' in drawn("{% seal d signed=True %}", d=digest("a"))

    def test_leads_to_the_payload_if_asked(self):
        assert (
            drawn('{% seal d href="#payload" %}', d=digest("a"))
            .strip()
            .startswith('<a href="#payload"')
        )

    @pytest.mark.parametrize(
        "wrong", ["", "sha256:", "sha256:" + "g" * 64, "a" * 64, "sha256:" + "a" * 65]
    )
    def test_is_never_drawn_of_anything_but_a_digest(self, wrong):
        with pytest.raises(ValueError, match="Not a SHA-256 digest"):
            drawn("{% seal d %}", d=wrong)

    def test_is_short_in_a_line_of_text(self):
        html = drawn("{% seal_chip d %}", d=digest("a"))

        assert len(LINE.findall(html)) == 16
        assert f"{digest('a')[7:11]} {digest('a')[11:15]}" in html
