"""Which bypasses are open."""

from datetime import datetime

from django.db.models import Q, QuerySet

from approvals.models import Agent, Bypass, Checkpoint


def on(at: datetime) -> "QuerySet[Bypass]":
    """Those that are open at this instant, with the checkpoint, agent and opener to show."""
    return Bypass.objects.filter(
        ended_at__isnull=True, starts_at__lte=at, ends_at__gt=at
    ).select_related("checkpoint", "agent", "created_by")


def over(agent: Agent, checkpoint: Checkpoint, *, at: datetime) -> "QuerySet[Bypass]":
    """Those that what this agent asks at this checkpoint might pass by."""
    return on(at).filter(Q(agent__isnull=True) | Q(agent=agent), checkpoint=checkpoint)
