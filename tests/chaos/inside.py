"""
The operator's shell of an installation: `python -m tests.chaos.inside`.

Reads one question a line, `{"number", "command", "about"}`, answers them as they are
done, and calls nothing but the product's own operations and models. Each question has a
thread of a few, hence a database connection of its own.
"""

import json
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from django.db import close_old_connections  # noqa: E402  (the line above loads the settings)
from django.utils import timezone  # noqa: E402

from approvals.models import (  # noqa: E402
    Agent,
    ApprovalRequest,
    Backtest,
    CheckpointVersion,
    Delivery,
    Grant,
    Message,
    Reviewer,
)
from approvals.operations import (  # noqa: E402
    agents,
    backtests,
    batches,
    decisions,
    deliveries,
    escalation,
    people,
)
from approvals.refusals import Refusal  # noqa: E402
from approvals.rules.ruling import Ruling  # noqa: E402
from approvals.rules.tiers import Tier  # noqa: E402
from approvals.rules.verdicts import Verdict  # noqa: E402
from audit import trail  # noqa: E402
from audit.models import Event  # noqa: E402
from tests import factories, past  # noqa: E402
from tests.chaos.harness import PASSWORD  # noqa: E402

THREADS = 8
ACTOR = "system:chaos"
SETTLED_EVENTS = {
    "approval.settled",
    "approval.approved_by_timeout",
    "approval.rejected_by_timeout",
}


def publish(*, name: str, **version: Any) -> None:
    """A checkpoint with its live version."""
    factories.VersionFactory(checkpoint__name=name, **version)


def allow(*, name: str, checkpoint: str, most_per_hour: int, actions: list[str]) -> None:
    """A template, turned on, that lets so many of these actions pass in an hour."""
    factories.TemplateFactory(
        name=name,
        checkpoint__name=checkpoint,
        state="on",
        conditions=[{"pointer": "/action", "operator": "in", "value": actions}],
        max_per_hour=most_per_hour,
    )


def register(*, names: list[str], callbacks: list[str]) -> list[dict[str, str]]:
    """Agents: `{"id", "name", "key", "secret"}` each."""
    made = [
        agents.register(name, actor=ACTOR, at=timezone.now(), callback_prefixes=callbacks)
        for name in names
    ]
    return [
        {"id": str(one.agent.pk), "name": name, "key": one.key, "secret": one.webhook_secret}
        for name, one in zip(names, made, strict=True)
    ]


def employ(*, names: list[str], tier: str, sign_in: bool = False) -> list[dict[str, str]]:
    """Reviewers with a token: `{"id", "name", "token"}` each; with PASSWORD if they sign in."""
    found = []
    for name in names:
        now = timezone.now()
        person = people.create_reviewer(
            name, tier=Tier(tier), actor=ACTOR, at=now, password=PASSWORD if sign_in else None
        )
        token, _ = people.create_token(name, actor=ACTOR, at=now)
        found.append({"id": str(person.pk), "name": name, "token": token})
    return found


def set_role(*, name: str, is_active: bool) -> str:
    """Take a reviewer's role away, or give it back; the instant after the commit."""
    Reviewer.objects.filter(user__username=name).update(is_active=is_active)
    return trail.stamp(timezone.now())


def sweep() -> int:
    return escalation.escalate_due(at=timezone.now())


def remember(*, name: str, count: int) -> None:
    """A past of so many decisions at a checkpoint, and a draft that would pass many of them."""
    live = CheckpointVersion.objects.get(checkpoint__name=name, state="live")
    past.write(live, Agent.objects.get(), count, until=timezone.now())
    factories.VersionFactory(
        checkpoint=live.checkpoint, number=2, state="draft", auto_approve_below=0.3
    )


def ask_backtest(*, name: str, until: str) -> str:
    draft = CheckpointVersion.objects.get(checkpoint__name=name, state="draft")
    at = datetime.fromisoformat(until)
    asked = backtests.ask(draft, days=30, by_user=None, actor=ACTOR, at=at)
    return str(asked.pk)


def backtest(*, of: str) -> dict[str, Any]:
    """How far it is, and what it has counted."""
    found = Backtest.objects.get(pk=of)
    counted = found.result.get("tally")
    said = {"state": found.state, "done": found.done, "data": found.data_hash, "tally": counted}
    return said | {"overruled": found.overruled.count()}


def silence_backtest(*, of: str) -> None:
    """As if its worker had not been heard of for long."""
    Backtest.objects.filter(pk=of).update(beat_at=timezone.now() - timedelta(hours=1))


def deliver_later(*, by_seconds: float) -> int:
    """What the delivery sweep would do so much later."""
    return deliveries.deliver_due(at=timezone.now() + timedelta(seconds=by_seconds))


def decide(*, approval: str, name: str, verdict: str, **words: Any) -> str:
    """By way of the operation, as any door would: "settled", "voted", or the refusal's code."""
    found = ApprovalRequest.objects.get(pk=approval)
    said = Ruling(Verdict(verdict), found.revision, found.digest, **words)
    reviewer = Reviewer.objects.get(user__username=name)
    try:
        approval_after = decisions.decide(found.pk, said, reviewer=reviewer)
    except Refusal as refusal:
        return refusal.code
    return "voted" if approval_after.is_open else "settled"


def decide_many(*, approvals: list[str], name: str, verdict: str) -> list[str]:
    found = ApprovalRequest.objects.filter(pk__in=approvals)
    items = [batches.Item(one.pk, one.revision, one.digest) for one in found]
    reviewer = Reviewer.objects.get(user__username=name)
    results = batches.decide_many(items, Verdict(verdict), reviewer=reviewer)
    return [result.code or result.result for result in results]


def unfinished() -> dict[str, int]:
    """What time has still to do: deadlines passed but not acted on, and deliveries owed."""
    return {
        "overdue": ApprovalRequest.objects.due(timezone.now()).count(),
        "owed": Delivery.objects.filter(state=Delivery.State.OWED).count(),
    }


def facts() -> dict[str, Any]:
    """Everything the history is compared with, read from the tables."""
    return {
        "approvals": _approvals(),
        "messages": {
            agent.name: list(
                Message.objects.filter(agent=agent)
                .order_by("id")
                .values_list("seq", "approval_seq", "approval__idempotency_key")
            )
            for agent in Agent.objects.all()
        },
        "deliveries": {
            str(one.pk): {
                "approval": str(one.approval_id),
                "seq": one.message.approval_seq,
                "state": one.state,
                "tries": one.tries,
            }
            for one in Delivery.objects.select_related("message")
        },
        **_chains(),
    }


def _approvals() -> dict[str, Any]:
    found: dict[str, Any] = {}
    granted = {str(pk) for pk in Grant.objects.values_list("approval_id", flat=True)}
    for one in ApprovalRequest.objects.select_related("agent").prefetch_related(
        "decisions__reviewer__user"
    ):
        found[str(one.pk)] = {
            "agent": one.agent.name,
            "key": one.idempotency_key,
            "status": one.status,
            "via": one.via,
            "by": [vote["name"] for vote in (one.decided or {}).get("by", [])],
            "tier": one.required_tier,
            "granted": str(one.pk) in granted,
            "settled_events": 0,
            "messages": one.message_seq,
            "decisions": [
                [vote.reviewer.name, vote.verdict, trail.stamp(vote.decided_at)]
                for vote in one.decisions.all()
            ],
        }
    settled = Event.objects.filter(type__in=SETTLED_EVENTS, subject__startswith="approval:")
    for subject in settled.values_list("subject", flat=True):
        found[subject.removeprefix("approval:")]["settled_events"] += 1
    return found


def _chains() -> dict[str, Any]:
    subjects = set(Event.objects.order_by().values_list("subject", flat=True).distinct())
    heads = {one.ref: (one.trail_seq, one.trail_hash) for one in ApprovalRequest.objects.all()}
    breaks = []
    for subject in sorted(subjects):
        events = trail.history_of(subject)
        breaks.append(trail.first_break(events))
        if subject in heads and heads[subject] != (events[-1].seq, events[-1].hash):
            breaks.append(f"{subject}: its head is not its last event")
    breaks += [f"{ref}: no event at all" for ref in heads.keys() - subjects]
    return {"chains": len(subjects), "breaks": [one for one in breaks if one]}


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        publish,
        allow,
        register,
        employ,
        set_role,
        sweep,
        remember,
        ask_backtest,
        backtest,
        silence_backtest,
        deliver_later,
        decide,
        decide_many,
        unfinished,
        facts,
    )
}
_output = threading.Lock()


def _answer(question: dict[str, Any]) -> None:
    said: dict[str, Any] = {"number": question["number"]}
    # As Django does between requests: the database may have been restarted meanwhile.
    close_old_connections()
    try:
        said["answer"] = COMMANDS[question["command"]](**question["about"])
    except Exception:
        said["error"] = traceback.format_exc()
    with _output:
        print(json.dumps(said, default=str), flush=True)


def main() -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            pool.submit(_answer, json.loads(line))


if __name__ == "__main__":
    main()
