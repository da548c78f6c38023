"""People with a token: what waits for them, and deciding it."""

import uuid
from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api import bodies, instants, paging, schema
from approvals.api.callers import PersonView
from approvals.api.parsing import body_of
from approvals.models import Decision
from approvals.operations import batches, decisions, escalation
from approvals.queries import approvals, inbox
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict


class Inbox(PersonView):
    @schema.endpoint(
        "list_inbox",
        "What waits, nearest deadline first",
        answers={200: schema.page_of(schema.ref("Approval"))},
        query=("view", "checkpoint", "cursor", "limit"),
    )
    def get(self, request: Request) -> Response:
        paging.refuse_unknown(request, {"view", "checkpoint", "cursor", "limit"})
        views = [view.name for view in inbox.VIEWS]
        view = paging.choice_of(request, "view", views) or "yours"
        at = timezone.now()
        waiting = inbox.pending_for(self.reviewer, view, at=at)
        if checkpoint := request.query_params.get("checkpoint"):
            waiting = waiting.filter(checkpoint=checkpoint)
        name = f"inbox:{self.reviewer.pk}:{view}"
        waiting = approvals.for_showing(waiting)
        page, cursor = paging.nearest_deadline_first(request, waiting, name)
        if escalation.catch_up(page, at=at):
            page, cursor = paging.nearest_deadline_first(request, waiting, name)
        results = approvals.documents_of(page, as_submitted=False)
        return Response({"results": results, "next_cursor": cursor})


class Decisions(PersonView):
    @schema.endpoint(
        "decide",
        "Decide, guide, defer or escalate",
        body=bodies.DECISION,
        answers={200: schema.ref("Approval")},
    )
    def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        visible = approvals.seen_by(self.reviewer, at=timezone.now())
        approval_id = visible.only("pk").get(pk=approval_id).pk
        decisions.decide(
            approval_id,
            _ruling(body_of(request, bodies.DECISION)),
            reviewer=self.reviewer,
            door=Decision.Door.API,
        )
        shown = approvals.for_showing(visible).get(pk=approval_id)
        return Response(approvals.documents_of([shown], as_submitted=False)[0])


class Batch(PersonView):
    @schema.endpoint(
        "decide_batch",
        "Approve or reject many, each by itself",
        body=bodies.BATCH,
        answers={200: schema.list_of(schema.RESULT)},
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, bodies.BATCH)
        results = batches.decide_many(
            [
                batches.Item(uuid.UUID(item["id"]), item["revision"], item["digest"])
                for item in body["items"]
            ],
            Verdict(body["verdict"]),
            reviewer=self.reviewer,
            feedback=body.get("feedback", ""),
            door=Decision.Door.API,
        )
        return Response([{**asdict(result), "id": str(result.id)} for result in results])


def _ruling(body: dict[str, Any]) -> Ruling:
    until = body.get("until")
    return Ruling(
        **{
            **body,
            "verdict": Verdict(body["verdict"]),
            "until": instants.of_field(until, "/until") if until else None,
        }
    )
