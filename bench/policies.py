"""
What does a policy cost? `python -m bench.policies`

A submission's evaluation under fifty risk rules and two hundred templates, against one under
the shipped policy; and a backtest over the past. On SQLite, in processor time, which a busy
machine stretches less; medians of the submissions.
"""

# ruff: noqa: E402  (models are there after the setup)

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "hitl_site.settings"
DIRECTORY = tempfile.TemporaryDirectory(prefix="placet-bench-")
os.environ |= {"PLACET_DATA_DIR": DIRECTORY.name, "DATABASE_URL": ""}

import django

django.setup()

from django.core.management import call_command

from approvals.models import Agent, ApprovalTemplate, Checkpoint, CheckpointVersion
from approvals.operations import backtests, submission
from tests import past

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
RULES = [
    {
        "name": f"rule_{place}",
        "condition": f'has(args.amount) && args.amount > {1000 + place} && action == "pay_{place}"',
        "weight": 0.01,
    }
    for place in range(50)
]
BODY = {
    "checkpoint": "payments",
    "action": "pay_199",
    "arguments": {"amount": 20, "vendor": "acme", "note": "for November"},
    "context": {"rationale": "The invoice is due.", "impact": {"scope": "one account"}},
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.policies", description=__doc__)
    parser.add_argument("--decisions", type=int, default=50_000)
    wanted = parser.parse_args(arguments)
    call_command("migrate", verbosity=0)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    _measure_submissions()
    _measure_backtest(wanted.decisions)
    DIRECTORY.cleanup()


def _measure_submissions() -> None:
    agent = Agent.objects.create(name="robin")
    for name, rules, templates in (("shipped", None, 0), ("payments", RULES, 200)):
        checkpoint = Checkpoint.objects.create(name=name)
        given = {} if rules is None else {"risk_rules": rules}
        CheckpointVersion.objects.create(checkpoint=checkpoint, number=1, state="live", **given)
        ApprovalTemplate.objects.bulk_create(
            ApprovalTemplate(name=f"t{place}", checkpoint=checkpoint, state="on", **_pattern(place))
            for place in range(templates)
        )
    plain, large = (
        _median(lambda body=BODY | {"checkpoint": name}: submission.evaluate(agent, body, at=NOW))
        for name in ("shipped", "payments")
    )
    print(f"evaluate, shipped policy        {plain:6.2f} ms")
    print(f"evaluate, 50 rules, 200 templates {large:4.2f} ms  (+{large - plain:.2f} ms)")


def _pattern(place: int) -> dict[str, Any]:
    return {
        "max_risk": 0.5,
        "conditions": [
            {"pointer": "/action", "operator": "eq", "value": f"pay_{place}"},
            {"pointer": "/arguments/amount", "operator": "max", "value": 50 + place},
            {"pointer": "/arguments/vendor", "operator": "in", "value": ["acme", "umbrella"]},
        ],
    }


def _measure_backtest(decisions: int) -> None:
    live = CheckpointVersion.objects.get(checkpoint__name="shipped")
    past.write(live, Agent.objects.get(name="robin"), decisions, until=NOW)
    draft = CheckpointVersion.objects.create(
        checkpoint=live.checkpoint, number=2, auto_approve_below=0.3
    )
    asked = backtests.ask(draft, days=30, by_user=None, actor="bench", at=NOW)
    began = time.process_time()
    while not backtests.work_on(asked.pk):
        pass
    seconds = time.process_time() - began
    print(f"backtest of {decisions:,} decisions  {seconds:6.1f} s  ({decisions / seconds:,.0f}/s)")


def _median(act: Callable[[], Any], times: int = 200) -> float:
    act()
    took = []
    for _ in range(times):
        began = time.process_time()
        act()
        took.append(time.process_time() - began)
    return statistics.median(took) * 1000


if __name__ == "__main__":
    main()
