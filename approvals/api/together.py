"""
For the front alone: the answers to many who waited with one key, in one request.

A decision on a hundred approvals wakes a hundred waiters; asked for one by one they would
take as long as a hundred first requests. Nobody outside can ask this, and nobody learns
here what `GET approvals/{id}/` would not tell the same key.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.approvals import waitable
from approvals.api.bodies import UUID, an_object
from approvals.api.callers import WAITED, AgentView
from approvals.api.parsing import body_of
from approvals.api.problems import Problem
from approvals.api.rendering import JSONRenderer
from approvals.api.waiting import MAX_WAIT_SECONDS, tagged
from approvals.models import ApprovalRequest
from approvals.operations import escalation
from approvals.queries import approvals

KEYS = an_object(["keys"], keys={"type": "array", "items": UUID, "maxItems": 100})


class Together(AgentView):
    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        if WAITED not in request.headers:
            raise Problem(404, "not_found", "Not found.")
        wanted = [uuid.UUID(key) for key in body_of(request, KEYS)["keys"]]
        own = approvals.for_showing(approvals.of_agent(self.agent).filter(pk__in=wanted))
        found = list(own)
        if escalation.catch_up(found, at=timezone.now()):
            found = list(own.all())
        documents = approvals.documents_of(found, as_submitted=True)
        return Response(
            {
                "answers": {
                    str(approval.pk): self._answer(request, approval, document)
                    for approval, document in zip(found, documents, strict=True)
                }
            }
        )

    def _answer(
        self, request: Request, approval: ApprovalRequest, document: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What reading it alone would answer; still pending, it waits on for as long as it may."""
        answer = waitable(request, tagged(request, document), approval, MAX_WAIT_SECONDS)
        headers = {
            **dict(answer.items()),
            "Content-Type": JSONRenderer.media_type,
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "X-Request-Id": getattr(request, "request_id", ""),
        }
        return {
            "status": answer.status_code,
            "headers": headers,
            "body": JSONRenderer().render(answer.data).decode(),
        }
