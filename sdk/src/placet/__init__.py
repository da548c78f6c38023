"""Ask a person before your agent acts."""

import importlib
from typing import TYPE_CHECKING, Any

from ._approval import Approval, ApprovalState, AsyncApproval, AsyncGroup, Group
from ._client import Client
from ._decision import Decision
from ._errors import (
    ActionMismatch,
    AlreadySettled,
    AnswerLost,
    ChangesRequested,
    Conflict,
    DigestMismatch,
    GrantConsumed,
    GrantInvalid,
    IdempotencyKeyReused,
    InvalidRequest,
    NotAllowed,
    NotApproved,
    NotAuthenticated,
    NotDecidedInTime,
    NotFound,
    PlacetError,
    RateLimited,
    Refused,
    Rejected,
    ServerFailed,
    ServerUnreachable,
    StaleRevision,
    UnexpectedAnswer,
    UnsendableValue,
    UnusableArguments,
    WebhookInvalid,
)
from ._feed import FeedEvent, FeedPage
from ._grants import Claims, verify_grant
from ._version import __version__
from ._webhooks import verify_webhook

if TYPE_CHECKING:
    from ._async_client import AsyncClient
    from ._requires_approval import requires_approval

__all__ = [
    "ActionMismatch",
    "AlreadySettled",
    "AnswerLost",
    "Approval",
    "ApprovalState",
    "AsyncApproval",
    "AsyncClient",
    "AsyncGroup",
    "ChangesRequested",
    "Claims",
    "Client",
    "Conflict",
    "Decision",
    "DigestMismatch",
    "FeedEvent",
    "FeedPage",
    "GrantConsumed",
    "GrantInvalid",
    "Group",
    "IdempotencyKeyReused",
    "InvalidRequest",
    "NotAllowed",
    "NotApproved",
    "NotAuthenticated",
    "NotDecidedInTime",
    "NotFound",
    "PlacetError",
    "RateLimited",
    "Refused",
    "Rejected",
    "ServerFailed",
    "ServerUnreachable",
    "StaleRevision",
    "UnexpectedAnswer",
    "UnsendableValue",
    "UnusableArguments",
    "WebhookInvalid",
    "__version__",
    "requires_approval",
    "verify_grant",
    "verify_webhook",
]

# Loaded when first asked for: with them comes asyncio, a quarter of the time of the import.
_LATER = {"AsyncClient": "._async_client", "requires_approval": "._requires_approval"}

if not TYPE_CHECKING:  # else every name there is not would be one

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_LATER[name], __name__), name)
        globals()[name] = value
        return value
