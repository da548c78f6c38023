"""What may be said beyond the necessary, for type checkers and editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict


class CommonFields(TypedDict, total=False):
    """The fields that say more about one call; each is explained in the API."""

    risk_score: float | None
    arguments_schema: Mapping[str, Any] | None
    allowed_decisions: Sequence[str] | None
    expires_in_seconds: int | None
    on_behalf_of: str | None
    source: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None


class Fields(CommonFields, total=False):
    """All fields of a submission that may be left out."""

    context: Mapping[str, Any] | None
    steps: Sequence[Mapping[str, Any]] | None
    response: Mapping[str, Any] | None
    callback_url: str | None
    run: str | None
    group: Mapping[str, Any] | None


class Filters(TypedDict, total=False):
    """What a list of approvals can be narrowed by."""

    status: str | None
    checkpoint: str | None
    run: str | None
    created_after: datetime | None
    limit: int | None
