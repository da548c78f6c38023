"""How well a schedule is covered: who is on call when, where nobody is, where one stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.models import CheckpointVersion, Reviewer, Schedule
from approvals.queries.rota import rota_of
from approvals.rules import rota
from approvals.rules.rota import Span


@dataclass(frozen=True)
class Stretch:
    """From one instant to another; `names` are those on call, `behind` the layers after them."""

    starts_at: datetime
    ends_at: datetime
    names: tuple[str, ...]
    behind: tuple[str, ...]

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True)
class Weakness:
    """All stretches of one kind: nobody there (`name` is empty), or this person alone."""

    name: str
    stretches: Sequence[Stretch]

    @property
    def length(self) -> timedelta:
        return sum((stretch.length for stretch in self.stretches), timedelta(0))


def of_schedule(schedule: Schedule, *, start: datetime, end: datetime) -> list[Stretch]:
    """The whole time from `start` to `end`, in stretches with the same people."""
    spans = rota.coverage(rota_of(schedule, start=start, end=end), start, end)
    wanted = {person for span in spans for layer in span.layers for person in layer}
    people = Reviewer.objects.filter(pk__in=wanted).select_related("user")
    names = {str(person.pk): person.name for person in people}
    return [_stretch(span, names) for span in spans]


def weaknesses(stretches: Sequence[Stretch]) -> list[Weakness]:
    """Where nobody is there, and where everything hangs on one person; gaps first."""
    found: dict[str, list[Stretch]] = {}
    for stretch in stretches:
        everybody = stretch.names + stretch.behind
        if len(everybody) <= 1:
            found.setdefault("".join(everybody), []).append(stretch)
    return [Weakness(name, found[name]) for name in sorted(found)]


def named_by(schedule: Schedule) -> list[str]:
    """The checkpoints of which any version calls by this schedule, by name."""
    versions = CheckpointVersion.objects.values_list("checkpoint__name", "on_call", "ladder")
    return sorted(
        {
            checkpoint
            for checkpoint, on_call, ladder in versions
            if on_call == schedule.pk or schedule.name in [rung.get("schedule") for rung in ladder]
        }
    )


def _stretch(span: Span, names: dict[str, str]) -> Stretch:
    layers = [tuple(sorted(names[person] for person in layer)) for layer in span.layers]
    first, *others = layers or [()]
    behind = tuple(name for layer in others for name in layer)
    return Stretch(span.starts_at, span.ends_at, first, behind)
