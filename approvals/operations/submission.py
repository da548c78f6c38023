"""What agents propose: one action, a whole turn of them, or a question what would happen."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from approvals.models import Agent, ApprovalGroup, ApprovalRequest
from approvals.operations import (
    _announcing,
    _creating,
    _passing,
    _pausing,
    _preparing,
    _quota,
    _settling,
    _shadowing,
)
from approvals.operations._passing import WayThrough, way_through
from approvals.operations._preparing import Prepared
from approvals.refusals import Conflict, Refusal
from approvals.rules.canonical import digest
from approvals.rules.lifecycle import Status

__all__ = ["Submitted", "evaluate", "submit", "submit_group", "way_through"]


class IdempotencyKeyReused(Refusal):
    code = "idempotency_key_reused"


class GroupExists(Conflict):
    code = "group_exists"


class InvalidGroup(Refusal):
    code = "invalid_group"


@dataclass(frozen=True)
class Submitted:
    """What came of a submission; `replayed` if it had been made before under its key."""

    approvals: tuple[uuid.UUID, ...]
    replayed: bool = False


def submit(
    agent: Agent,
    submitted: Mapping[str, Any],
    *,
    at: datetime,
    idempotency_key: str | None = None,
) -> Submitted:
    """
    Create one approval, pending or, where its policy lets it pass, settled.

    When this returns, the approval, its events and what is owed to the agent are
    committed together. The same key with the same body answers the first result.

    :param submitted: a body of `POST approvals/`, of the right shape
    :raises IdempotencyKeyReused: the key was used with another body
    :raises Paused, TooManyPending: not now
    :raises Refusal: what `_preparing.prepare` and `require_context` refuse
    """
    fingerprint = digest(submitted) if idempotency_key else ""
    if idempotency_key and (found := _replay(agent, idempotency_key, fingerprint)):
        return found
    prepared = _preparing.prepare(agent, submitted, at=at)
    _preparing.require_context(prepared)
    try:
        approval = _write(prepared, at=at, idempotency_key=idempotency_key, fingerprint=fingerprint)
    except IntegrityError:
        # Somebody wrote the same key between our look and our write: theirs is the first.
        if idempotency_key and (found := _replay(agent, idempotency_key, fingerprint)):
            return found
        if submitted.get("group"):
            raise GroupExists("This place in the group is taken.") from None
        raise
    return Submitted((approval.pk,))


def submit_group(
    agent: Agent,
    name: str,
    requests: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
    idempotency_key: str | None = None,
) -> Submitted:
    """
    Create a whole agent turn, all or none, in order.

    :raises GroupExists: the agent has used this group name
    :raises Paused, TooManyPending: not now; of too many none is taken
    :raises Refusal: what any of the requests is refused for, with its place in the pointer
    """
    fingerprint = digest([name, list(requests)]) if idempotency_key else ""
    if idempotency_key and (found := _replay_group(agent, idempotency_key, fingerprint)):
        return found
    prepared = [
        _prepare_member(agent, request, place, at=at) for place, request in enumerate(requests)
    ]
    try:
        created = _write_group(
            agent, name, prepared, at=at, key=idempotency_key, fingerprint=fingerprint
        )
    except IntegrityError:
        if idempotency_key and (found := _replay_group(agent, idempotency_key, fingerprint)):
            return found
        raise GroupExists(f"A group called {name!r} exists already.") from None
    return Submitted(tuple(approval.pk for approval in created))


def evaluate(agent: Agent, submitted: Mapping[str, Any], *, at: datetime) -> Prepared:
    """What would happen to this submission, found by the same code, creating nothing."""
    return _preparing.prepare(agent, submitted, at=at)


@transaction.atomic(durable=True)
def _write(
    prepared: Prepared, *, at: datetime, idempotency_key: str | None, fingerprint: str
) -> ApprovalRequest:
    _pausing.refuse_if_paused(prepared.agent, prepared.version.checkpoint)
    group, index = _place_in_group(prepared)
    _passing.hold_limited([prepared])
    way = way_through(prepared, at=at)
    if way.via is None:
        _quota.refuse_if_over(prepared.agent, arriving=1)
    approval = _creating.create(
        prepared,
        at=at,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        group=group,
        group_index=index,
    )
    _shadowing.record(approval, prepared, at=at)
    _let_pass(approval, way, at=at)
    return approval


@transaction.atomic(durable=True)
def _write_group(
    agent: Agent,
    name: str,
    prepared: Sequence[Prepared],
    *,
    at: datetime,
    key: str | None,
    fingerprint: str,
) -> list[ApprovalRequest]:
    group = ApprovalGroup.objects.create(
        agent=agent, name=name, size=len(prepared), idempotency_key=key, fingerprint=fingerprint
    )
    created = []
    for index, member in enumerate(prepared):
        _pausing.refuse_if_paused(agent, member.version.checkpoint)
        approval = _creating.create(member, at=at, group=group, group_index=index)
        created.append(approval)
    # Settling takes the agent's row for its feed; do that once everything else is written
    # and held, or two turns at once could wait for each other.
    _passing.hold_limited(prepared)
    for approval, member in zip(created, prepared, strict=True):
        _shadowing.record(approval, member, at=at)
        # Counted one after the other: an earlier member uses up a template's limit.
        _let_pass(approval, way_through(member, at=at), at=at)
    _quota.refuse_if_over(agent, arriving=0)
    return created


def _let_pass(approval: ApprovalRequest, way: WayThrough, *, at: datetime) -> None:
    if way.via is None:
        _announcing.new(approval, at=at)
        return
    if way.template:
        approval.template = way.template
        approval.save(update_fields=["template"])
    _settling.settle(
        approval,
        Status.APPROVED,
        via=way.via,
        actor=way.bypass.ref if way.bypass else f"policy:{approval.checkpoint}",
        at=at,
        verdict="approve",
        bypass=way.bypass,
    )


def _place_in_group(prepared: Prepared) -> tuple[ApprovalGroup | None, int | None]:
    wanted = prepared.submitted.get("group")
    if not wanted:
        return None, None
    if wanted["index"] >= wanted["size"]:
        raise InvalidGroup("A group's index counts from 0 and stays below its size.")
    group, _ = ApprovalGroup.objects.get_or_create(
        agent=prepared.agent, name=wanted["id"], defaults={"size": wanted["size"]}
    )
    if group.size != wanted["size"]:
        raise InvalidGroup(f"The group {group.name!r} was announced with size {group.size}.")
    return group, wanted["index"]


def _prepare_member(
    agent: Agent, request: Mapping[str, Any], place: int, *, at: datetime
) -> Prepared:
    try:
        prepared = _preparing.prepare(agent, request, at=at)
        _preparing.require_context(prepared)
    except Refusal as refusal:
        refusal.errors = [
            {**error, "pointer": f"/requests/{place}{error['pointer']}"}
            for error in refusal.errors
            or [{"pointer": "", "code": refusal.code, "detail": refusal.detail}]
        ]
        raise
    return prepared


def _replay(agent: Agent, key: str, fingerprint: str) -> Submitted | None:
    found = ApprovalRequest.objects.filter(agent=agent, idempotency_key=key).first()
    if found is None:
        return None
    _refuse_other_body(found.fingerprint, fingerprint)
    return Submitted((found.pk,), replayed=True)


def _replay_group(agent: Agent, key: str, fingerprint: str) -> Submitted | None:
    found = ApprovalGroup.objects.filter(agent=agent, idempotency_key=key).first()
    if found is None:
        return None
    _refuse_other_body(found.fingerprint, fingerprint)
    members = found.approvals.order_by("group_index").values_list("pk", flat=True)
    return Submitted(tuple(members), replayed=True)


def _refuse_other_body(first: str, now: str) -> None:
    if first != now:
        raise IdempotencyKeyReused("This Idempotency-Key was used with a different body.")
