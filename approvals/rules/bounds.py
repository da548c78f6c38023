"""How bad could it really be? Exact bounds on a share, from how many were seen."""

from math import exp, lgamma, log, log1p

# Halving the interval so often leaves a double no digits to gain.
_HALVINGS = 64
# The fraction below needs about the square root of its larger argument.
_MOST_TERMS, _CLOSE_ENOUGH, _TINY = 10_000, 1e-15, 1e-300


def upper_bound(bad: int, of: int, *, confidence: float = 0.95) -> float:
    """
    The exact one-sided upper bound (Clopper and Pearson) of a share, 0.0 to 1.0.

    The largest share under which seeing as few as `bad` in `of` is still as likely as
    `1 - confidence`. Of nothing seen nothing is known: 1.0.

    :raises ValueError: not 0 <= bad <= of
    """
    if not 0 <= bad <= of:
        raise ValueError(f"{bad} of {of} is not a share")
    if bad == of:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(bad, of, share=middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def at_most(bad: int, of: int, *, share: float) -> float:
    """How likely it is to see `bad` or fewer in `of`, each being bad with chance `share`."""
    if share <= 0.0 or bad >= of:
        return 1.0
    if share >= 1.0:
        return 0.0
    return _incomplete_beta(of - bad, bad + 1, 1.0 - share)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, which the binomial's sum of chances is."""
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(front) * _continued_fraction(a, b, x) / a


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Lentz's way through the fraction of the incomplete beta function (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _not_zero(1.0 + term * d)
            c = _not_zero(1.0 + term / c)
            result *= c * d
        if abs(c * d - 1.0) < _CLOSE_ENOUGH:
            break
    return result


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
