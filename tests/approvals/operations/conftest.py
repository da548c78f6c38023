"""Short ways to set up a policy and to look at what came of it."""

import pytest

from approvals.models import ApprovalRequest, CheckpointVersion
from audit import trail
from tests import factories


@pytest.fixture
def publish(payments):
    """`publish(quorum=…)`: a new live version of `payments`, which retires the one before."""

    def act(**fields):
        live = CheckpointVersion.objects.get(checkpoint=payments.checkpoint, state="live")
        live.state = "retired"
        live.save(update_fields=["state"])
        return factories.VersionFactory(
            checkpoint=payments.checkpoint, number=live.number + 1, **fields
        )

    return act


@pytest.fixture
def now_stands():
    """`now_stands(approval)`: the approval as the database has it, its chain checked."""

    def act(approval):
        found = ApprovalRequest.objects.get(pk=approval.pk)
        history = trail.history_of(found.ref)
        assert trail.first_break(history) is None
        assert (found.trail_seq, found.trail_hash) == (len(history), history[-1].hash)
        return found

    return act


@pytest.fixture
def events_of():
    """`events_of(approval)`: the types of its events, oldest first."""

    def act(approval):
        return [event.type for event in trail.history_of(approval.ref)]

    return act
