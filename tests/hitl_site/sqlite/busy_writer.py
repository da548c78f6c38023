"""A process of its own that writes: `busy_writer.py DATABASE NAME SECONDS | --hold DATABASE`."""

import json
import sys
import time

import django
from django.conf import settings
from django.db import connection, transaction

from hitl_site.sqlite import DEFAULT_OPTIONS


def write_for(seconds: float, *, name: str) -> dict[str, float]:
    commits, worst_wait = 0, 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked = time.monotonic()
        with transaction.atomic(), connection.cursor() as cursor:
            worst_wait = max(worst_wait, time.monotonic() - asked)
            cursor.execute("INSERT INTO line (writer) VALUES (%s)", [name])
        commits += 1
    return {"commits": commits, "worst_wait": worst_wait}


def hold() -> None:
    """Write and never commit; says so on stdout."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO line (writer) VALUES ('never committed')")
        print("holding", flush=True)
        time.sleep(60)


def main() -> None:
    is_holder, database = sys.argv[1] == "--hold", sys.argv[2 if sys.argv[1] == "--hold" else 1]
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "hitl_site.sqlite",
                "NAME": database,
                "OPTIONS": DEFAULT_OPTIONS,
            }
        }
    )
    django.setup()
    if is_holder:
        hold()
        return
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(write_for(float(sys.argv[3]), name=sys.argv[2])))


if __name__ == "__main__":
    main()
