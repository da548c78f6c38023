"""Making a version the one that holds, and who may not do it."""

import hashlib
import json
from datetime import datetime
from typing import Any

from approvals import events
from approvals.models import CheckpointVersion
from approvals.operations import _policy_rows as rows
from audit.models import Event

State = CheckpointVersion.State


def go_live(version: CheckpointVersion, *, at: datetime) -> dict[str, Any]:
    """Retire what is live and put this in its place; what to record of it. Expects the lock."""
    before = version.checkpoint.versions.filter(state=State.LIVE).first()
    if before:
        before.state = State.RETIRED
        before.save(update_fields=["state"])
    version.state, version.published_at = State.LIVE, at
    version.save(update_fields=["state", "published_at", "published_by"])
    return {
        "version": version.number,
        "retired": before.number if before else None,
        "policy": digest_of(version),
    }


def digest_of(version: CheckpointVersion) -> str:
    """Of what the version says, as a policy file would: `sha256:…`."""
    said = rows.said_of_version(version)
    return f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"


def saved(
    version: CheckpointVersion, *, copied_from: CheckpointVersion | None = None
) -> dict[str, Any]:
    """What to record of a draft that was saved."""
    return {
        "version": version.number,
        # Numbers come again when a draft is thrown away; this does not.
        "draft": str(version.pk),
        "policy": digest_of(version),
        "copied_from": str(copied_from.pk) if copied_from else None,
    }


def writers_of(version: CheckpointVersion) -> set[str]:
    """
    Whose words a version holds, as the trail names them ("user:…", "shell:…").

    Everybody who ever saved it counts, not the last alone, so a colleague's trivial edit
    washes nobody clean. So does who saved an unpublished draft that it was copied from, or
    one that says just the same. What was published once is everybody's: two people stood
    by it.
    """
    published = {
        str(pk)
        for pk in version.checkpoint.versions.filter(published_at__isnull=False).values_list(
            "pk", flat=True
        )
    }
    saves = [(actor, data) for actor, data in _saves_of(version) if data["draft"] not in published]
    family = _with_originals(str(version.pk), saves)
    said = digest_of(version)
    writers = {actor for actor, data in saves if data["draft"] in family or data["policy"] == said}
    return writers | ({f"user:{version.created_by_id}"} if version.created_by_id else set())


def _saves_of(version: CheckpointVersion) -> list[tuple[str, dict[str, Any]]]:
    drafted = Event.objects.filter(
        subject=version.checkpoint.ref, type=events.CHECKPOINT_DRAFT_SAVED
    )
    return [
        (actor, json.loads(body)["data"]) for actor, body in drafted.values_list("actor", "body")
    ]


def _with_originals(draft: str, saves: list[tuple[str, dict[str, Any]]]) -> set[str]:
    """The draft, what it was copied from, what that was copied from, and so on."""
    original = {data["draft"]: data["copied_from"] for _, data in saves if data["copied_from"]}
    family: set[str] = set()
    while draft and draft not in family:
        family.add(draft)
        draft = original.get(draft, "")
    return family
