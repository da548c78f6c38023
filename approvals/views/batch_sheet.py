"""What the batch page draws: a sheet of alike requests, and what may be done with it now."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from approvals.queries import batching
from approvals.queries.batching import Line, Sheet
from approvals.rules import comparing
from approvals.rules.comparing import ABSENT, Column
from approvals.rules.tiers import Level
from approvals.templatetags.placet_text import spelled
from approvals.views import batch_memory
from approvals.views.access import ReviewerRequest
from approvals.views.batch_memory import Capture
from approvals.views.showing import quote_of

# The strip over a column of numbers, in units of its drawing.
STRIP_FROM, STRIP_WIDTH = 4.0, 88.0


@dataclass(frozen=True)
class Inspection:
    """Which requests have to be opened before the selected may be approved."""

    needed: int
    missing: list[uuid.UUID]

    @property
    def is_done(self) -> bool:
        return not self.missing


def inspection_of(
    sheet: Sheet, *, selected: Collection[uuid.UUID], opened: Collection[uuid.UUID]
) -> Inspection:
    drawn = [pk for pk in sheet.inspect_first if pk in selected]
    needed = comparing.inspections_needed(len(drawn))
    return Inspection(needed, [pk for pk in drawn[:needed] if pk not in opened])


def context_of(
    request: ReviewerRequest,
    capture: Capture,
    *,
    selected: Collection[uuid.UUID],
    at: datetime,
    showing: uuid.UUID | None = None,
    **more: Any,
) -> dict[str, Any]:
    """
    Everything `_batch_sheet.html` shows; `sheet` is None if nothing of it is visible now.

    :param showing: the request that was just opened
    """
    sheet = batching.sheet_of(capture.seen, request.reviewer, at=at)
    if not sheet.lines:
        return {"sheet": None, **more}
    there = {line.seen.id for line in sheet.lines}
    selected = [pk for pk in there if pk in selected]
    opened = batch_memory.opened_among(request.session, capture.seen)
    inspection = inspection_of(sheet, selected=selected, opened=opened)
    first = sheet.lines[0].approval
    return {
        "sheet": sheet,
        "capture": capture,
        "signed": capture.signed_for(request.reviewer),
        "action": first.action,
        "checkpoint": first.checkpoint,
        "version": first.terms.version,
        "agents": sorted({line.approval.agent.name for line in sheet.lines}),
        "level": first.level,
        "is_low": first.level == Level.LOW,
        "first_deadline": min(line.approval.expires_at for line in sheet.lines),
        "same": [(_named(pointer), _worded(value)) for pointer, value in sheet.same],
        "masked": [_named(pointer) for pointer in sheet.masked],
        "elsewhere": [_named(pointer) for pointer in sheet.comparison.elsewhere],
        "columns": [_heading(column) for column in sheet.comparison.columns],
        "lines": [
            _row(line, sheet, selected=selected, opened=opened, inspection=inspection)
            | {"is_showing": line.seen.id == showing}
            for line in sheet.lines
        ],
        "selected": len(selected),
        "are_all_selected": len(selected) == len(there),
        "inspected": len([pk for pk in selected if pk in opened]),
        "inspection": inspection,
        "next_to_open": inspection.missing[0] if inspection.missing else None,
        **more,
    }


def _row(
    line: Line,
    sheet: Sheet,
    *,
    selected: Collection[uuid.UUID],
    opened: Collection[uuid.UUID],
    inspection: Inspection,
) -> dict[str, Any]:
    pk = line.seen.id
    cells = zip(sheet.comparison.columns, line.cells, strict=True)
    return {
        "line": line,
        "approval": line.approval,
        "quote": quote_of(line.about),
        "cells": [
            {
                "name": _named(column.pointer),
                "is_number": column.spread is not None,
                "text": _in_column(value, column),
                "is_absent": value is ABSENT,
                "is_strange": strange,
            }
            for column, (value, strange) in cells
        ],
        "is_selected": pk in selected,
        "is_opened": pk in opened,
        "is_drawn": pk in inspection.missing,
    }


def _heading(column: Column) -> dict[str, Any]:
    heading: dict[str, Any] = {"name": _named(column.pointer), "spread": None}
    if column.spread is None:
        return heading
    low, middle, high = (
        f"{number:,.{max(_places(column), _decimals(number))}f}"
        for number in (column.spread.least, column.spread.middle, column.spread.most)
    )
    dots = [
        {"x": _x(value, column), "is_strange": strange}
        for value, strange in zip(column.values, column.strange, strict=True)
    ]
    return heading | {"spread": {"low": low, "middle": middle, "high": high, "dots": dots}}


def _x(value: Any, column: Column) -> str:
    spread = column.spread
    assert spread is not None  # noqa: S101  (for the type checker)
    share = (Decimal(str(value)) - spread.least) / (spread.most - spread.least)
    return f"{STRIP_FROM + STRIP_WIDTH * float(share):.1f}"


def _named(pointer: str) -> str:
    return pointer.removeprefix("/arguments").removeprefix("/") or "arguments"


def _in_column(value: Any, column: Column) -> str:
    """A value beside the others: numbers with as many decimals as the longest of them has."""
    if column.spread is None:
        return _worded(value)
    return f"{Decimal(str(value)):,.{_places(column)}f}"


def _places(column: Column) -> int:
    return max(_decimals(Decimal(str(value))) for value in column.values)


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def _worded(value: Any) -> str:
    if value is ABSENT:
        return ""
    return value if isinstance(value, str) else spelled(value)


def groups_of(groups: Sequence[batching.Group], current: str) -> list[dict[str, Any]]:
    return [
        {"group": group, "count": len(group.approvals), "is_current": group.key == current}
        for group in groups
    ]
