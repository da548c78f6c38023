"""What has to be known of a version before a person may publish it."""

import json
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet

from approvals import events
from approvals.models import ApprovalRequest, Backtest, Checkpoint, CheckpointVersion, OverruledCase
from approvals.operations import policies
from approvals.operations._publishing import digest_of
from approvals.refusals import Conflict
from approvals.rules import policy_diff
from approvals.rules.lifecycle import Via
from audit.models import Event

# What may let more through is held against at least so many days, and not long ago.
LEAST_DAYS = 30
STALE_AFTER = timedelta(days=7)


class NeedsBacktest(Conflict):
    code = "needs_backtest"


class CasesUnopened(Conflict):
    code = "cases_unopened"


def objection(version: CheckpointVersion, user: User, *, at: datetime) -> Conflict | None:
    """Why this person may not publish the version yet, or None. Wants checkpoint and team."""
    if _needs_backtest(version, at=at):
        return NeedsBacktest(
            "This version may let through more than the live one, and people have decided "
            f"requests here: first run a backtest of it over {LEAST_DAYS} days or more."
        )
    cases = cases_of(version)
    seen = opened(version.checkpoint, by_user=user, policy=digest_of(version))
    if unopened := len(cases - seen):
        noun = "case that people decided" if unopened == 1 else "cases that people decided"
        return CasesUnopened(
            f"You have not opened {unopened:,} {noun} otherwise than this version would."
        )
    return None


def before(version: CheckpointVersion) -> CheckpointVersion | None:
    """What holds now, or held last: what a new version is compared with."""
    published = version.checkpoint.versions.filter(published_at__isnull=False)
    others = published.exclude(pk=version.pk).select_related("checkpoint", "team", "on_call")
    live = version.checkpoint.versions.filter(state=CheckpointVersion.State.LIVE)
    return (
        live.exclude(pk=version.pk).select_related("checkpoint", "team", "on_call").first()
        or others.order_by("-published_at").first()
    )


def tests_of(version: CheckpointVersion) -> "QuerySet[Backtest]":
    """Backtests that came to an end of just this text, whichever draft it stood in."""
    return Backtest.objects.filter(
        version__checkpoint=version.checkpoint_id,
        policy_digest=digest_of(version),
        state=Backtest.State.DONE,
    )


def cases_of(version: CheckpointVersion) -> set[str]:
    """The requests that people decided otherwise than this version would, of all its tests."""
    cases = OverruledCase.objects.filter(backtest__in=tests_of(version))
    return {str(pk) for pk in cases.values_list("approval_id", flat=True)}


def opened(checkpoint: Checkpoint, *, by_user: User, policy: str) -> set[str]:
    """The requests that this person opened as cases of a text, as the trail has it."""
    found = Event.objects.filter(
        subject=checkpoint.ref, type=events.OVERRULED_OPENED, actor=f"user:{by_user.pk}"
    )
    said = [json.loads(body)["data"] for body in found.values_list("body", flat=True)]
    return {data["approval"] for data in said if data["policy"] == policy}


def _needs_backtest(version: CheckpointVersion, *, at: datetime) -> bool:
    reference = before(version)
    if reference is None:
        return False
    found = policy_diff.changes(policies.fields_of(reference), policies.fields_of(version))
    if not policy_diff.may_loosen(found):
        return False
    tested = any(
        test.days >= LEAST_DAYS and test.until > at - STALE_AFTER for test in tests_of(version)
    )
    return not tested and _people_decided(version, at=at)


def _people_decided(version: CheckpointVersion, *, at: datetime) -> bool:
    return ApprovalRequest.objects.filter(
        checkpoint=version.checkpoint.name,
        via=Via.HUMAN,
        settled_at__gt=at - timedelta(days=LEAST_DAYS),
    ).exists()
