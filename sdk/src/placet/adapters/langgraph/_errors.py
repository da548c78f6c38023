from __future__ import annotations

from placet import PlacetError


class NotAnswerable(PlacetError):
    """
    The graph cannot be told what was decided; its thread is left paused.

    Such as a rejection where the interrupt allows none, or an answer its schema refuses.
    """

    code = "not_answerable"


class InDoubt(PlacetError):
    """
    A permission was taken earlier and the interrupt it was for still stands.

    Whoever took it died, or is at work in another process. What it was for may have run, and
    resuming could run it again, so nothing is resumed: look, then go on by hand.
    """

    code = "in_doubt"


class AnswerNotTaken(PlacetError):
    """The graph was resumed and still asks the same: it did not take the answer."""

    code = "answer_not_taken"
