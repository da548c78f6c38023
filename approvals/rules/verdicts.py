"""What one reviewer can say."""

from django.db.models import TextChoices


class Verdict(TextChoices):
    APPROVE = "approve", "approve"
    MODIFY = "modify", "modify"
    REJECT = "reject", "reject"
    REQUEST_CHANGES = "request_changes", "request changes"
    GUIDE = "guide", "guide"
    DEFER = "defer", "defer"
    ESCALATE = "escalate", "escalate"

    @property
    def needs_authority(self) -> bool:
        """Whether it moves the approval, so that only enough authority may say it."""
        return self in _MOVING


_MOVING = {Verdict.APPROVE, Verdict.MODIFY, Verdict.REJECT, Verdict.REQUEST_CHANGES}

# What lets something through once enough people have said it.
PASS = frozenset({Verdict.APPROVE, Verdict.MODIFY})
# Votes count towards the quorum; one per person and revision.
VOTES = frozenset({Verdict.APPROVE, Verdict.MODIFY, Verdict.REJECT})
# What a client may say it can take. The reviewer is offered no other of these.
ANSWERS = frozenset({Verdict.APPROVE, Verdict.MODIFY, Verdict.REJECT, Verdict.REQUEST_CHANGES})


class Reason(TextChoices):
    WRONG_TARGET = "wrong_target", "wrong target"
    OUT_OF_SCOPE = "out_of_scope", "out of scope"
    SUSPICIOUS = "suspicious", "suspicious arguments"
    DUPLICATE = "duplicate", "duplicate"
    NOT_NOW = "not_now", "not now"
    OTHER = "other", "other"


class StepVerdict(TextChoices):
    APPROVE = "approve", "approve"
    MODIFY = "modify", "modify"
    SKIP = "skip", "skip"
    DEFER = "defer", "defer"
    REJECT = "reject", "reject"


class StepStatus(TextChoices):
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    MODIFIED = "modified", "modified"
    SKIPPED = "skipped", "skipped"
    DEFERRED = "deferred", "deferred"
    REJECTED = "rejected", "rejected"
    BLOCKED = "blocked", "blocked"
