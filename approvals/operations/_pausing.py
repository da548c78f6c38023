"""Whether the kill switch is on, for those about to let something through."""

from approvals.models import Agent, Checkpoint
from approvals.queries import pauses
from approvals.refusals import Paused


def refuse_if_paused(agent: Agent, checkpoint: Checkpoint) -> None:
    """
    :raises Paused: the agent, the checkpoint or everything is paused
    """
    if pause := pauses.over(agent, checkpoint):
        raise Paused(pause.sentence)
