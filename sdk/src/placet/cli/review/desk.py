"""What a person's token can do on the server."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx2

from ... import _calls
from ..._approval import ApprovalState, GroupState
from ..._connection import Connection
from ..._operations import Operations

TIMEOUT = timedelta(seconds=10)


class Desk:
    """
    The server as one reviewer has it.

    :raises ValueError: no usable URL or token
    """

    def __init__(self, transport: httpx2.BaseTransport | None = None) -> None:
        token = os.environ.get("PLACET_TOKEN", "").strip()
        if not token.startswith("plc_user_"):
            raise ValueError("Set PLACET_TOKEN to your token (plc_user_…); your profile makes one.")
        self._connection = Connection(
            None, api_key=token, timeout=TIMEOUT, transport=transport, clock=time
        )
        self._does: Operations[ApprovalState, GroupState[ApprovalState]] = Operations(
            approval=ApprovalState, group=GroupState, clock=time, retry_for=TIMEOUT
        )

    def waiting(self, *, view: str = "yours") -> list[ApprovalState]:
        """All that waits in this view of the inbox, nearest deadline first."""
        found: list[ApprovalState] = []
        cursor: str | None = None
        while True:
            page = self._connection.run(self._does.page(_calls.inbox(view, cursor=cursor)))
            found += page.approvals
            cursor = page.next_cursor
            if not cursor:
                return found

    def decide(self, approval: ApprovalState, verdict: str, **words: Any) -> ApprovalState:
        """
        Say it about exactly what was shown.

        :param words: `feedback`, `arguments`, `steps`, `selected`, `answer`
        :raises StaleRevision: it has changed since
        :raises Refused: the server says why
        """
        call = _calls.decide(approval.id, {"verdict": verdict, **_as_seen(approval), **words})
        return self._connection.run(self._does.one(call))

    def approve_all(self, approvals: Sequence[ApprovalState]) -> list[Mapping[str, Any]]:
        """Each by itself; what came of it, in the same order."""
        items = [{"id": each.id, **_as_seen(each)} for each in approvals]
        call = _calls.decide_batch({"verdict": "approve", "items": items})
        return [*self._connection.run(self._does.things(call))]

    def close(self) -> None:
        self._connection.close()


def _as_seen(approval: ApprovalState) -> dict[str, Any]:
    return {"revision": approval.revision, "digest": approval.digest}
