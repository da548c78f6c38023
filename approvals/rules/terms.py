"""What the policy answered at submission, frozen: nothing later bends it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from approvals.rules.policy import OnTimeout, Policy, Rung
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import ANSWERS, Verdict


@dataclass(frozen=True)
class Terms:
    """The frozen part of an approval. What escalation changes stands on the approval itself."""

    checkpoint: str
    version: int
    stage: str
    bounds: Mapping[str, float]
    quorum: Mapping[str, int]
    deny_threshold: int
    team: str | None
    team_name: str
    on_timeout: str
    timeout_seconds: int
    ladder: tuple[Rung, ...]
    reminders: tuple[float, ...]
    urgent_below_seconds: int
    batch_max: int
    grant_seconds: int
    response: Mapping[str, Any]
    allowed_decisions: tuple[str, ...]
    redacted_fields: tuple[str, ...] = ()
    min_open_seconds: Mapping[str, int] = field(default_factory=dict)
    undo_seconds: Mapping[str, int] = field(default_factory=dict)
    publisher: str | None = None
    # The name of a schedule. It names whoever is on call at an instant, so only it is frozen.
    on_call: str = ""
    edits_may_lower: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Terms":
        ladder = tuple(Rung(**rung) for rung in stored["ladder"])
        return cls(
            **{
                **stored,
                "ladder": ladder,
                "reminders": tuple(stored["reminders"]),
                "allowed_decisions": tuple(stored["allowed_decisions"]),
                "redacted_fields": tuple(stored["redacted_fields"]),
            }
        )

    def needed_at(self, tier: Tier) -> int:
        """How many approvals of distinct people settle it once this tier is needed."""
        return self.quorum.get(tier, 1)

    def allows(self, verdict: Verdict) -> bool:
        """Whether the client said it can take this answer. What changes nothing, it always can."""
        return verdict not in ANSWERS or verdict in self.allowed_decisions

    @property
    def escalates_on_timeout(self) -> bool:
        return self.on_timeout == OnTimeout.ESCALATE


def freeze(
    policy: Policy,
    *,
    response: Mapping[str, Any] | None,
    allowed_decisions: Sequence[str] | None,
) -> Terms:
    """The terms of one approval: its version's, with what the client can take."""
    return Terms(
        checkpoint=policy.checkpoint,
        version=policy.version,
        stage=policy.stage,
        bounds=policy.tiers,
        quorum=policy.quorum,
        deny_threshold=policy.deny_threshold,
        team=policy.team,
        team_name=policy.team_name,
        on_timeout=policy.on_timeout,
        timeout_seconds=policy.timeout_seconds,
        ladder=policy.ladder,
        reminders=policy.reminders,
        urgent_below_seconds=policy.urgent_below_seconds,
        batch_max=policy.batch_max,
        grant_seconds=policy.grant_seconds,
        response=response or policy.response,
        allowed_decisions=tuple(allowed_decisions or sorted(ANSWERS)),
        redacted_fields=policy.redacted_fields,
        min_open_seconds=policy.min_open_seconds,
        undo_seconds=policy.undo_seconds,
        publisher=policy.publisher if policy.excludes_publisher else None,
        on_call=policy.on_call,
        edits_may_lower=policy.edits_may_lower,
    )
