"""Whether the kill switch is on, for those about to let something through."""

from approvals.models import Agent, Checkpoint, Installation
from approvals.refusals import Paused


def refuse_if_paused(agent: Agent, checkpoint: Checkpoint) -> None:
    """
    :raises Paused: the agent, the checkpoint or everything is paused
    """
    if pause := pause_over(agent, checkpoint):
        raise pause


def pause_over(agent: Agent, checkpoint: Checkpoint) -> Paused | None:
    """The pause that holds now, read afresh inside the caller's transaction, or None."""
    if Installation.objects.filter(paused_at__isnull=False).exists():
        return Paused("Everything is paused. Nothing new is approved until an admin resumes.")
    if Agent.objects.filter(pk=agent.pk, paused_at__isnull=False).exists():
        return Paused(f"The agent {agent.name} is paused.")
    if Checkpoint.objects.filter(pk=checkpoint.pk, paused_at__isnull=False).exists():
        return Paused(f"The checkpoint {checkpoint.name} is paused.")
    return None
