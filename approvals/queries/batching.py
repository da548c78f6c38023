"""What waits in kinds, so that alike requests can be decided side by side."""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.crypto import salted_hmac

from approvals.models import ApprovalRequest, Reviewer, Revision
from approvals.queries import approvals, inbox, rows
from approvals.rules import authority, comparing, redaction
from approvals.rules.comparing import Comparison
from approvals.rules.effect import Part
from approvals.rules.formats import money
from approvals.rules.redaction import MASK
from approvals.rules.tiers import Level
from approvals.rules.verdicts import Verdict

LOOKED_AT, LEFT_OUT_SHOWN = 500, 50
ALONE = "Nothing else like it waits for you."

WhyNot = Callable[[ApprovalRequest], str | None]


@dataclass(frozen=True)
class Seen:
    """One request as it stood when it was put on a screen."""

    id: uuid.UUID
    revision: int
    digest: str


@dataclass(frozen=True)
class Group:
    """Requests of one kind: `key` is made of the action, the version and the risk level."""

    key: str
    action: str
    checkpoint: str
    level: Level
    approvals: list[ApprovalRequest]


@dataclass(frozen=True)
class Waiting:
    """The groups, largest first, and each request that is in none, with the reason."""

    groups: list[Group]
    left_out: list[tuple[ApprovalRequest, str]]


@dataclass(frozen=True)
class Line:
    """One request of a sheet: `cells` are its values, with whether each stands out."""

    seen: Seen
    approval: ApprovalRequest
    proposed: dict[str, Any]
    about: dict[str, Any]
    effect: list[Part]
    cells: list[tuple[Any, bool]]
    is_strange: bool
    is_changed: bool


@dataclass(frozen=True)
class Sheet:
    """`lines` with what stands out first. `masked` are fields that nobody could compare."""

    lines: list[Line]
    comparison: Comparison
    same: list[tuple[str, Any]]
    masked: list[str]
    total: str
    inspect_first: list[uuid.UUID]


def waiting_for(reviewer: Reviewer, *, at: datetime, why_not: WhyNot) -> Waiting:
    """
    What this person may decide now, by kind. Wants the reviewer loaded `with_standing`.

    :param why_not: what stands against deciding a request together with others, or None
    """
    mine = inbox.pending_for(reviewer, "yours", at=at).select_related("agent").defer("envelope")
    person = reviewer.standing(at=at)
    kinds: dict[tuple[str, uuid.UUID, Level], list[ApprovalRequest]] = {}
    left_out: list[tuple[ApprovalRequest, str]] = []
    for approval in mine[:LOOKED_AT]:
        if words := why_not(approval) or _objection(approval, person, at=at):
            left_out.append((approval, words))
        else:
            kind = (approval.action, approval.version_id, approval.level)
            kinds.setdefault(kind, []).append(approval)
    groups = []
    for kind, alike in kinds.items():
        most = alike[0].terms.batch_max
        taken, over = (alike[:most], alike[most:]) if len(alike) > 1 and most > 1 else ([], [])
        if taken:
            groups.append(_group(kind, taken))
            left_out += [(one, f"At most {most} at a time: it comes next.") for one in over]
        else:
            left_out += [(one, ALONE) for one in alike]
    groups.sort(key=lambda group: len(group.approvals), reverse=True)
    return Waiting(groups, left_out)


def key_of(approval: ApprovalRequest) -> str:
    """The key of the group that a request would be in."""
    kind = f"{approval.action}\0{approval.version_id.hex}\0{approval.level}"
    return hashlib.sha256(kind.encode()).hexdigest()[:16]


def seen_now(group: Group) -> list[Seen]:
    """The group's requests as they stand at this moment."""
    return [Seen(one.pk, one.revision, one.digest) for one in group.approvals]


def sheet_of(seen: Sequence[Seen], reviewer: Reviewer, *, at: datetime) -> Sheet:
    """
    The requests as they were seen, side by side, whatever has become of them since.

    Those that this person may not see any more are missing.
    """
    visible = approvals.seen_by(reviewer, at=at).select_related("agent", "version")
    found = {one.pk: one for one in visible.filter(pk__in=[item.id for item in seen])}
    revisions = _revisions(seen)
    there = [item for item in seen if item.id in found and (item.id, item.revision) in revisions]
    shown = [_masked(found[item.id], revisions[item.id, item.revision]) for item in there]
    comparison = comparing.compare(
        [{key: part for key, part in proposed.items() if key != "action"} for proposed, _ in shown]
    )
    strange = comparison.strangeness
    lines = [
        Line(
            seen=item,
            approval=found[item.id],
            proposed=proposed,
            about=about,
            effect=rows.effect_of(found[item.id], revisions[item.id, item.revision]),
            cells=[(column.values[place], column.strange[place]) for column in comparison.columns],
            is_strange=strange[place] > 0,
            is_changed=_is_changed(found[item.id], item),
        )
        for place, (item, (proposed, about)) in enumerate(zip(there, shown, strict=True))
    ]
    masked = [pointer for pointer, value in comparison.same.items() if value == MASK]
    return Sheet(
        lines=_in_order(lines, comparison),
        comparison=comparison,
        same=[(pointer, value) for pointer, value in comparison.same.items() if value != MASK],
        masked=masked,
        total=_total(comparison),
        inspect_first=_inspection_order(there, strange),
    )


def _objection(
    approval: ApprovalRequest, person: authority.Standing, *, at: datetime
) -> str | None:
    if objection := authority.objection_to(person, approval.case(at=at)):
        return objection.sentence
    if not approval.terms.allows(Verdict.APPROVE):
        return "The agent said that it cannot take an approval."
    if any(flag["code"].startswith("text.") for flag in approval.flags):
        return "Its text holds characters that deceive; look at it by itself."
    return None


def _group(kind: tuple[str, uuid.UUID, Level], alike: list[ApprovalRequest]) -> Group:
    action, _, level = kind
    return Group(key_of(alike[0]), action, alike[0].checkpoint, level, alike)


def _revisions(seen: Iterable[Seen]) -> dict[tuple[uuid.UUID, int], Revision]:
    wanted = Q(pk__in=[])
    for item in seen:
        wanted |= Q(approval=item.id, number=item.revision, digest=item.digest)
    found = Revision.objects.filter(wanted)
    return {(revision.approval_id, revision.number): revision for revision in found}


def _masked(approval: ApprovalRequest, revision: Revision) -> tuple[dict[str, Any], dict[str, Any]]:
    document = {**revision.proposed, "context": revision.about}
    document = redaction.masked(document, approval.terms.redacted_fields)
    about = document.pop("context")
    return document, about


def _is_changed(approval: ApprovalRequest, seen: Seen) -> bool:
    stands = (approval.revision, approval.digest)
    return not approval.is_pending or stands != (seen.revision, seen.digest)


def _in_order(lines: list[Line], comparison: Comparison) -> list[Line]:
    """What stands out first, then the largest by the first column of numbers."""
    numbers = next((place for place, c in enumerate(comparison.columns) if c.spread), None)
    if numbers is None:
        return sorted(lines, key=lambda line: not line.is_strange)
    return sorted(
        lines, key=lambda line: (not line.is_strange, -Decimal(str(line.cells[numbers][0])))
    )


def _inspection_order(seen: Sequence[Seen], strangeness: Sequence[float]) -> list[uuid.UUID]:
    """
    In which order requests are drawn to be opened: what stands out, then by a keyed hash.

    The same request keeps its place, so that nobody can reload until a convenient one
    is drawn.
    """

    def place(pair: tuple[Seen, float]) -> tuple[float, str]:
        item, strange = pair
        drawn = salted_hmac("approvals.batch", f"{item.id.hex}:{item.revision}").hexdigest()
        return -strange, drawn

    return [item.id for item, _ in sorted(zip(seen, strangeness, strict=True), key=place)]


def _total(comparison: Comparison) -> str:
    """The sum of the one field that is an amount, as money; "" if there is none."""
    sums = [
        column.spread.total
        for column in comparison.columns
        if column.spread and column.pointer.rpartition("/")[2] == "amount"
    ]
    code = "/arguments/currency"
    if len(sums) != 1 or any(column.pointer == code for column in comparison.columns):
        return ""
    currency = comparison.same.get(code)
    codes = {currency.upper()} if isinstance(currency, str) and len(currency) == 3 else ()
    return money(sums[0], currencies=codes)
