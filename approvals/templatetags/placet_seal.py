"""The seal: a SHA-256 digest drawn as a rim of notches, with its first digits beside it."""

import re
from functools import lru_cache
from math import cos, pi, sin
from typing import Any

from django import template

from approvals.rules.canonical import short

register = template.Library()

DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")


@register.inclusion_tag("components/seal.html")
def seal(
    digest: str, revision: int | None = None, signed: bool = False, href: str = ""
) -> dict[str, Any]:
    """
    The large seal of the payload on screen.

    :param digest: "sha256:" and 64 hexadecimal digits; anything else raises ValueError
    :param signed: a V in the centre instead of the dashed tablet: the quorum is complete
    """
    digits = hex_digits(digest)
    return {
        "notches": notches(digits, centre=38, radius=34.5, longest=14),
        "digits": short(digest),
        "digest": digest,
        "revision": revision,
        "signed": signed,
        "href": href,
    }


@register.inclusion_tag("components/seal_chip.html")
def seal_chip(digest: str) -> dict[str, Any]:
    """The seal in a line of text: the first sixteen notches and the first eight digits."""
    digits = hex_digits(digest)
    return {
        "notches": notches(digits[:16], centre=10, radius=9.2, longest=6.2),
        "digits": short(digest),
        "digest": digest,
    }


def hex_digits(digest: str) -> str:
    """The 64 digits of a digest; ValueError if it is not one, so that no seal is invented."""
    found = DIGEST.match(digest)
    if not found:
        raise ValueError(f"Not a SHA-256 digest: {digest!r}")
    return found[1]


@lru_cache(maxsize=2048)
def notches(digits: str, *, centre: float, radius: float, longest: float) -> str:
    """
    The rim as an SVG path: one notch per digit, clockwise from twelve o'clock.

    A notch points inward from `radius` and is 12 % (digit 0) to 100 % (f) of `longest`.
    """
    path = []
    for place, digit in enumerate(digits):
        turn = 2 * pi * place / len(digits)
        inner = radius - longest * (0.12 + 0.88 * int(digit, 16) / 15)
        (x, y), (to_x, to_y) = (
            (centre + r * sin(turn), centre - r * cos(turn)) for r in (radius, inner)
        )
        path.append(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}")
    return "".join(path)
