"""A worker killed in the middle of a backtest, again and again: nothing is counted twice."""

import time
from typing import Any

from django.utils import timezone

from tests.chaos.harness import IS_LONG, Installation, Shell

DECISIONS = 60_000 if IS_LONG else 15_000
KILLS = 8 if IS_LONG else 2
SECONDS = 120


def until(shell: Shell, backtest: str, *, done: int) -> dict[str, Any]:
    """How it stands once it has come so far, or to its end."""
    stop_at = time.monotonic() + SECONDS
    while time.monotonic() < stop_at:
        stands = shell.call("backtest", of=backtest)
        if stands["done"] >= done or stands["state"] in ("done", "failed"):
            return stands
        time.sleep(0.05)
    raise AssertionError(f"It came no further than {stands['done']}.")


def test_is_gone_on_with_and_comes_to_the_same(installation: Installation) -> None:
    shell = installation.shell
    shell.call("publish", name="payments")
    shell.call("register", names=["robin"], callbacks=[])
    shell.call("remember", name="payments", count=DECISIONS)
    now = timezone.now().isoformat()
    killed = shell.call("ask_backtest", name="payments", until=now)
    was = 0
    for _ in range(KILLS):
        worker = installation.start_worker(with_beat=True)
        was = until(shell, killed, done=was + 1000)["done"]
        worker.kill()
        assert shell.call("backtest", of=killed)["state"] == "running"
        shell.call("silence_backtest", of=killed)

    installation.start_worker(with_beat=True)
    finished = until(shell, killed, done=DECISIONS + 1)
    whole = shell.call("ask_backtest", name="payments", until=now)

    assert finished["state"] == "done"
    assert finished["tally"]["seen"] == DECISIONS
    assert finished == until(shell, whole, done=DECISIONS + 1)
