"""Ask a person before your agent acts."""

from ._approval import Approval, ApprovalState, AsyncApproval, AsyncGroup, Decision, Group
from ._async_client import AsyncClient
from ._client import Client
from ._errors import (
    ActionMismatch,
    AlreadySettled,
    AnswerLost,
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
    ServerFailed,
    ServerUnreachable,
    StaleRevision,
    UnexpectedAnswer,
    UnsendableValue,
    WebhookInvalid,
)
from ._feed import FeedEvent, FeedPage
from ._grants import Claims, verify_grant
from ._version import __version__
from ._webhooks import verify_webhook

__all__ = [
    "ActionMismatch",
    "AlreadySettled",
    "AnswerLost",
    "Approval",
    "ApprovalState",
    "AsyncApproval",
    "AsyncClient",
    "AsyncGroup",
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
    "ServerFailed",
    "ServerUnreachable",
    "StaleRevision",
    "UnexpectedAnswer",
    "UnsendableValue",
    "WebhookInvalid",
    "__version__",
    "verify_grant",
    "verify_webhook",
]
