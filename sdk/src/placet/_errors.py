"""
Everything this package raises on purpose:

PlacetError
├── UnsendableValue            a value that JSON cannot carry exactly (also a ValueError)
├── ServerUnreachable          no answer: refused, timed out, broken off
│   └── AnswerLost             it was sent and may have taken effect; not repeated for you
├── UnexpectedAnswer           an answer outside the contract: a redirect, a proxy's page
├── NotDecidedInTime           still waiting for a person when the timeout passed
├── NotApproved                there is no permission to use
│   ├── Rejected               decided, and the answer is no: see `feedback`
│   └── ChangesRequested       the agent's turn: propose something else
├── UnusableArguments          what was approved does not fit the function it was asked for
├── Refused                    the server said no, and why
│   ├── InvalidRequest         400, 413, 415, 422: something in the request is wrong
│   │   └── IdempotencyKeyReused
│   ├── NotAuthenticated       401
│   ├── NotAllowed             403
│   ├── NotFound               404: or it belongs to someone else
│   ├── Conflict               409: its state says no; see `current`
│   │   ├── AlreadySettled     decided, cancelled or expired
│   │   ├── StaleRevision
│   │   ├── GrantConsumed      the permission was already taken
│   │   └── DigestMismatch     what would run is not what was approved
│   ├── RateLimited            429: see `retry_after`
│   └── ServerFailed           5xx
├── WebhookInvalid             a webhook that must not be believed
└── GrantInvalid               a grant that must not be obeyed
    └── ActionMismatch         a good grant, for another action
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._approval import ApprovalState, GroupState
    from ._decision import Decision


class PlacetError(Exception):
    """
    The base of all errors here.

    :ivar code: stable and machine-readable, such as `already_settled`
    :ivar detail: a sentence for people
    :ivar status: the HTTP status; None where no answer is involved. A webhook or a grant
        that fails its check has 401, the status to give to whoever brought it.
    :ivar request_id: what to tell whoever runs the server, or None
    :ivar errors: what is wrong field by field: `{"pointer", "code", "detail"}`
    :ivar idempotency_key: the key the failed submission went out with; submit again with it
        to get the same request rather than a second one
    """

    code = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.status = status
        self.request_id = request_id
        self.errors = list(errors)
        self.idempotency_key: str | None = None

    def __str__(self) -> str:
        fields = "".join(f" {e.get('pointer', '')}: {e.get('detail', '')}" for e in self.errors)
        facts = {"code": self.code, "status": self.status, "request_id": self.request_id}
        facts["idempotency_key"] = self.idempotency_key
        known = " ".join(f"{name}={fact}" for name, fact in facts.items() if fact is not None)
        return f"{self.detail}{fields} [{known}]"


class UnsendableValue(PlacetError, ValueError):
    """A value that has no exact JSON form: NaN, a Decimal, a number too large."""

    code = "unsendable_value"


class ServerUnreachable(PlacetError):
    """No answer came."""

    code = "server_unreachable"


class AnswerLost(ServerUnreachable):
    """
    The call went out, no answer came back, and it may have taken effect.

    Raised instead of trying again where a second try could do the thing twice.
    """

    code = "answer_lost"


class UnexpectedAnswer(PlacetError):
    """Not an answer of a Placet server; look at the URL and at what stands in between."""

    code = "unexpected_answer"


class NotDecidedInTime(PlacetError):
    """
    Still waiting for a person.

    :ivar last_seen: the approval (or group) as the server last showed it
    """

    code = "not_decided_in_time"

    def __init__(self, detail: str, *, last_seen: ApprovalState | GroupState[Any]) -> None:
        super().__init__(detail)
        self.last_seen = last_seen


class NotApproved(PlacetError):
    """Asked to use a permission that was not given."""

    code = "not_approved"


class Rejected(NotApproved):
    """
    The answer is no: a person's, the policy's or the deadline's.

    :ivar approval: as it was settled
    :ivar decision: who said it, when, and by which way; see `Decision.via`
    :ivar feedback: what the agent should know of the reasons; may be empty
    """

    code = "rejected"

    def __init__(self, detail: str, *, approval: ApprovalState, decision: Decision) -> None:
        super().__init__(detail)
        self.approval = approval
        self.decision = decision

    @property
    def feedback(self) -> str:
        return self.decision.feedback


class ChangesRequested(NotApproved):
    """
    A person wants another proposal: `revise` this approval, or ask anew.

    :ivar approval: it is still open
    :ivar feedback: what they want instead
    """

    code = "changes_requested"

    def __init__(self, detail: str, *, approval: ApprovalState, feedback: str) -> None:
        super().__init__(detail)
        self.approval = approval
        self.feedback = feedback


class UnusableArguments(PlacetError):
    """
    Approved, but the function cannot be called so. Nothing ran, the permission is not taken.

    :ivar approval: with the arguments that do not fit
    """

    code = "unusable_arguments"

    def __init__(self, detail: str, *, approval: ApprovalState) -> None:
        super().__init__(detail)
        self.approval = approval


class Refused(PlacetError):
    """
    The server said no.

    :ivar problem: the whole answer, as the server gave it
    """

    code = "refused"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        problem: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, code=code, status=status, request_id=request_id, errors=errors)
        self.problem = dict(problem or {})
        self.retry_after = retry_after  # seconds the server asks us to stay away


class InvalidRequest(Refused):
    """Something in the request is wrong; `errors` says where."""

    code = "invalid_request"


class IdempotencyKeyReused(InvalidRequest):
    """This key was used before, with another body."""

    code = "idempotency_key_reused"


class NotAuthenticated(Refused):
    """The key is missing, wrong, expired or revoked."""

    code = "unauthorized"


class NotAllowed(Refused):
    """The key is good, and may not do this."""

    code = "not_allowed"


class NotFound(Refused):
    """There is no such thing, or it belongs to someone else."""

    code = "not_found"


class Conflict(Refused):
    """The state says no."""

    code = "conflict"

    @property
    def current(self) -> Any:
        """How it stands now, as the server told it; None if it did not."""
        return self.problem.get("current")


class AlreadySettled(Conflict):
    """Decided, cancelled or expired before."""

    code = "already_settled"


class StaleRevision(Conflict):
    """Someone changed it since it was read."""

    code = "stale_revision"


class GrantConsumed(Conflict):
    """The permission was already taken. Do not run the action."""

    code = "grant_consumed"


class DigestMismatch(Conflict):
    """What would run is not what was approved. Do not run the action."""

    code = "digest_mismatch"


class RateLimited(Refused):
    """Too many calls; `retry_after` says how many seconds to stay away."""

    code = "rate_limited"


class ServerFailed(Refused):
    """The server could not answer: 5xx."""

    code = "server_failed"


class WebhookInvalid(PlacetError):
    """Not proven to come from the server, or too old. Answer 401 and do nothing."""

    code = "invalid_signature"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, status=401)


class GrantInvalid(PlacetError):
    """Not a permission, or not for you, or not now. Do not run the action."""

    code = "grant_invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, status=401)


class ActionMismatch(GrantInvalid):
    """The grant is genuine, but another action was approved. Do not run this one."""

    code = "action_mismatch"
