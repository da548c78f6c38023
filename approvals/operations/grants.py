"""Grants: issued when an approval settles well, taken once before the action runs."""

import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from approvals import events, signing_keys
from approvals.models import ApprovalRequest, Decision, Grant
from approvals.operations import _pausing
from approvals.refusals import Conflict
from audit import trail


class NotApproved(Conflict):
    code = "decision_not_allowed"


class GrantConsumed(Conflict):
    code = "grant_consumed"


class GrantExpired(Conflict):
    code = "expired"


class DigestMismatch(Conflict):
    code = "digest_mismatch"


def issue(approval: ApprovalRequest, *, digest: str, by: list[Decision], at: datetime) -> Grant:
    """
    Sign and keep the permission for exactly this digest, in the settling transaction.

    Reading the token is free and repeatable; only `consume` uses it up.
    """
    expires_at = at + timedelta(seconds=approval.terms.grant_seconds)
    claims = {
        "iss": settings.SITE_URL,
        "sub": str(approval.pk),
        "rev": approval.revision,
        "aud": approval.agent.name,
        "act": digest,
        "via": approval.via,
        # Pseudonymous: who they are is for the server's trail, not for the executor.
        "by": [vote.reviewer.ref for vote in by],
        "pol": f"{approval.checkpoint}@{approval.terms.version}",
        "iat": int(at.timestamp()),
        "nbf": int(at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": secrets.token_hex(16),
    }
    token, kid = signing_keys.sign(claims)
    return Grant.objects.create(
        approval=approval,
        jti=claims["jti"],
        kid=kid,
        digest=digest,
        token=token,
        issued_at=at,
        expires_at=expires_at,
    )


@transaction.atomic(durable=True)
def consume(approval_id: uuid.UUID, *, digest: str, at: datetime) -> Grant:
    """
    Take the single-use permission. When this returns, nobody can take it again.

    :param digest: of what the agent is about to run
    :raises NotApproved: the approval does not allow anything to run
    :raises DigestMismatch: something else was approved
    :raises GrantExpired: approved, but too long ago
    :raises GrantConsumed: it has been taken; `current` says when
    :raises Paused: the kill switch holds open grants back
    """
    approval = ApprovalRequest.objects.locked(approval_id)
    if not approval.may_proceed:
        raise NotApproved(f"Nothing may run: this request is {approval.get_status_display()}.")
    grant = Grant.objects.get(approval=approval)
    if grant.consumed_at:
        taken = trail.stamp(grant.consumed_at)
        raise GrantConsumed(
            f"This permission was taken at {taken}.", current={"consumed_at": taken}
        )
    if digest != grant.digest:
        raise DigestMismatch(
            "The digest is not that of what was approved.", current={"digest": grant.digest}
        )
    if at >= grant.expires_at:
        raise GrantExpired(f"This permission ran out at {trail.stamp(grant.expires_at)}.")
    _pausing.refuse_if_paused(approval.agent, approval.version.checkpoint)
    grant.consumed_at = at
    grant.save(update_fields=["consumed_at"])
    trail.record(
        approval,
        events.GRANT_CONSUMED,
        actor=approval.agent.ref,
        at=at,
        data={"jti": grant.jti, "digest": digest},
        related=approval.topics(),
    )
    approval.save(update_fields=["trail_seq", "trail_hash"])
    return grant
