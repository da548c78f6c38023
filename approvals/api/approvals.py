"""Agents: submit, read, revise, withdraw, take the permission, report."""

import math
import uuid
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api import bodies, instants, paging, schema
from approvals.api.callers import AgentView
from approvals.api.parsing import body_of
from approvals.api.problems import Problem
from approvals.api.waiting import seconds_asked_for, tagged, wait_for
from approvals.models import ApprovalRequest, Grant
from approvals.operations import escalation, grants, revising, submission
from approvals.queries import approvals
from approvals.rules.lifecycle import Status
from audit.trail import stamp


class _OwnApproval(AgentView):
    """One approval of the caller's own; anybody else's does not exist."""

    def own(self, approval_id: uuid.UUID) -> ApprovalRequest:
        return approvals.for_showing(approvals.of_agent(self.agent)).get(pk=approval_id)

    def own_in_time(self, approval_id: uuid.UUID) -> ApprovalRequest:
        """The same, once its deadline has acted if it has passed."""
        found = self.own(approval_id)
        is_late = escalation.catch_up([found], at=timezone.now())
        return self.own(approval_id) if is_late else found

    def document(self, approval: ApprovalRequest) -> dict[str, Any]:
        return approvals.documents_of([approval], as_submitted=True)[0]

    def as_it_is(self, approval_id: uuid.UUID) -> dict[str, Any]:
        return self.document(self.own(approval_id))


class Approvals(_OwnApproval):
    @schema.endpoint(
        "submit",
        "Submit a proposed action",
        body=bodies.SUBMISSION,
        answers={201: schema.ref("Approval"), 200: schema.ref("Approval")},
        headers=("Idempotency-Key", "Prefer"),
        gives=("Location", "ETag", "Idempotent-Replayed"),
    )
    def post(self, request: Request) -> Response:
        seconds = seconds_asked_for(request)
        submitted = submission.submit(
            self.agent,
            body_of(request, bodies.SUBMISSION),
            at=timezone.now(),
            idempotency_key=idempotency_key(request),
        )
        approval = self.own_in_time(submitted.approvals[0])
        response = tagged(
            request, self.document(approval), status=200 if submitted.replayed else 201
        )
        response["Location"] = _path_of(approval.pk)
        if submitted.replayed:
            response["Idempotent-Replayed"] = "true"
        return waitable(request, response, approval, seconds)

    @schema.endpoint(
        "list_approvals",
        "List your requests, newest first",
        answers={200: schema.page_of(schema.ref("Approval"))},
        query=("status", "checkpoint", "run", "created_after", "cursor", "limit"),
    )
    def get(self, request: Request) -> Response:
        paging.refuse_unknown(
            request, {"status", "checkpoint", "run", "created_after", "cursor", "limit"}
        )
        wanted = {
            "status": paging.choice_of(request, "status", Status.values),
            "checkpoint": request.query_params.get("checkpoint"),
            "run": request.query_params.get("run"),
            "submitted_at__gt": paging.instant_of(request, "created_after"),
        }
        own = approvals.for_showing(approvals.of_agent(self.agent)).filter(
            **{name: value for name, value in wanted.items() if value is not None}
        )
        name = f"approvals:{self.agent.pk}"
        page, cursor = paging.newest_first(request, own, name)
        if escalation.catch_up(page, at=timezone.now()):
            page, cursor = paging.newest_first(request, own, name)
        results = approvals.documents_of(page, as_submitted=True)
        return Response({"results": results, "next_cursor": cursor})


class Approval(_OwnApproval):
    @schema.endpoint(
        "read_approval",
        "Read a request; with wait, as soon as it settles or it is your turn",
        answers={200: schema.ref("Approval")},
        query=("wait",),
        headers=("Prefer", "If-None-Match"),
        gives=("ETag",),
    )
    def get(self, request: Request, approval_id: uuid.UUID) -> Response:
        paging.refuse_unknown(request, {"wait"})
        seconds = seconds_asked_for(request)
        approval = self.own_in_time(approval_id)
        response = tagged(request, self.document(approval))
        return waitable(request, response, approval, seconds)


class Bulk(_OwnApproval):
    @schema.endpoint(
        "submit_bulk",
        "Submit a whole turn, all or none",
        body=bodies.BULK,
        answers={
            201: schema.list_of(schema.ref("Approval")),
            200: schema.list_of(schema.ref("Approval")),
        },
        headers=("Idempotency-Key",),
        gives=("Location", "Idempotent-Replayed"),
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, bodies.BULK)
        submitted = submission.submit_group(
            self.agent,
            body["group"],
            body["requests"],
            at=timezone.now(),
            idempotency_key=idempotency_key(request),
        )
        members = approvals.for_showing(approvals.of_agent(self.agent)).filter(
            pk__in=submitted.approvals
        )
        documents = approvals.documents_of(members.order_by("group_index"), as_submitted=True)
        response = Response(documents, status=200 if submitted.replayed else 201)
        response["Location"] = reverse("api:group", args=[body["group"]])
        if submitted.replayed:
            response["Idempotent-Replayed"] = "true"
        return response


class Revise(_OwnApproval):
    @schema.endpoint(
        "revise",
        "Replace what an open request asks",
        body=bodies.REVISION,
        answers={200: schema.ref("Approval")},
    )
    def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        body = body_of(request, bodies.REVISION)
        revising.revise(self.own(approval_id).pk, body)
        return Response(self.as_it_is(approval_id))


class Cancel(_OwnApproval):
    @schema.endpoint(
        "cancel",
        "Withdraw an open request",
        body=bodies.CANCEL,
        answers={200: schema.ref("Approval")},
    )
    def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        body = body_of(request, bodies.CANCEL, may_be_empty=True)
        revising.cancel(self.own(approval_id).pk, reason=body.get("reason", ""))
        return Response(self.as_it_is(approval_id))


class Consume(_OwnApproval):
    @schema.endpoint(
        "consume",
        "Take the single-use permission",
        body=bodies.CONSUME,
        answers={200: schema.GRANT_TAKEN},
    )
    def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        digest = body_of(request, bodies.CONSUME)["digest"]
        taken = grants.consume(self.own(approval_id).pk, digest=digest, at=timezone.now())
        return Response(_taken(taken))


class Outcome(_OwnApproval):
    @schema.endpoint(
        "report_outcome",
        "Report what happened afterwards",
        body=bodies.OUTCOME,
        answers={201: schema.OUTCOME_KEPT},
    )
    def post(self, request: Request, approval_id: uuid.UUID) -> Response:
        body = body_of(request, bodies.OUTCOME)
        if occurred_at := body.get("occurred_at"):
            body["occurred_at"] = instants.of_field(occurred_at, "/occurred_at")
        kept = revising.report_outcome(
            self.own(approval_id).pk, report=body, reporter=self.agent.ref, at=timezone.now()
        )
        document = {
            "id": str(kept.pk),
            "status": kept.status,
            "reported_at": stamp(kept.reported_at),
        }
        return Response(document, status=201)


def idempotency_key(request: Request) -> str | None:
    """
    The Idempotency-Key, if any.

    :raises Problem: it is not 1–255 visible ASCII characters, or stands there twice
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    # Two headers of one name arrive joined by a comma, so a key may not hold one.
    if not (1 <= len(key) <= 255 and all("!" <= char <= "~" and char != "," for char in key)):
        raise Problem(
            400,
            "invalid_idempotency_key",
            "Idempotency-Key: 1 to 255 visible ASCII characters without commas, in one header.",
        )
    return key


def waitable(
    request: Request, response: Response, approval: ApprovalRequest, seconds: int
) -> Response:
    """The answer, to be held back by the front while the approval is pending."""
    if approval.status != Status.PENDING:
        return response
    path = _path_of(approval.pk)
    # At its deadline it is asked for again, and then the deadline acts.
    left = math.ceil((approval.expires_at - timezone.now()).total_seconds())
    return wait_for(
        request,
        response,
        [approval.ref],
        agent=approval.agent,
        seconds=min(seconds, left) if left > 0 else seconds,
        path=f"{path}?wait={seconds}",
        together={"path": reverse("api:together"), "key": str(approval.pk)},
    )


def _path_of(approval_id: uuid.UUID) -> str:
    return reverse("api:approval", args=[approval_id])


def _taken(grant: Grant) -> dict[str, Any]:
    return {
        "id": str(grant.approval_id),
        "digest": grant.digest,
        "consumed_at": stamp(grant.consumed_at) if grant.consumed_at else None,
        "grant": grant.token,
    }
