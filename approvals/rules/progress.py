"""Plans: which steps may run, given what was said of each and what depends on what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.rules.lifecycle import Status
from approvals.rules.verdicts import StepStatus, StepVerdict

_SAID = {
    StepVerdict.APPROVE: StepStatus.APPROVED,
    StepVerdict.MODIFY: StepStatus.MODIFIED,
    StepVerdict.SKIP: StepStatus.SKIPPED,
    StepVerdict.DEFER: StepStatus.DEFERRED,
    StepVerdict.REJECT: StepStatus.REJECTED,
}
RUNS = frozenset({StepStatus.APPROVED, StepStatus.MODIFIED})
_MEANT = {status: verdict for verdict, status in _SAID.items()}
_COULD_RUN = RUNS | {StepStatus.DEFERRED}


@dataclass(frozen=True)
class Step:
    id: str
    depends_on: tuple[str, ...] = ()


def steps_of(documents: Sequence[Mapping[str, Any]]) -> list[Step]:
    return [Step(step["id"], tuple(step.get("depends_on", ()))) for step in documents]


def objection(steps: Sequence[Step]) -> tuple[str, str] | None:
    """What is wrong with a plan as (JSON Pointer, sentence), or None."""
    seen: set[str] = set()
    for place, step in enumerate(steps):
        if step.id in seen:
            return f"/steps/{place}/id", f"two steps are called {step.id!r}"
        for needed in step.depends_on:
            if needed not in seen:
                why = "comes later or does not exist" if needed != step.id else "is the step itself"
                sentence = f"step {step.id!r} depends on {needed!r}, which {why}"
                return f"/steps/{place}/depends_on", f"{sentence}; list steps in running order"
        seen.add(step.id)
    return None


def resolve(steps: Sequence[Step], verdicts: Mapping[str, StepVerdict]) -> dict[str, StepStatus]:
    """
    What each step comes to. Steps stand in running order; one without a verdict is approved.

    What depends on a rejected step is blocked, and cannot be put off either. What depends
    on a deferred one waits with it. A skipped step was not needed, so what depends on it
    may run; nor does one that an earlier edit has taken out hold anything back.
    """
    status: dict[str, StepStatus] = {}
    for step in steps:
        said = _SAID[verdicts.get(step.id, StepVerdict.APPROVE)]
        needed = {status[other] for other in step.depends_on if other in status}
        if said in _COULD_RUN and needed & {StepStatus.REJECTED, StepStatus.BLOCKED}:
            said = StepStatus.BLOCKED
        elif said in RUNS and StepStatus.DEFERRED in needed:
            said = StepStatus.DEFERRED
        status[step.id] = said
    return status


def verdicts_of(dispositions: Mapping[str, Mapping[str, Any]]) -> dict[str, StepVerdict]:
    """
    What was said of each step, from what became of it (`{"status", …}` by id).

    Of a blocked step nothing was: it falls with what it depends on.
    """
    statuses = {name: StepStatus(said["status"]) for name, said in dispositions.items()}
    return {name: _MEANT[status] for name, status in statuses.items() if status in _MEANT}


def outcome(statuses: Mapping[str, StepStatus], *, edited: bool = False) -> Status:
    """What the plan as a whole comes to: rejected if nothing may run."""
    said = set(statuses.values())
    if not said & RUNS:
        return Status.REJECTED
    return Status.APPROVED if said == {StepStatus.APPROVED} and not edited else Status.MODIFIED


def in_words(statuses: Mapping[str, StepStatus]) -> str:
    """The outcome sentence: exactly what the agent may run, and what it may not."""
    runs = [name for name, status in statuses.items() if status in RUNS]
    waits = [name for name, status in statuses.items() if status == StepStatus.DEFERRED]
    rest = [name for name in statuses if name not in runs and name not in waits]
    parts = [f"The agent may run {', '.join(runs)}" if runs else "The agent may run nothing"]
    if rest:
        parts.append(f"will not run {', '.join(rest)}")
    if waits:
        parts.append(
            f"{', '.join(waits)} {'waits' if len(waits) == 1 else 'wait'} in a new request"
        )
    return "; ".join(parts) + "."
