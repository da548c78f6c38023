"""Policies: from a file and back, and whether they may be saved."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals.models import ApprovalTemplate, CheckpointVersion
from approvals.operations import _policy_loading, _policy_rows
from approvals.operations._policy_loading import Change, Loading
from approvals.refusals import Refusal
from approvals.rules import policy_checks, policy_text, template_checks
from approvals.rules.policy import OnTimeout
from approvals.rules.policy_problems import Problem
from approvals.rules.policy_text import Document, Unreadable

State = CheckpointVersion.State


class InvalidPolicy(Refusal):
    """Cannot be saved; `errors` name every place, the message the first."""

    code = "invalid_policy"


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
        raise invalid(found)
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


def fields_of(version: CheckpointVersion) -> dict[str, Any]:
    """What a version says, under the names of a policy file, all of it. Wants team loaded."""
    agreed = version.on_timeout == OnTimeout.APPROVE
    return _policy_rows.tidy_checkpoint(
        _policy_rows.fields_of_version(version, silence_allowed=agreed)
    )


def text_of(version: CheckpointVersion) -> str:
    """The version as the entry of a policy file; its SHA-256 is the version's digest."""
    return _policy_rows.said_of_version(version)


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


def invalid(found: list[tuple[str, Problem]]) -> InvalidPolicy:
    """The refusal of a policy with these problems, each with the name of its entry."""
    sentences = [f"{place}: {problem}" for place, problem in found]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    errors = [
        {"pointer": place, "code": "invalid_policy", "detail": sentence}
        for (place, _), sentence in zip(found, sentences, strict=True)
    ]
    return InvalidPolicy(f"{sentences[0]}{more}", errors=errors)
