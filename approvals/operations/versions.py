"""
The life of a version: written, tried in the shadow, published by a second person, retired.

A version says one thing for ever once it leaves the draft: nothing comes back to it.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from approvals import events
from approvals.models import Checkpoint, CheckpointVersion
from approvals.operations import _evidence, policies
from approvals.operations._publishing import digest_of, go_live, saved, writers_of
from approvals.refusals import Conflict, Forbidden, Refusal
from approvals.rules.policy import OnTimeout
from audit import trail

State = CheckpointVersion.State
# Each is evaluated for every submission.
MOST_SHADOWS = 3
_OF_THE_ROW = ("id", "number", "state", "published_at", "published_by")


class NotADraft(Conflict):
    code = "not_a_draft"


class NotInThisState(Conflict):
    code = "not_in_this_state"


class SecondPersonNeeded(Forbidden):
    code = "second_person_needed"


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"


def save_draft(version: CheckpointVersion, *, by_user: User, actor: str, at: datetime) -> None:
    """
    Keep a new or edited draft, and who wrote it. Expects a transaction, as forms open one.

    :raises NotADraft: it was published, or went into the shadow, since it was opened
    """
    checkpoint = _locked(version)
    if version._state.adding:
        version.number = _next_number(checkpoint)
        version.created_at = at
    elif not checkpoint.versions.filter(pk=version.pk, state=State.DRAFT).exists():
        raise NotADraft(f"Version {version.number} is no draft any more.")
    version.created_by = by_user
    version.save()
    _record(version, events.CHECKPOINT_DRAFT_SAVED, actor=actor, at=at, data=saved(version))


@transaction.atomic(durable=True)
def copy(
    version: CheckpointVersion, *, by_user: User, actor: str, at: datetime
) -> CheckpointVersion:
    """
    A new draft that says what this version says, in the name of whoever asked.

    Of a version that held before this is how to go back to it: it takes a second person
    like any other draft, whoever wrote or published it then.
    """
    checkpoint = _locked(version)
    kept = {
        field.attname: getattr(version, field.attname)
        for field in CheckpointVersion._meta.concrete_fields
        if field.name not in _OF_THE_ROW
    }
    kept |= {"created_at": at, "created_by_id": by_user.pk}
    draft = CheckpointVersion.objects.create(**kept, number=_next_number(checkpoint))
    is_saved = not version._state.adding
    data = saved(draft, copied_from=version if is_saved else None)
    _record(draft, events.CHECKPOINT_DRAFT_SAVED, actor=actor, at=at, data=data)
    return draft


@transaction.atomic(durable=True)
def start_shadow(version: CheckpointVersion, *, actor: str, at: datetime) -> None:
    """
    Let a draft run beside the live version; from now on it cannot be edited.

    :raises NotInThisState: it is no draft, or enough others are in the shadow
    :raises InvalidPolicy: what stands in it could not be saved today
    """
    version = _in_state(version, State.DRAFT)
    _refuse_invalid(version)
    if version.checkpoint.versions.filter(state=State.SHADOW).count() >= MOST_SHADOWS:
        raise NotInThisState(f"{MOST_SHADOWS} versions are in the shadow already; stop one first.")
    _move(version, State.SHADOW)
    _record(version, events.CHECKPOINT_SHADOWED, actor=actor, at=at, data=_said(version))


@transaction.atomic(durable=True)
def stop_shadow(version: CheckpointVersion, *, actor: str, at: datetime) -> None:
    """
    Retire a version in the shadow. What it would have done stays on record; to go on, copy it.

    :raises NotInThisState: it is not in the shadow
    """
    version = _in_state(version, State.SHADOW)
    _move(version, State.RETIRED)
    _record(version, events.CHECKPOINT_RETIRED, actor=actor, at=at, data=_said(version))


@transaction.atomic(durable=True)
def retire(version: CheckpointVersion, *, actor: str, at: datetime) -> None:
    """
    Leave the checkpoint without a live version: what names it is refused from now on.

    What waits already goes on under its own version.

    :raises NotInThisState: it is not live
    """
    version = _in_state(version, State.LIVE)
    _move(version, State.RETIRED)
    _record(version, events.CHECKPOINT_RETIRED, actor=actor, at=at, data=_said(version))


@transaction.atomic(durable=True)
def publish(
    version: CheckpointVersion,
    *,
    actor: str,
    at: datetime,
    by_user: User | None = None,
    seen: str | None = None,
) -> CheckpointVersion:
    """
    Make a draft or shadow version the live one and retire the one before; return it.

    :param by_user: the person who publishes; None for somebody with a shell
    :param seen: the digest of what that person read
    :raises NotADraft: it is live or retired already
    :raises ChangedMeanwhile: it says something else than what was read
    :raises SecondPersonNeeded: whoever wrote it cannot publish it
    :raises NeedsBacktest: it may loosen, and was not held against what people decided
    :raises CasesUnopened: there are decisions against it that this person has not opened
    :raises InvalidPolicy: what stands in it could not be saved today
    """
    _locked(version)
    version = _fresh(version)
    if seen is not None and seen != digest_of(version):
        raise ChangedMeanwhile(
            "Somebody has changed this version since you read it; read it again."
        )
    if refusal := _objection(version, by_user, at=at):
        raise refusal
    _refuse_invalid(version)
    version.published_by = by_user
    data = go_live(version, at=at)
    _record(version, events.CHECKPOINT_PUBLISHED, actor=actor, at=at, data=data)
    return version


def objection_to_publishing(
    version: CheckpointVersion, *, by_user: User, at: datetime
) -> Refusal | None:
    """Why this person could not publish the version now, or None. Wants checkpoint and team."""
    return _objection(version, by_user, at=at)


def writers(version: CheckpointVersion) -> list[str]:
    """Who cannot publish it because they wrote it: names of users, and shells as they are."""
    refs = writers_of(version)
    keys = [int(ref.removeprefix("user:")) for ref in refs if ref.startswith("user:")]
    people = User.objects.filter(pk__in=keys).order_by("username")
    shells = sorted(ref for ref in refs if not ref.startswith("user:"))
    return [user.get_full_name() or user.get_username() for user in people] + shells


def reference_of(version: CheckpointVersion) -> CheckpointVersion | None:
    """What to compare a version with: what holds now, or held last."""
    return _evidence.before(version)


def digest(version: CheckpointVersion) -> str:
    """Of what the version says; what a publisher read, and what a backtest is about."""
    return digest_of(version)


def _objection(version: CheckpointVersion, by_user: User | None, *, at: datetime) -> Refusal | None:
    if version.state not in (State.DRAFT, State.SHADOW):
        return NotADraft(f"Version {version.number} is {version.get_state_display()} already.")
    if by_user is None:
        return None
    if f"user:{by_user.pk}" in writers_of(version):
        return SecondPersonNeeded("Somebody else has to publish what you wrote.")
    return _evidence.objection(version, by_user, at=at)


def _refuse_invalid(version: CheckpointVersion) -> None:
    agreed = version.on_timeout == OnTimeout.APPROVE
    if found := policies.problems_of_version(version, silence_allowed=agreed):
        raise policies.invalid([(version.checkpoint.name, problem) for problem in found])


def _locked(version: CheckpointVersion) -> Checkpoint:
    return Checkpoint.objects.select_for_update().get(pk=version.checkpoint_id)


def _fresh(version: CheckpointVersion) -> CheckpointVersion:
    return CheckpointVersion.objects.select_related("checkpoint", "team", "on_call").get(
        pk=version.pk
    )


def _in_state(version: CheckpointVersion, state: State) -> CheckpointVersion:
    _locked(version)
    version = _fresh(version)
    if version.state != state:
        raise NotInThisState(f"Version {version.number} is {version.get_state_display()}.")
    return version


def _move(version: CheckpointVersion, state: State) -> None:
    version.state = state
    version.save(update_fields=["state"])


def _said(version: CheckpointVersion) -> dict[str, Any]:
    return {"version": version.number, "policy": digest_of(version)}


def _record(
    version: CheckpointVersion, event: str, *, actor: str, at: datetime, data: dict[str, Any]
) -> None:
    trail.record_in_stream(version.checkpoint.ref, event, actor=actor, at=at, data=data)


def _next_number(checkpoint: Checkpoint) -> int:
    return (checkpoint.versions.aggregate(last=Max("number"))["last"] or 0) + 1
