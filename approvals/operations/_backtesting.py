"""The bench on which a backtest is worked: a policy, the past, and the count so far."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from approvals.models import Backtest, CheckpointVersion
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.operations import _policy_rows, _preparing
from approvals.queries import hindsight, policies
from approvals.queries.hindsight import Batch, Settled
from approvals.queries.settled import Place
from approvals.rules import evaluation
from approvals.rules.evaluation import Evaluation
from approvals.rules.hindsight import OVERRULED, Tally
from approvals.rules.lifecycle import Via
from approvals.rules.matching import Pattern
from approvals.rules.policy import Policy


@dataclass
class Progress:
    """
    How far a backtest has come, put away with each batch.

    `seed` is a hash over the policy and the templates; `read` over these and all that was
    read since, batch by batch. `tries` counts the workers since the last batch was done.
    """

    seed: str
    read: str
    place: Place | None = None
    tries: int = 0
    worker: str = ""
    tally: Tally = field(default_factory=Tally)

    def as_json(self) -> dict[str, Any]:
        place = str(self.place) if self.place else ""
        return vars(self) | {"place": place, "tally": self.tally.as_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Progress":
        place, tally = Place.read(stored["place"]), Tally.from_json(stored["tally"])
        return cls(**{**stored, "place": place, "tally": tally})


@dataclass(frozen=True)
class Bench:
    """`begins_anew` if nothing was counted yet, or under other templates than today's."""

    id: uuid.UUID
    version: CheckpointVersion
    policy: Policy
    patterns: list[Pattern]
    past: ApprovalRequestQuerySet
    progress: Progress
    begins_anew: bool


def set_up(backtest: Backtest) -> Bench:
    """Wants version, checkpoint and team loaded. The templates are those that are on."""
    version, stored = backtest.version, backtest.result
    templates = policies.templates_on(version.checkpoint, at=backtest.until)
    said = [backtest.policy_digest, *map(_policy_rows.said_of_template, templates)]
    seed = hashlib.sha256("\0".join(said).encode()).hexdigest()
    begins_anew = stored.get("seed") != seed
    return Bench(
        id=backtest.pk,
        version=version,
        policy=version.policy(),
        patterns=[template.pattern() for template in templates],
        past=hindsight.settled_at(
            version.checkpoint.name,
            since=backtest.until - timedelta(days=backtest.days),
            until=backtest.until,
        ),
        progress=Progress(seed, seed) if begins_anew else Progress.from_json(stored),
        begins_anew=begins_anew,
    )


def count(bench: Bench, batch: Batch) -> list[tuple[uuid.UUID, Via]]:
    """
    Add a batch to the tally; those that people decided otherwise, and by what they'd pass.

    The limits of templates over time are not counted: it lets through rather too much.
    """
    progress, overruled = bench.progress, []
    for settled in batch.settled:
        judged = _judged(bench, settled)
        via = _passes(judged)
        name = f"template {judged.fitting[0]}" if via == Via.TEMPLATE else via or ""
        progress.tally.add(settled.past, passes=name, refused=bool(judged.missing_context))
        if via and settled.past.outcome in OVERRULED:
            overruled.append((settled.id, via))
    progress.read = hashlib.sha256(f"{progress.read}{batch.digest}".encode()).hexdigest()
    progress.place, progress.tries = batch.onward, 0
    return overruled


def _judged(bench: Bench, settled: Settled) -> Evaluation:
    steps = settled.proposed.get("steps", [])
    submitted = {**settled.envelope, "steps": steps}
    candidates = evaluation.proposals(
        action=settled.proposed["action"],
        arguments=settled.proposed["arguments"],
        steps=steps,
        about=settled.about,
        agent=settled.agent,
        run=settled.run,
        stage=bench.policy.stage,
    )
    return evaluation.evaluate(
        bench.policy,
        candidates,
        patterns=bench.patterns,
        reported=_preparing.reported_risk(submitted),
        ask_a_person=_preparing.asks_more_than_yes_or_no(bench.policy, submitted),
    )


def _passes(judged: Evaluation) -> Via | None:
    if judged.missing_context:
        return None
    if judged.fitting and judged.via != Via.NOT_TRIGGERED:
        return Via.TEMPLATE
    return judged.via
