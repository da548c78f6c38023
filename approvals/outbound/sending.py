"""What every channel promises: it returns in bounded time, having sent, or says why not."""

import threading
from collections.abc import Callable
from datetime import timedelta


class Unsent(Exception):
    """
    It did not go out: the reason, as a sentence without a stranger's words.

    :ivar was_slow: nobody answered in time; what else goes the same way would wait as long
    """

    def __init__(self, sentence: str, *, was_slow: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.was_slow = was_slow


def within(limit: timedelta, send: Callable[[], None], *, whom: str) -> None:
    """
    Run `send`, which has only time-outs for single steps, and wait no longer than `limit`.

    Given up, it may still come to its end in a thread of its own, and have sent.

    :raises Unsent: it took longer; or what `send` raises
    """
    failures: list[Exception] = []

    def run() -> None:
        try:
            send()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="sending", daemon=True)
    thread.start()
    thread.join(limit.total_seconds())
    if thread.is_alive():
        raise Unsent(f"{whom} took too long.", was_slow=True)
    if failures:
        raise failures[0]
