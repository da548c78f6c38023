"""
How soon do waiting agents hear of their decisions? `python -m bench.crowd --help`

Starts a private installation for each line of the table: one web process, its database,
so many agents who submit and wait, each on a connection of its own, and a process that
decides some of them at a steady pace. Nothing is mocked; the client shares the machine.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.chaos import crowd, servers
from tests.chaos.crowd import Figures, percentile
from tests.chaos.harness import Installation

COLUMNS = (
    "database  ", "waiting", "open s", "threads", "MiB", "KiB each",
    "send p50", "p95", "p99", "answer p50", "p95", "p99",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    wanted = _parser().parse_args(arguments)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; times in ms")
    print(" | ".join(COLUMNS))
    for kind in wanted.database:
        for waiting in wanted.waiting:
            figures = _measured(kind, waiting, wanted)
            print(" | ".join(_row(kind, figures)), flush=True)


def _measured(kind: str, waiting: int, wanted: argparse.Namespace) -> Figures:
    with ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="placet-bench-")))
        if kind == "PostgreSQL":
            server = ending.enter_context(servers.private_postgres())
            url = server.create_database("bench")
        else:
            url = f"sqlite:///{directory / 'placet.sqlite3'}"
        installation = Installation(directory, database_url=url)
        ending.callback(installation.close)
        installation.migrate()
        (web,) = installation.start_webs(1)
        measuring = crowd.measure(
            installation,
            web,
            waiting=waiting,
            agents=waiting,
            decisions=min(wanted.decisions, waiting),
            per_second=wanted.per_second,
        )
        (figures,) = asyncio.run(measuring)
        return figures


def _row(kind: str, figures: Figures) -> list[str]:
    times = [
        percentile(values, percent)
        for values in (figures.after_send, figures.after_answer)
        for percent in (50, 95, 99)
    ]
    cells = [
        kind,
        str(figures.waiting),
        f"{figures.opened_seconds:.1f}",
        str(figures.threads),
        str(figures.rss_waiting_kib // 1024),
        f"{figures.kib_per_waiter:.1f}",
        *(f"{time:.0f}" for time in times),
    ]
    return [cell.ljust(len(column)) for cell, column in zip(cells, COLUMNS, strict=True)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.crowd", description=__doc__)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1000, 2000], metavar="AGENTS")
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=20, help="decisions")
    parser.add_argument(
        "--database", nargs="+", choices=["SQLite", "PostgreSQL"], default=["SQLite", "PostgreSQL"]
    )
    return parser


if __name__ == "__main__":
    main()
