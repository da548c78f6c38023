"""Many decisions in one act: each by itself, none because of another."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from approvals.models import ApprovalRequest, Decision, Reviewer
from approvals.operations import decisions, denying
from approvals.queries import approvals
from approvals.refusals import Refusal
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Level
from approvals.rules.verdicts import Verdict

MAX_ITEMS = 100
# What may be decided without being looked at one by one.
_LEVELS = {Level.LOW, Level.MEDIUM}


@dataclass(frozen=True)
class Item:
    """One approval as it stood when it was selected."""

    id: uuid.UUID
    revision: int
    digest: str


@dataclass(frozen=True)
class Result:
    """`result` is "settled", "voted" (more people are needed) or "skipped", with the reason."""

    id: uuid.UUID
    result: str
    status: str = ""
    code: str = ""
    detail: str = ""


class NotInBatch(Refusal):
    code = "decision_not_allowed"


def decide_many(
    items: Iterable[Item],
    verdict: Verdict,
    *,
    reviewer: Reviewer,
    feedback: str = "",
    door: str = Decision.Door.BROWSER,
    inspected: frozenset[uuid.UUID] = frozenset(),
    batch: uuid.UUID | None = None,
) -> list[Result]:
    """
    Approve or reject each item by `decide`, in its own transaction, and say what came of it.

    An item that changed, expired, was decided or is not this person's is skipped with
    the reason; the rest goes on. High and critical risk is never approved in a batch.

    :param batch: what each decision keeps as the batch it was part of; a new one if None
    """
    batch = batch or uuid.uuid4()
    seen: set[uuid.UUID] = set()
    results = []
    for item in items:
        if item.id in seen:
            results.append(Result(item.id, "skipped", code="duplicate", detail="named twice"))
            continue
        seen.add(item.id)
        results.append(
            _decide_one(
                item,
                Ruling(verdict, item.revision, item.digest, feedback=feedback),
                reviewer=reviewer,
                door=door,
                batch=batch,
                inspected=item.id in inspected,
            )
        )
    return results


def why_not_in_batch(approval: ApprovalRequest) -> str | None:
    """Why this may not be approved in a batch, or None."""
    if approval.level not in _LEVELS:
        return f"{approval.level.label} risk is decided one by one."
    if approval.terms.batch_max == 0:
        return f"{approval.checkpoint} is decided one by one."
    if approval.terms.response["type"] != "binary":
        return "It asks for more than a yes or a no."
    return None


def _decide_one(item: Item, said: Ruling, *, reviewer: Reviewer, **how: object) -> Result:
    try:
        _refuse_what_is_no_batch_matter(item, said.verdict, reviewer)
        approval = decisions.decide(item.id, said, reviewer=reviewer, **how)  # type: ignore[arg-type]
    except ApprovalRequest.DoesNotExist:
        denying.hidden(reviewer, item.id, at=timezone.now())
        return Result(item.id, "skipped", code="not_found", detail="Not found.")
    except Refusal as refusal:
        return Result(item.id, "skipped", code=refusal.code, detail=refusal.detail)
    return Result(item.id, "voted" if approval.is_open else "settled", status=str(approval.status))


def _refuse_what_is_no_batch_matter(item: Item, verdict: Verdict, reviewer: Reviewer) -> None:
    # What is read here may change before `decide` holds the row, but not unnoticed: a
    # changed risk is a changed revision, and the item names the one it means.
    approval = approvals.seen_by(reviewer, at=timezone.now()).get(pk=item.id)
    if verdict == Verdict.APPROVE and (why := why_not_in_batch(approval)):
        raise NotInBatch(why)
