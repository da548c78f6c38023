"""Real threads, real transactions: who comes second is told so, and nothing happens twice."""

import contextlib
import json
import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections

from approvals import sealing
from approvals.models import ApprovalGroup, ApprovalRequest, Delivery, Grant, Message, WebhookSecret
from approvals.operations import (
    agents,
    decisions,
    deliveries,
    escalation,
    grants,
    revising,
    submission,
)
from approvals.operations._deadlines import Expired
from approvals.operations._settling import AlreadySettled
from approvals.operations.decisions import StaleRevision
from approvals.operations.grants import GrantConsumed
from approvals.operations.submission import GroupExists
from approvals.outbound import signing, webhooks
from approvals.outbound.webhooks import Answer
from approvals.refusals import Paused, Refusal
from approvals.rules import breaker
from approvals.rules.lifecycle import Via
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from audit import trail
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}
OUTCOMES = {
    "approval.settled",
    "approval.rejected_by_timeout",
    "approval.approved_by_timeout",
}


@pytest.fixture(autouse=True)
def on_disk(transactional_db, tmp_path):
    """Threads cannot share SQLite's memory as processes share its file, so here there is one."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    in_memory, name = connection.connection, connection.settings_dict["NAME"]
    with contextlib.closing(sqlite3.connect(tmp_path / "races.sqlite3")) as copy:
        in_memory.backup(copy)
    connection.connection = None
    connection.settings_dict["NAME"] = str(tmp_path / "races.sqlite3")
    yield
    connection.close()
    connection.settings_dict["NAME"] = name
    connection.connection = in_memory


def together(*acts):
    """What each act came to, result or refusal, all begun at the same moment."""
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        try:
            barrier.wait(timeout=30)
            results[place] = act()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(place, act), daemon=True)
        for place, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def split(results):
    """(what went well, refusals); anything else that was raised is a bug and flies."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refusal):
            raise result
    refused = [result for result in results if isinstance(result, Refusal)]
    return [result for result in results if result not in refused], refused


def history(approval):
    found = trail.history_of(approval.ref)
    assert trail.first_break(found) is None
    approval.refresh_from_db()
    assert (approval.trail_seq, approval.trail_hash) == (len(found), found[-1].hash)
    return [event.type for event in found]


def says(approval, verdict, reviewer, at, **words):
    said = Ruling(Verdict(verdict), approval.revision, approval.digest, **words)
    return lambda: decisions.decide(approval.pk, said, reviewer=reviewer, at=at)


def outcomes_of(approval):
    return [event for event in history(approval) if event in OUTCOMES]


class TestEverybodyAtOnce:
    def test_forty_times_there_is_one_outcome_and_the_others_are_told(
        self, submit, ada, dora, ben, at
    ):
        winners = set()
        for _ in range(40):
            approval = submit()
            results = together(
                says(approval, "approve", ada, at),
                says(approval, "approve", dora, at),
                says(approval, "reject", ben, at),
                lambda pk=approval.pk: revising.cancel(pk, reason="", at=at),
                lambda pk=approval.pk: revising.revise(pk, {"arguments": {}}, at=at) and None,
                lambda: escalation.escalate_due(at=at + timedelta(hours=1)),
            )

            done, refused = split(results)
            settled = [result for result in done if result]
            assert len(settled) == 1
            assert len(outcomes_of(approval)) == 1
            assert not approval.is_open
            assert approval.messages.filter(type="approval.settled").count() == 1
            assert Grant.objects.filter(approval=approval).exists() == approval.may_proceed
            for refusal in refused:
                assert isinstance(refusal, AlreadySettled | Expired | StaleRevision)
                assert refusal.current["id"] == str(approval.pk)
                if isinstance(refusal, AlreadySettled):
                    assert refusal.current["decision"] == approval.decided
            winners.add(approval.via)

        assert winners <= {Via.HUMAN, Via.AGENT, Via.TIMEOUT}

    def test_a_quorum_is_complete_once(self, publish, submit, ada, dora, ben, at):
        publish(quorum={"team_member": 2})
        for _ in range(10):
            approval = submit()

            done, refused = split(
                together(*(says(approval, "approve", person, at) for person in (ada, dora, ben)))
            )

            assert len(done) == 2
            assert [type(refusal) for refusal in refused] == [AlreadySettled]
            assert len(outcomes_of(approval)) == 1
            assert len(approval.decided["by"]) == 2

    def test_one_person_in_two_windows_votes_once(self, publish, submit, ada, at):
        publish(quorum={"team_member": 2})
        for _ in range(5):
            approval = submit()

            done, refused = split(
                together(says(approval, "approve", ada, at), says(approval, "reject", ada, at))
            )

            assert [len(done), len(refused)] == [1, 1]
            assert approval.decisions.count() == 1

    def test_of_two_edits_one_is_told_that_the_other_came_first(self, submit, ada, dora, at):
        approval = submit()

        done, refused = split(
            together(
                says(approval, "modify", ada, at, merge_patch={"amount": 1}),
                says(approval, "modify", dora, at, merge_patch={"amount": 2}),
            )
        )

        assert [len(done), len(refused)] == [1, 1]
        assert isinstance(refused[0], AlreadySettled)
        assert approval.revisions.count() == 2
        assert outcomes_of(approval) == ["approval.settled"]

    def test_a_pause_that_comes_first_holds(self, submit, ada, at):
        for _ in range(10):
            approval = submit()

            _, refused = split(
                together(
                    says(approval, "approve", ada, at),
                    lambda: agents.pause(paused=True, actor="user:1", at=at),
                )
            )

            history(approval)
            assert approval.may_proceed == (refused == [])
            with pytest.raises(Refusal):
                grants.consume(approval.pk, digest=approval.digest, at=at)
            assert all(isinstance(refusal, Paused) for refusal in refused)
            agents.pause(paused=False, actor="user:1", at=at)


class TestTheSameAgain:
    def test_a_permission_is_taken_once_by_twenty(self, submit, decide, ada, at):
        approval = submit()
        decide(approval, ada, "approve")

        done, refused = split(
            together(*[lambda: grants.consume(approval.pk, digest=approval.digest, at=at)] * 20)
        )

        assert len(done) == 1
        assert {type(refusal) for refusal in refused} == {GrantConsumed}
        assert all(refusal.current["consumed_at"] for refusal in refused)
        assert history(approval).count("grant.consumed") == 1

    def test_ten_with_one_key_make_one_request(self, robin, payments, at):
        done, refused = split(
            together(*[lambda: submission.submit(robin, BODY, at=at, idempotency_key="k")] * 10)
        )

        assert refused == []
        assert sorted(result.replayed for result in done) == [False] + [True] * 9
        assert len({result.approvals for result in done}) == 1
        assert ApprovalRequest.objects.count() == 1

    def test_ten_turns_with_one_key_make_one_turn(self, robin, payments, at):
        def submit_turn():
            return submission.submit_group(robin, "turn", [BODY] * 3, at=at, idempotency_key="k")

        done, refused = split(together(*[submit_turn] * 10))

        assert refused == []
        assert sorted(result.replayed for result in done) == [False] + [True] * 9
        assert len({result.approvals for result in done}) == 1
        assert (ApprovalGroup.objects.count(), ApprovalRequest.objects.count()) == (1, 3)

    def test_of_ten_turns_of_one_name_without_a_key_one_is_made(self, robin, payments, at):
        done, refused = split(
            together(*[lambda: submission.submit_group(robin, "turn", [BODY] * 2, at=at)] * 10)
        )

        assert len(done) == 1
        assert {type(refusal) for refusal in refused} == {GroupExists}
        assert ApprovalRequest.objects.count() == 2

    def test_ten_members_of_a_turn_find_the_same_turn(self, robin, payments, at):
        def member(index):
            group = {"id": "turn", "index": index % 5, "size": 5}
            return lambda: submission.submit(robin, BODY | {"group": group}, at=at)

        done, refused = split(together(*(member(index) for index in range(10))))

        assert [len(done), len(refused)] == [5, 5]
        assert {type(refusal) for refusal in refused} == {GroupExists}
        assert ApprovalGroup.objects.count() == 1


class TestTemplatesAtOnce:
    def test_a_limit_is_not_passed_by_ten_who_count_at_once(self, robin, payments, at):
        factories.TemplateFactory(checkpoint=payments.checkpoint, max_per_day=3)

        split(together(*[lambda: submission.submit(robin, BODY, at=at)] * 10))

        passed = ApprovalRequest.objects.filter(via=Via.TEMPLATE).count()
        assert (passed, ApprovalRequest.objects.filter(status="pending").count()) == (3, 7)

    def test_two_turns_do_not_wait_for_each_other_for_ever(self, robin, payments, at):
        for name in ("one", "two"):
            factories.TemplateFactory(
                name=name,
                checkpoint=payments.checkpoint,
                conditions=[{"pointer": "/action", "operator": "eq", "value": name}],
                max_per_day=1000,
            )
        one, two = BODY | {"action": "one"}, BODY | {"action": "two"}
        other = factories.AgentFactory()

        def turn(agent, name, bodies):
            return lambda: submission.submit_group(agent, name, bodies, at=at)

        for place in range(10):
            split(
                together(
                    turn(robin, f"a{place}", [one, two]),
                    turn(robin, f"b{place}", [two, one]),
                    turn(other, f"c{place}", [two, one]),
                    lambda: submission.submit(robin, two, at=at),
                )
            )

        assert ApprovalRequest.objects.filter(via=Via.TEMPLATE).count() == 70


class TestTheFeed:
    def test_has_no_gap_and_no_number_twice(self, publish, robin, at):
        publish(auto_approve_below=0.3)

        split(together(*[lambda: submission.submit(robin, BODY, at=at)] * 10))

        assert [message.seq for message in robin.messages.all()] == list(range(1, 11))


class TestTwoWorkers:
    def test_who_sweep_at_once_act_once(self, submit, at):
        approvals = [submit() for _ in range(8)]

        done, refused = split(
            together(*[lambda: escalation.escalate_due(at=at + timedelta(hours=1))] * 3)
        )

        assert refused == []
        assert sum(done) == 8
        assert [outcomes_of(approval) for approval in approvals] == [
            ["approval.rejected_by_timeout"]
        ] * 8
        assert Message.objects.count() == 8

    def test_who_escalate_at_once_climb_one_tier(self, publish, submit, at):
        publish(on_timeout="escalate")
        approval = submit()

        split(together(*[lambda: escalation.escalate_due(at=at + timedelta(hours=1))] * 3))

        assert history(approval).count("approval.escalated_by_timeout") == 1
        assert approval.required_tier == "team_lead"

    def test_who_deliver_at_once_send_once(self, robin, submit, decide, ada, at, monkeypatch):
        robin.callback_prefixes = ["https://agents.example.com/"]
        robin.save()
        WebhookSecret.objects.create(agent=robin, sealed=sealing.seal(signing.new_secret()))
        for _ in range(3):
            approval = submit(callback_url="https://agents.example.com/hook")
            decide(approval, ada, "guide", feedback="Mind the date.")
            decide(approval, ada, "approve")
        sent = []

        def post(url, *, body, headers, allowed_networks):
            sent.append((json.loads(body)["data"]["id"], json.loads(body)["seq"]))
            time.sleep(0.02)
            return Answer(200, None, None, 1, "")

        monkeypatch.setattr(webhooks, "post", post)

        for _ in range(3):
            split(together(*[lambda: deliveries.deliver_due(at=at)] * 3))

        assert len(sent) == len(set(sent)) == 6
        # Per approval, in order.
        for approval_id in {approval_id for approval_id, _ in sent}:
            assert [seq for found, seq in sent if found == approval_id] == [1, 2]
        assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


class TestStreams:
    def test_ten_who_write_to_a_new_one_at_once_make_one_chain(self, db, at):
        def write():
            return trail.record_in_stream("system", "paused", actor="user:1", at=at)

        _, refused = split(together(*[write] * 10))

        assert refused == []
        found = trail.history_of("system")
        assert len(found) == 10
        assert trail.first_break(found) is None


class TestManySweeps:
    def test_remind_and_call_once(self, publish, submit, ada, at):
        schedule = factories.ScheduleFactory()
        factories.ShiftFactory(schedule=schedule, reviewer=ada)
        publish(on_call=schedule, ladder=[{"after_seconds": 600, "schedule": "night"}])
        waiting = [submit() for _ in range(6)]
        late = at + timedelta(minutes=56)

        done, refused = split(together(*[lambda: escalation.escalate_due(at=late)] * 4))

        assert (sum(done), refused) == (6, [])
        for approval in waiting:
            told = history(approval)[1:]
            assert sorted(told) == ["approval.called_on_call"] * 2 + ["approval.reminded"]

    def test_hold_back_once_and_release_once(self, publish, submit, at, monkeypatch):
        monkeypatch.setattr(breaker, "MANY", 3)
        publish(reminders=[])
        for _ in range(5):
            submit()
        late = at + timedelta(hours=1)

        split(together(*[lambda: escalation.escalate_due(at=late)] * 4))
        assert ApprovalRequest.objects.pending().count() == 5
        after = late + timedelta(minutes=10)
        done, _ = split(together(*[lambda: escalation.escalate_due(at=after)] * 4))

        assert sum(done) == 5
        recorded = [event.type for event in trail.history_of("system")]
        assert recorded == ["sweep.held", "sweep.released"]

    def test_and_reads_strike_once(self, submit, at):
        approval = submit()
        late = at + timedelta(hours=1)

        split(
            together(
                lambda: escalation.escalate_due(at=late),
                lambda: escalation.catch_up([approval], at=late),
                lambda: escalation.catch_up([approval], at=late),
            )
        )

        assert len(outcomes_of(approval)) == 1
