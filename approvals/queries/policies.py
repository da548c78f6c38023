"""Which policy holds, and which templates are on."""

import difflib
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from approvals.models import ApprovalTemplate, Checkpoint, CheckpointVersion
from approvals.rules.matching import Condition, Pattern
from approvals.rules.policy import Policy

State = CheckpointVersion.State

# A version that has left the draft never changes, so its policy once read is right for as
# long as the process lives. Publishing one from the shadow names its publisher, hence the
# state beside the id.
_KEPT: OrderedDict[tuple[UUID, str], Policy] = OrderedDict()
_KEEP_AT_MOST = 1000


@dataclass(frozen=True)
class InForce:
    """The version that decides, and those that only say what they would have done."""

    live: CheckpointVersion
    shadows: tuple[CheckpointVersion, ...]


def in_force(name: str) -> InForce | None:
    """What holds at a checkpoint, in one query, with all that `policy()` reads."""
    found = list(
        CheckpointVersion.objects.filter(
            checkpoint__name=name, state__in=(State.LIVE, State.SHADOW)
        )
        .select_related("checkpoint", "team", "on_call")
        .order_by("number")
    )
    live = next((version for version in found if version.state == State.LIVE), None)
    if live is None:
        return None
    return InForce(live, tuple(version for version in found if version is not live))


def live_version(name: str) -> CheckpointVersion | None:
    """The live version of a checkpoint by its name, with all that `policy()` reads."""
    return (
        CheckpointVersion.objects.filter(checkpoint__name=name, state=State.LIVE)
        .select_related("checkpoint", "team", "on_call")
        .first()
    )


def policy_of(version: CheckpointVersion) -> Policy:
    """The version's policy. A draft is read anew each time: it may still change."""
    if version.state == State.DRAFT:
        return version.policy()
    key = (version.pk, version.state)
    if key not in _KEPT:
        _KEPT[key] = version.policy()
        if len(_KEPT) > _KEEP_AT_MOST:
            _KEPT.popitem(last=False)
    return _KEPT[key]


def templates_on(checkpoint: Checkpoint, *, at: datetime) -> "QuerySet[ApprovalTemplate]":
    """The templates that may pass something here now, by name."""
    on = ApprovalTemplate.objects.filter(checkpoint=checkpoint, state=ApprovalTemplate.State.ON)
    return on.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at)).order_by("name")


def patterns_on(checkpoint: Checkpoint, *, at: datetime) -> list[Pattern]:
    """
    What these templates ask of a proposal, by name.

    Read for every submission, and there may be hundreds: no model is made of them, and a
    pattern is made once of what stands in a row, until something else stands there.
    """
    said = templates_on(checkpoint, at=at).annotate(said=Cast("conditions", TextField()))
    rows = said.values_list("name", "said", "max_risk", "expression")
    return [_pattern(*row) for row in rows]


@lru_cache(maxsize=4096)
def _pattern(name: str, conditions: str, max_risk: float, expression: str) -> Pattern:
    rows = tuple(Condition(**row) for row in json.loads(conditions))
    return Pattern(name=name, conditions=rows, max_risk=max_risk, expression=expression)


def close_names(name: str) -> list[str]:
    """Names of checkpoints that an unknown one may have meant, nearest first."""
    known = Checkpoint.objects.filter(versions__state="live").values_list("name", flat=True)
    return difflib.get_close_matches(name, list(known[:1000]), n=3, cutoff=0.5)
