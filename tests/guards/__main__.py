"""`python -m tests.guards [NAME …]`: take each guard away and see that a test misses it."""

import sys
import tempfile
from pathlib import Path

from tests.guards.catalogue import GUARDS
from tests.guards.running import Copy


def main(names: list[str]) -> int:
    if unknown := set(names) - {guard.name for guard in GUARDS}:
        print(f"There is no guard called {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    chosen = [guard for guard in GUARDS if not names or guard.name in names]
    with tempfile.TemporaryDirectory(prefix="placet-guards-") as folder:
        copy = Copy(Path(folder))
        if not copy.is_green([test for guard in chosen for test in guard.tests]):
            print("The tests fail with every guard in place.", file=sys.stderr)
            return 1
        survivors = 0
        for guard in chosen:
            verdict = copy.without(guard)
            survivors += verdict != "missed"
            print(f"{verdict:<14}{guard.name:<44}{guard.path}", flush=True)
    print(f"{len(chosen)} guards, {survivors} that no test would miss")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
