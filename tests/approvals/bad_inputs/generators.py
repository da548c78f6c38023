"""
Requests too long to write down, or that need a story first.

Each takes the world and the entry, and gives the requests to be made, in order.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from approvals.models import ApiKey, ApprovalRequest, CheckpointVersion
from approvals.operations import escalation
from tests import factories
from tests.approvals.bad_inputs.world import GOOD, World

Sends = Iterator[dict[str, Any]]
BEFORE = '{"checkpoint":"payments","action":"pay","arguments":{"a":'


def other_encodings(world: World, entry: dict[str, Any]) -> Sends:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig"):
        yield {"raw": json.dumps(GOOD).encode(encoding)}


def gzip_bomb(world: World, entry: dict[str, Any]) -> Sends:
    bomb = gzip.compress(b" " * 100_000_000)
    for encoding in ("gzip", "GZIP", "deflate", "br", "identity, gzip"):
        yield {"raw": bomb, "headers": {"Content-Encoding": encoding}}


def many_digits(world: World, entry: dict[str, Any]) -> Sends:
    yield {"raw": BEFORE + "9" * 5000 + "}}"}
    yield {"raw": BEFORE + "-" + "9" * 200_000 + "}}"}


def deep_arrays(world: World, entry: dict[str, Any]) -> Sends:
    for depth in (31, 5_000, 100_000):
        yield {"raw": BEFORE + "[" * depth + "]" * depth + "}}"}
    yield {"raw": "[" * 200_000}


def deep_objects(world: World, entry: dict[str, Any]) -> Sends:
    for depth in (31, 2_000):
        yield {"raw": BEFORE + '{"a":' * depth + "1" + "}" * depth + "}}"}


def many_keys(world: World, entry: dict[str, Any]) -> Sends:
    for count in (1_001, 2_000, 100_000):
        yield {"with": {"arguments": {f"k{n}": n for n in range(count)}}}


def many_zeros(world: World, entry: dict[str, Any]) -> Sends:
    yield {"raw": BEFORE + "[" + ",".join("0" * 1_000_000) + "]}}"}


def long_string(world: World, entry: dict[str, Any]) -> Sends:
    yield {"with": {"arguments": {"a": "x" * 200_000}}}
    yield {"with": {"context": {"rationale": "汉" * 40_000}}}


def long_key(world: World, entry: dict[str, Any]) -> Sends:
    for length in (257, 10_000):
        yield {"with": {"arguments": {"k" * length: 1}}}


def long_action(world: World, entry: dict[str, Any]) -> Sends:
    for length in (201, 200_000, 1_000_000):
        yield {"with": {"action": "a" * length}}


def padded(world: World, entry: dict[str, Any]) -> Sends:
    for padding in ("\n" * 400, " " * 5_000, "\t\r\n" * 2_000):
        yield {"with": {"arguments": {"command": f"ls{padding}rm -rf /"}}}


def odd_ids(world: World, entry: dict[str, Any]) -> Sends:
    rest = {"revision": 1, "digest": "sha256:" + "0" * 64}
    known = world.submit().pk
    for name in ("not-a-uuid", f"{{{known}}}", f"urn:uuid:{known}", "1" * 60, known.hex, " "):
        body = {"verdict": "approve", "items": [{"id": name, **rest}]}
        yield {"by": "person", "path": "decisions/batch/", "body": body}


def schema_bombs(world: World, entry: dict[str, Any]) -> Sends:
    pairs = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    doubling = {"$defs": {**pairs, "a40": {"type": "object"}}, "$ref": "#/$defs/a0"}
    chain = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(500)}
    long = {"$defs": {**chain, "a500": {}}, "$ref": "#/$defs/a0"}
    huge = {"properties": {f"a{n}": {"pattern": "^\\p{L}{90}" + str(n)} for n in range(500)}}
    for schema in (doubling, long, huge, {"enum": ["x" * 70_000]}):
        yield {"with": {"arguments_schema": schema}}
    picky = {"properties": {"a": {"items": {"allOf": [{"type": "string"}] * 2_000}}}}
    yield {"with": {"arguments_schema": picky, "arguments": {"a": [1] * 10_000}}}


def long_feedback(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    for words in ("x" * 2_001, "<b>\r\n\u202e" * 5_000):
        yield world.decision(approval, "reject", feedback=words)


def long_feedback_in_the_form(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    seen = {"revision": approval.revision, "digest": approval.digest, "verdict": "reject"}
    for words in ("x" * 2_001, "<b>\r\n\u202e" * 5_000, "a\0b"):
        form = {**seen, "feedback": words, "reason_code": "other"}
        yield {"by": "browser", "path": f"/approvals/{approval.pk}/decide/", "form": form}


def edit_against_the_schema(world: World, entry: dict[str, Any]) -> Sends:
    schema = {"properties": {"amount": {"type": "number", "minimum": 1}}}
    approval = world.submit(arguments_schema=schema)
    for edit in ({"arguments": {"amount": 0}}, {"merge_patch": {"amount": "much"}}):
        yield world.decision(approval, "modify", **edit)


def odd_times(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    world.send(world.decision(approval, "approve"))
    for time in entry["times"]:
        body = {"status": "failed", "occurred_at": time}
        yield {"path": f"approvals/{approval.pk}/outcome/", "body": body}


def clock_goes_back(world: World, entry: dict[str, Any]) -> Sends:
    approval = run_out(world)
    escalation.escalate_due(at=timezone.now())
    escalation.escalate_due(at=timezone.now() - timedelta(hours=2))
    yield world.decision(approval, "approve")


def key_with_another_body(world: World, entry: dict[str, Any]) -> Sends:
    headers = {"Idempotency-Key": "k"}
    world.send({"with": {"arguments": {"amount": 10}}, "headers": headers})
    for amount in (11, 10.5, "10"):
        yield {"with": {"arguments": {"amount": amount}}, "headers": headers}


def approve_twice(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    world.send(world.decision(approval, "approve"))
    yield world.decision(approval, "approve")


def approve_then_reject(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    world.send(world.decision(approval, "approve"))
    yield world.decision(approval, "reject", by="ben", feedback="No.")


def reject_after_cancel(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    world.send({"path": f"approvals/{approval.pk}/cancel/", "body": {}})
    yield world.decision(approval, "reject", feedback="No.")


def approve_after_the_deadline(world: World, entry: dict[str, Any]) -> Sends:
    approval = run_out(world)
    yield world.decision(approval, "approve")


def decision_without_a_digest(world: World, entry: dict[str, Any]) -> Sends:
    yield world.decision(world.submit(), "approve") | {"without": ["digest"]}


def useless_keys(world: World, entry: dict[str, Any]) -> Sends:
    third = world.third_agent()
    key = world.keys["third"]
    for useless in (key[:-1] + "-", key.replace("agent", "user"), key[:10] + "0" * 12 + key[22:]):
        yield {"by": "nobody", "method": "get", "headers": {"Authorization": f"Bearer {useless}"}}
    for change in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now()}):
        ApiKey.objects.filter(agent=third).update(**{"revoked_at": None} | change)
        yield {"by": "third", "method": "get"}
    ApiKey.objects.filter(agent=third).update(expires_at=None)
    type(third).objects.filter(pk=third.pk).update(is_active=False)
    yield {"by": "third", "method": "get"}


def agent_decides(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    yield world.decision(approval, "approve", by="agent")
    yield world.decision(approval, "approve", by="other")
    item = {"id": str(approval.pk), "revision": 1, "digest": approval.digest}
    body = {"verdict": "approve", "items": [item]}
    yield {"path": "decisions/batch/", "body": body}
    yield {"method": "get", "path": "inbox/"}


def owner_decides(world: World, entry: dict[str, Any]) -> Sends:
    type(world.robin).objects.filter(pk=world.robin.pk).update(owner=world.ada.user)
    yield world.decision(world.submit(), "approve")


def beneficiary_decides(world: World, entry: dict[str, Any]) -> Sends:
    for name in ("ada", "ADA", "ada@example.com", " Ada@Example.com "):
        yield world.decision(world.submit(on_behalf_of=name), "approve")


def too_low_a_tier_decides(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit(arguments={"amount": 5_000})
    for verdict, words in (("approve", {}), ("reject", {"feedback": "No."})):
        yield world.decision(approval, verdict, by="ben", **words)


def inactive_reviewer_decides(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    type(world.ben).objects.filter(pk=world.ben.pk).update(is_active=False)
    yield world.decision(approval, "approve", by="ben")


def other_team_decides(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    guarded = CheckpointVersion.objects.filter(pk=world.version.pk)
    guarded.update(team=factories.TeamFactory())
    yield world.decision(approval, "approve")
    guarded.update(team=None)


def tier_taken_away(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit(arguments={"amount": 5_000})
    world.browser.get(f"/approvals/{approval.pk}/")
    type(world.ada).objects.filter(pk=world.ada.pk).update(tier="team_member")
    yield world.decision(approval, "approve")


def policy_becomes_lenient(world: World, entry: dict[str, Any]) -> Sends:
    approval = world.submit()
    CheckpointVersion.objects.filter(pk=world.version.pk).update(state="retired")
    checkpoint = world.version.checkpoint
    factories.VersionFactory(checkpoint=checkpoint, number=2, auto_approve_below=1.0)
    escalation.escalate_due(at=timezone.now())
    yield {"method": "get", "path": f"approvals/{approval.pk}/"}


def cursors(world: World, entry: dict[str, Any]) -> Sends:
    for by in ("agent", "agent", "other", "other"):
        world.send({"by": by, "with": {}})
    cursor = cursor_of(world, "agent", "approvals/")
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    foreign = [cursor_of(world, "other", "approvals/"), cursor_of(world, "agent", "feed/")]
    made_up = base64.urlsafe_b64encode(b'["2026-01-01","1"]').decode()
    for name in (flipped, *foreign, made_up, cursor + "x", "x" * 10_000, "", "::"):
        yield {"method": "get", "query": {"cursor": name}}


def cursor_of(world: World, by: str, path: str) -> str:
    asked = {"by": by, "method": "get", "path": path, "query": {"limit": "1"}}
    return world.send(asked).json()["next_cursor"]


def run_out(world: World) -> ApprovalRequest:
    """A request whose deadline has passed, and that nobody has noticed."""
    approval = world.submit()
    past = timezone.now() - timedelta(minutes=5)
    ApprovalRequest.objects.filter(pk=approval.pk).update(expires_at=past, next_due_at=past)
    return approval
