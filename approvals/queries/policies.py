"""Which policy holds, and which templates are on."""

import difflib
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from approvals.models import ApprovalTemplate, Checkpoint, CheckpointVersion
from approvals.rules.policy import Policy

# Versions never change, so a policy once read is right for as long as the process lives.
_KEPT: OrderedDict[UUID, Policy] = OrderedDict()
_KEEP_AT_MOST = 1000


def live_version(name: str) -> CheckpointVersion | None:
    """The live version of a checkpoint by its name, with all that `policy()` reads."""
    return (
        CheckpointVersion.objects.filter(checkpoint__name=name, state="live")
        .select_related("checkpoint", "team", "on_call")
        .first()
    )


def policy_of(version: CheckpointVersion) -> Policy:
    """The version's policy. A draft is read anew each time: it may still change."""
    if version.state in (CheckpointVersion.State.DRAFT, CheckpointVersion.State.SHADOW):
        return version.policy()
    if version.pk not in _KEPT:
        _KEPT[version.pk] = version.policy()
        if len(_KEPT) > _KEEP_AT_MOST:
            _KEPT.popitem(last=False)
    return _KEPT[version.pk]


def templates_on(checkpoint: Checkpoint, *, at: datetime) -> list[ApprovalTemplate]:
    """The templates that may pass something here now, by name."""
    return list(
        ApprovalTemplate.objects.filter(checkpoint=checkpoint, state=ApprovalTemplate.State.ON)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))
        .order_by("name")
    )


def close_names(name: str) -> list[str]:
    """Names of checkpoints that an unknown one may have meant, nearest first."""
    known = Checkpoint.objects.filter(versions__state="live").values_list("name", flat=True)
    return difflib.get_close_matches(name, list(known[:1000]), n=3, cutoff=0.5)
