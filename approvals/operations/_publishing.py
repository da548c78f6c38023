"""Making a version the one that holds."""

import hashlib
from datetime import datetime
from typing import Any

from approvals.models import CheckpointVersion
from approvals.operations import _policy_rows as rows

State = CheckpointVersion.State


def go_live(version: CheckpointVersion, *, at: datetime) -> dict[str, Any]:
    """Retire what is live and put this in its place; what to record of it. Expects the lock."""
    before = version.checkpoint.versions.filter(state=State.LIVE).first()
    if before:
        before.state = State.RETIRED
        before.save(update_fields=["state"])
    version.state, version.published_at = State.LIVE, at
    version.save(update_fields=["state", "published_at", "published_by"])
    said = rows.said_of_version(version)
    return {
        "version": version.number,
        "retired": before.number if before else None,
        "policy": f"sha256:{hashlib.sha256(said.encode()).hexdigest()}",
    }
