"""Policies: from a file and back, and what makes a version the one that holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from approvals import events
from approvals.models import ApprovalTemplate, Checkpoint, CheckpointVersion
from approvals.operations import _policy_loading, _policy_rows
from approvals.operations._policy_loading import Change, Loading
from approvals.operations._publishing import go_live
from approvals.refusals import Conflict, Forbidden, Refusal
from approvals.rules import policy_checks, policy_text, template_checks
from approvals.rules.policy import OnTimeout
from approvals.rules.policy_problems import Problem
from approvals.rules.policy_text import Document, Unreadable
from audit import trail

State = CheckpointVersion.State


class InvalidPolicy(Refusal):
    """Cannot be saved; `errors` name every place, the message the first."""

    code = "invalid_policy"


class NotADraft(Conflict):
    code = "not_a_draft"


class SecondPersonNeeded(Forbidden):
    code = "second_person_needed"


@transaction.atomic(durable=True)
def load(document: str, *, actor: str, at: datetime, draft: bool = False) -> list[Change]:
    """
    Bring checkpoints and templates to what the document says; all of it or nothing.

    What the document does not name stays as it is, and what is the same already makes no
    new version. A changed checkpoint gets a version that is live at once. Templates change
    in place; one that is turned on without an `expires_at` is on for 90 days.

    :param draft: leave changed checkpoints as drafts, make new templates off, and leave
        those that exist alone
    :raises InvalidPolicy: naming each place, such as `checkpoints[0] refunds: trigger: …`
    """
    try:
        read = policy_text.read(document)
    except Unreadable as error:
        raise InvalidPolicy(f"The policy cannot be read: {error}.") from error
    if found := list(_policy_loading.problems(read, at=at)):
        raise _invalid(found)
    loading = Loading(actor, at, draft)
    changes = _policy_loading.make_teams(read)
    changes += [
        _policy_loading.load_checkpoint(given, loading) for given in _by_name(read.checkpoints)
    ]
    changes += [_policy_loading.load_template(given, loading) for given in _by_name(read.templates)]
    loading.record()
    return changes


def dump() -> str:
    """The live version of every checkpoint, and the templates on them, as a policy file."""
    live = CheckpointVersion.objects.filter(state=State.LIVE).select_related(
        "checkpoint", "team", "on_call"
    )
    templates = ApprovalTemplate.objects.filter(
        checkpoint__in=[version.checkpoint_id for version in live]
    ).select_related("checkpoint")
    # Sorted here, because databases disagree on the order of names.
    checkpoints = _by_name(map(_policy_rows.entry_of_saved_version, live))
    patterns = _by_name(map(_policy_rows.entry_of_saved_template, templates))
    return policy_text.write(Document(checkpoints=checkpoints, templates=patterns))


@transaction.atomic(durable=True)
def publish(
    version: CheckpointVersion,
    *,
    actor: str,
    at: datetime,
    by_user: User | None = None,
) -> CheckpointVersion:
    """
    Make a draft or shadow version the live one and retire the one before; return it.

    :param by_user: the person who publishes; None for somebody with a shell
    :raises NotADraft: it is live or retired already
    :raises SecondPersonNeeded: whoever wrote it cannot publish it
    :raises InvalidPolicy: what stands in it could not be saved today
    """
    checkpoint = Checkpoint.objects.select_for_update().get(pk=version.checkpoint_id)
    version = CheckpointVersion.objects.select_related("checkpoint", "team", "on_call").get(
        pk=version.pk
    )
    if version.state not in (State.DRAFT, State.SHADOW):
        raise NotADraft(f"Version {version.number} is {version.get_state_display()} already.")
    if by_user is not None and by_user.pk == version.created_by_id:
        raise SecondPersonNeeded("Somebody else has to publish what you wrote.")
    if found := problems_of_version(
        version, silence_allowed=version.on_timeout == OnTimeout.APPROVE
    ):
        raise _invalid([(checkpoint.name, problem) for problem in found])
    version.published_by = by_user
    data = go_live(version, at=at)
    trail.record_in_stream(
        checkpoint.ref, events.CHECKPOINT_PUBLISHED, actor=actor, at=at, data=data
    )
    return version


def problems_of_version(version: CheckpointVersion, *, silence_allowed: bool) -> list[Problem]:
    """
    What is wrong with a version, saved or not; empty if it may be. For forms.

    :param silence_allowed: whether somebody ticked the box that says silence may approve
    """
    # Without the approval by silence there is nothing for the box to say.
    allowed = silence_allowed and version.on_timeout == OnTimeout.APPROVE
    fields = _policy_rows.fields_of_version(version, silence_allowed=allowed)
    return policy_checks.problems_of_checkpoint(fields) or _policy_loading.unknown_schedules(fields)


def problems_of_template(template: ApprovalTemplate, *, at: datetime) -> list[Problem]:
    """What is wrong with a template, saved or not; empty if it may be. For forms."""
    return template_checks.problems_of_template(_policy_rows.fields_of_template(template), at=at)


def _by_name(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(entries, key=lambda given: given["name"])


def _invalid(found: list[tuple[str, Problem]]) -> InvalidPolicy:
    sentences = [f"{place}: {problem}" for place, problem in found]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    errors = [
        {"pointer": place, "code": "invalid_policy", "detail": sentence}
        for (place, _), sentence in zip(found, sentences, strict=True)
    ]
    return InvalidPolicy(f"{sentences[0]}{more}", errors=errors)
