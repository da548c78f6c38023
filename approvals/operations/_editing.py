"""A reviewer's edit: new bytes, a new revision, and what becomes of the steps of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from approvals import events
from approvals.models import ApprovalRequest, Decision, Revision
from approvals.operations import _creating, _preparing, _settling
from approvals.operations._preparing import Proposed, SchemaViolation
from approvals.operations.revising import restate
from approvals.refusals import Refusal
from approvals.rules import gate, progress
from approvals.rules.canonical import canonical, merge, patch_between
from approvals.rules.progress import RUNS
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import StepStatus, StepVerdict
from audit import trail


class InvalidEdit(Refusal):
    code = "invalid_edit"


@dataclass(frozen=True)
class Edit:
    proposed: Proposed
    dispositions: Mapping[str, Any]


def edit(approval: ApprovalRequest, decision: Decision, ruling: Ruling) -> Revision | None:
    """
    Write the reviewer's edit as a new revision; None if it changes nothing.

    Earlier votes were about other bytes and no longer count. The risk is assessed anew,
    and with it the tier that must agree.

    :raises InvalidEdit: not applicable, or it breaks the arguments' schema
    """
    current = _settling.current_revision(approval)
    edited = applied(approval, current, ruling)
    if edited.proposed.digest == current.digest and edited.dispositions == current.dispositions:
        return None
    restate(approval, edited.proposed, reported=approval.risk["reported"], by_reviewer=True)
    revision = _creating.add_revision(
        approval,
        edited.proposed,
        at=decision.decided_at,
        editor=decision.reviewer,
        dispositions=edited.dispositions,
    )
    trail.record(
        approval,
        events.EDITED,
        actor=decision.reviewer.ref,
        at=decision.decided_at,
        data={
            "revision": revision.number,
            "digest": revision.digest,
            "before": current.digest,
            "changed": [
                change["path"] for change in patch_between(current.proposed, revision.proposed)
            ],
            "risk": str(approval.risk_score),
            "required_tier": approval.required_tier,
        },
        related=approval.topics(),
    )
    approval.save()
    return revision


def applied(approval: ApprovalRequest, current: Revision, ruling: Ruling) -> Edit:
    """What the current revision would become. Writes nothing; raises as `edit` does."""
    arguments = _edited(current.arguments, ruling.arguments, ruling.merge_patch, "/arguments")
    try:
        _preparing.check_arguments(approval.submitted.get("arguments_schema"), arguments)
    except SchemaViolation as violation:
        raise InvalidEdit(violation.detail, errors=violation.errors) from None
    steps, dispositions = _planned(approval, current, ruling.steps)
    proposed = Proposed.of(
        action=approval.action, arguments=arguments, steps=steps, about=current.about
    )
    return Edit(proposed, dispositions)


def _planned(
    approval: ApprovalRequest, current: Revision, said: Mapping[str, Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The steps that would run, as they would, and what was said of every step so far."""
    if not said:
        return current.steps, current.dispositions
    by_id = {step["id"]: step for step in current.steps}
    if unknown := sorted(set(said) - set(by_id)):
        raise InvalidEdit(
            f"There is no open step {unknown[0]!r}.",
            errors=[
                {
                    "pointer": f"/steps/{unknown[0]}",
                    "code": "not_a_choice",
                    "detail": "unknown step",
                }
            ],
        )
    edited = {step["id"]: _edited_step(step, said.get(step["id"], {})) for step in current.steps}
    # Over the agent's whole plan: a step put off by an earlier edit may depend on one that
    # is rejected now.
    statuses = progress.resolve(
        progress.steps_of(_settling.agents_revision(approval).steps),
        progress.verdicts_of(current.dispositions)
        | {name: StepVerdict(words["verdict"]) for name, words in said.items()},
    )
    dispositions = {}
    for name, status in statuses.items():
        before = current.dispositions.get(name, {})
        if status in RUNS:
            # Whoever changed it first, it is not what the agent proposed.
            changed = edited[name] != by_id[name] or before.get("status") == StepStatus.MODIFIED
            status = StepStatus.MODIFIED if changed else StepStatus.APPROVED
        feedback = said.get(name, {}).get("feedback", before.get("feedback", ""))
        dispositions[name] = {"status": status, "feedback": feedback}
    runs = [edited[name] for name, status in statuses.items() if status in RUNS]
    if all(words == {"status": "approved", "feedback": ""} for words in dispositions.values()):
        return runs, current.dispositions
    # Where nothing may run there is nothing to bind; the bytes stay as they were.
    return runs or current.steps, dispositions


def _edited_step(step: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    arguments = _edited(
        step.get("arguments", {}),
        said.get("arguments"),
        said.get("merge_patch"),
        f"/steps/{step['id']}/arguments",
    )
    # By their bytes: to Python 1 and true are the same.
    if canonical(arguments) == canonical(step.get("arguments", {})):
        return dict(step)
    return {**step, "arguments": arguments}


def _edited(
    before: Mapping[str, Any],
    whole: Mapping[str, Any] | None,
    patch: Mapping[str, Any] | None,
    where: str,
) -> Mapping[str, Any]:
    if whole is not None and patch is not None:
        raise InvalidEdit("Send the whole arguments or a merge patch, not both.")
    after = whole if whole is not None else before if patch is None else merge(before, patch)
    try:
        gate.check(after)
    except gate.Malformed as wrong:
        raise InvalidEdit(
            wrong.detail,
            errors=[{"pointer": where + wrong.pointer, "code": wrong.code, "detail": wrong.detail}],
        ) from None
    if not isinstance(after, Mapping):
        raise InvalidEdit("The arguments must stay a JSON object.")
    return after
