"""What the kill switch holds just now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Value

from approvals.models import Agent, ApprovalRequest, Checkpoint, Installation


@dataclass(frozen=True)
class Pause:
    """One switch that is on. `name` is of the agent or checkpoint; of everything it is ""."""

    kind: str
    name: str
    since: datetime

    @property
    def sentence(self) -> str:
        """The same words at every door."""
        if self.kind == "everything":
            return "Everything is paused. Nothing new is approved until an admin resumes."
        return f"The {self.kind} {self.name} is paused."


def held() -> list[Pause]:
    """Every switch that is on: everything first, then agents and checkpoints by name."""
    return _held(Agent.objects.all(), Checkpoint.objects.all())


def over(agent: Agent, checkpoint: Checkpoint) -> Pause | None:
    """The pause that stops what this agent asks at this checkpoint, read afresh; or None."""
    found = _held(Agent.objects.filter(pk=agent.pk), Checkpoint.objects.filter(pk=checkpoint.pk))
    return found[0] if found else None


def among(pauses: list[Pause], approval: ApprovalRequest) -> Pause | None:
    """The one of these that stops an approval, or None. Wants the agent loaded."""
    about = {("everything", ""), ("agent", approval.agent.name)}
    about.add(("checkpoint", approval.checkpoint))
    return next((pause for pause in pauses if (pause.kind, pause.name) in about), None)


def _held(agents: Any, checkpoints: Any) -> list[Pause]:
    # One question to three tables: it is asked in every transaction that lets something
    # through, and for every page.
    on = [
        _those_on(Installation.objects.all(), "everything", Value("", CharField())),
        _those_on(agents, "agent", "name"),
        _those_on(checkpoints, "checkpoint", "name"),
    ]
    found = [Pause(*row) for row in on[0].union(*on[1:], all=True)]
    return sorted(found, key=lambda pause: (pause.kind != "everything", pause.kind, pause.name))


def _those_on(rows: Any, kind: str, name: Any) -> Any:
    paused = rows.filter(paused_at__isnull=False).order_by()
    return paused.values_list(Value(kind, CharField()), name, "paused_at")
