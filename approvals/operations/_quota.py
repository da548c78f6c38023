"""How much an agent may have waiting: a flood is told to slow down."""

from approvals.models import Agent, ApprovalRequest
from approvals.refusals import Refusal

RETRY_AFTER_SECONDS = 60


class TooManyPending(Refusal):
    """As many of the agent's requests wait for people as may."""

    code = "rate_limited"
    status = 429
    retry_after_seconds = RETRY_AFTER_SECONDS


def refuse_if_over(agent: Agent, *, arriving: int) -> None:
    """
    Counts what waits, in the writing transaction and without a lock on the agent: on SQLite,
    which has one writer, the count is exact. On PostgreSQL writers that don't see each other
    yet may go over it, by no more than there are of them at once.

    :param arriving: how many are about to be written, and not there to be counted yet
    :raises TooManyPending: that many more would be too many
    """
    if agent.max_pending is None:
        return
    waiting = ApprovalRequest.objects.pending().filter(agent=agent).order_by()
    most = agent.max_pending - arriving
    if waiting[: max(most, 0) + 1].count() > most:
        raise TooManyPending(
            f"{agent.name} may have {agent.max_pending:,} waiting for people at once, and this "
            "would be more. Try again when some have been decided."
        )
