"""
An agent in a process of its own: `executor.py FILE [KEY]`.

Its one action writes a line to FILE and then takes a minute, in which it can be killed.
"""

import sys
import time
from pathlib import Path

import placet

log, key = Path(sys.argv[1]), sys.argv[2]


@placet.requires_approval(checkpoint="harmless", idempotency_key=lambda call: key)
def act(what: str) -> None:
    with log.open("a", encoding="utf-8") as lines:
        lines.write(f"{what}\n")
    time.sleep(60)


try:
    act("ran")
except placet.GrantConsumed as refused:
    print(refused.current["consumed_at"])
    sys.exit(9)
