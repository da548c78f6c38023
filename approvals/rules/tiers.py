"""The four levels of authority, and which one a risk needs."""

from collections.abc import Mapping

from django.db.models import TextChoices


class Tier(TextChoices):
    TEAM_MEMBER = "team_member", "team member"
    TEAM_LEAD = "team_lead", "team lead"
    DIRECTOR = "director", "director"
    EXECUTIVE = "executive", "executive"

    @property
    def rank(self) -> int:
        return _ORDER.index(self)

    def reaches(self, needed: "Tier") -> bool:
        return self.rank >= needed.rank

    @property
    def one(self) -> str:
        """With its article, for a sentence: "a director", "an executive"."""
        return f"an {self.label}" if self.label[0] in "aeiou" else f"a {self.label}"

    @property
    def above(self) -> "Tier | None":
        """The next tier up, or None at the top."""
        return _ORDER[self.rank + 1] if self.rank + 1 < len(_ORDER) else None


_ORDER = list(Tier)

# From which risk on (0.0–1.0) each tier is needed; below the first bound, a team member.
SHIPPED_BOUNDS: dict[str, float] = {"team_lead": 0.3, "director": 0.6, "executive": 0.9}


class Level(TextChoices):
    """A risk in a word, for screens. Bands are those of the shipped tiers."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


def tier_for(risk: float, bounds: Mapping[str, float]) -> Tier:
    """The lowest tier whose bound the risk (0.0–1.0) has not passed."""
    reached = [Tier(name) for name, bound in bounds.items() if risk >= bound]
    return max(reached, key=lambda tier: tier.rank, default=Tier.TEAM_MEMBER)


def level_of(risk: float, bounds: Mapping[str, float] = SHIPPED_BOUNDS) -> Level:
    """The word for a risk (0.0–1.0) under a checkpoint's bounds."""
    return list(Level)[tier_for(risk, bounds).rank]
