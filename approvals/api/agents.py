"""Agents: turns, the feed, dry runs, and what each checkpoint asks for."""

import json
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api import bodies, paging, schema
from approvals.api.callers import AgentView
from approvals.api.parsing import body_of
from approvals.api.problems import Problem
from approvals.api.waiting import seconds_asked_for, tagged, wait_for
from approvals.models import CheckpointVersion, Message
from approvals.operations import escalation, submission
from approvals.queries import approvals, documents, pauses, policies
from approvals.rules.lifecycle import Status


class Group(AgentView):
    @schema.endpoint(
        "read_group",
        "Read a turn: every member, and whether all are answered",
        answers={200: schema.GROUP},
        query=("wait",),
        headers=("Prefer", "If-None-Match"),
        gives=("ETag",),
    )
    def get(self, request: Request, name: str) -> Response:
        paging.refuse_unknown(request, {"wait"})
        seconds = seconds_asked_for(request)
        group = None if "\0" in name else approvals.group_of(self.agent, name)
        if group is None:
            raise Problem(404, "not_found", "Not found.")
        own = approvals.of_agent(self.agent).filter(group=group).order_by("group_index")
        members = list(approvals.for_showing(own))
        if escalation.catch_up(members, at=timezone.now()):
            members = list(approvals.for_showing(own))
        complete = len(members) == group.size and not any(member.is_open for member in members)
        body = {
            "id": group.name,
            "size": group.size,
            "complete": complete,
            "members": approvals.documents_of(members, as_submitted=True),
        }
        response = tagged(request, body)
        if complete or any(member.status == Status.CHANGES_REQUESTED for member in members):
            return response
        path = f"{reverse('api:group', args=[name])}?wait={seconds}"
        return wait_for(
            request, response, [group.ref], agent=self.agent, seconds=seconds, path=path
        )


class Feed(AgentView):
    @schema.endpoint(
        "read_feed",
        "Your decisions and messages in commit order",
        answers={200: schema.page_of(schema.MESSAGE)},
        query=("cursor", "limit", "wait"),
        headers=("Prefer",),
    )
    def get(self, request: Request) -> Response:
        """
        Follow `next_cursor`: it is given even at the end, and asking again with it, with
        or without a wait, gives what has come since. Nothing is skipped or given twice.
        """
        paging.refuse_unknown(request, {"cursor", "limit", "wait"})
        seconds, limit = seconds_asked_for(request), paging.limit_of(request)
        feed = f"feed:{self.agent.pk}"
        place = paging.place_of(request, feed, 1)
        after = int(place[0]) if place else 0
        messages = list(
            Message.objects.filter(agent=self.agent, seq__gt=after).order_by("seq")[:limit]
        )
        cursor = paging.cursor_for(feed, messages[-1].seq if messages else after)
        response = Response(
            {"results": [_line(message) for message in messages], "next_cursor": cursor}
        )
        if messages:
            return response
        path = f"{reverse('api:feed')}?cursor={cursor}&limit={limit}&wait={seconds}"
        return wait_for(
            request, response, [self.agent.ref], agent=self.agent, seconds=seconds, path=path
        )


class Evaluate(AgentView):
    @schema.endpoint(
        "evaluate",
        "What would happen to a submission; creates nothing",
        body=bodies.SUBMISSION,
        answers={200: schema.EVALUATION},
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        prepared = submission.evaluate(self.agent, body_of(request, bodies.SUBMISSION), at=now)
        way = submission.way_through(prepared, at=now)
        pause = pauses.over(self.agent, prepared.version.checkpoint)
        judged = prepared.evaluation
        passes = f"pass: {way.via}" if way.via else "ask a person"
        would = "be refused" if judged.missing_context or pause else passes
        return Response(
            {
                "checkpoint": {
                    "name": prepared.policy.checkpoint,
                    "version": prepared.policy.version,
                },
                "would": would,
                "paused": documents.pause_document(pause) if pause else None,
                "risk": judged.risk.as_json(),
                "required_level": judged.tier,
                "quorum": {"needed": judged.needed},
                "template": way.template.name if way.template else None,
                "fitting_templates": list(judged.fitting),
                "missing_context": list(judged.missing_context),
                "problems": list(judged.problems),
                "effect": prepared.effect,
                "digest": prepared.proposed.digest,
            }
        )


class Checkpoints(AgentView):
    @schema.endpoint(
        "list_checkpoints",
        "The checkpoints, and what each asks for",
        answers={200: schema.page_of(schema.CHECKPOINT)},
    )
    def get(self, request: Request) -> Response:
        paging.refuse_unknown(request, ())
        live = CheckpointVersion.objects.filter(state=CheckpointVersion.State.LIVE)
        live = live.select_related("checkpoint").order_by("checkpoint__name")
        return Response(
            {"results": [_checkpoint(version) for version in live], "next_cursor": None}
        )


class Checkpoint(AgentView):
    @schema.endpoint(
        "read_checkpoint", "What one checkpoint asks for", answers={200: schema.CHECKPOINT}
    )
    def get(self, request: Request, name: str) -> Response:
        version = policies.live_version(name)
        if version is None:
            raise Problem(404, "not_found", "Not found.")
        return Response(_checkpoint(version))


def _checkpoint(version: CheckpointVersion) -> dict[str, Any]:
    return {
        "name": version.checkpoint.name,
        "version": version.number,
        "title": version.title,
        "stage": version.stage,
        "guidelines": version.guidelines,
        "required_context": version.required_context,
        "response": {"type": version.response_type, **version.response},
        "timeout_seconds": version.timeout_seconds,
        "on_timeout": version.on_timeout,
        "paused": version.checkpoint.paused_at is not None,
    }


def _line(message: Message) -> dict[str, Any]:
    body = json.loads(message.body)
    return {
        "seq": message.seq,
        "type": message.type,
        "timestamp": body["timestamp"],
        "approval": str(message.approval_id),
        "data": body["data"],
    }
