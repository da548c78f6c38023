import pytest

from approvals.models import ApprovalGroup, ApprovalRequest
from approvals.operations import submission
from approvals.operations._preparing import SchemaViolation
from approvals.operations.submission import GroupExists, IdempotencyKeyReused, InvalidGroup
from approvals.refusals import Paused
from approvals.rules.lifecycle import Status
from audit.models import Event
from tests import factories

BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}


def numbered(count):
    return [BODY | {"arguments": {"amount": place}} for place in range(count)]


def member(name, index, size):
    return BODY | {"group": {"id": name, "index": index, "size": size}}


class TestSubmitGroup:
    def test_creates_the_whole_turn_in_order(self, robin, payments, at):
        made = submission.submit_group(robin, "turn-7", numbered(4), at=at)

        group = ApprovalGroup.objects.get()
        members = [ApprovalRequest.objects.get(pk=pk) for pk in made.approvals]
        assert (group.name, group.size, group.agent) == ("turn-7", 4, robin)
        assert [approval.group_index for approval in members] == [0, 1, 2, 3]
        assert [approval.revisions.get().arguments["amount"] for approval in members] == [
            0,
            1,
            2,
            3,
        ]

    def test_creates_all_or_none_and_says_which_one_was_wrong(self, robin, payments, at):
        wrong = BODY | {"arguments_schema": {"properties": {"amount": {"maximum": 5}}}}

        with pytest.raises(SchemaViolation) as refused:
            submission.submit_group(robin, "turn", [BODY, BODY, wrong], at=at)

        assert refused.value.errors[0]["pointer"] == "/requests/2/arguments/amount"
        assert ApprovalRequest.objects.count() == ApprovalGroup.objects.count() == 0

    def test_creates_none_when_a_later_checkpoint_is_paused(self, robin, payments, at):
        paused = factories.VersionFactory(checkpoint__name="refunds")
        paused.checkpoint.paused_at = at
        paused.checkpoint.save()

        with pytest.raises(Paused):
            submission.submit_group(robin, "turn", [BODY, BODY | {"checkpoint": "refunds"}], at=at)

        assert ApprovalRequest.objects.count() == Event.objects.count() == 0

    def test_replays_under_its_key(self, robin, payments, at):
        first = submission.submit_group(robin, "turn", numbered(3), at=at, idempotency_key="k")
        again = submission.submit_group(robin, "turn", numbered(3), at=at, idempotency_key="k")

        assert again.replayed
        assert again.approvals == first.approvals
        with pytest.raises(IdempotencyKeyReused):
            submission.submit_group(robin, "turn", numbered(2), at=at, idempotency_key="k")
        with pytest.raises(IdempotencyKeyReused):
            submission.submit_group(robin, "other", numbered(3), at=at, idempotency_key="k")

    def test_refuses_a_name_that_was_used(self, robin, payments, at):
        submission.submit_group(robin, "turn", numbered(2), at=at)

        with pytest.raises(GroupExists):
            submission.submit_group(robin, "turn", numbered(2), at=at)

        assert ApprovalRequest.objects.count() == 2

    def test_leaves_another_agent_s_names_alone(self, robin, payments, at):
        submission.submit_group(robin, "turn", numbered(1), at=at)

        submission.submit_group(factories.AgentFactory(), "turn", numbered(1), at=at)

        assert ApprovalGroup.objects.count() == 2

    def test_settles_what_may_pass_and_lets_the_rest_wait(self, robin, payments, at):
        factories.TemplateFactory(checkpoint=payments.checkpoint)

        made = submission.submit_group(
            robin, "turn", [BODY, BODY | {"arguments": {"amount": 900}}], at=at
        )

        found = [ApprovalRequest.objects.get(pk=pk).status for pk in made.approvals]
        assert found == [Status.APPROVED, Status.PENDING]

    def test_takes_a_hundred(self, robin, payments, at):
        assert len(submission.submit_group(robin, "turn", numbered(100), at=at).approvals) == 100


class TestAGroupDeclaredByItsMembers:
    def test_comes_together_one_by_one_in_any_order(self, robin, payments, at):
        for index in (2, 0, 1):
            submission.submit(robin, member("turn", index, 3), at=at)

        group = ApprovalGroup.objects.get()
        assert sorted(group.approvals.values_list("group_index", flat=True)) == [0, 1, 2]
        assert group.approvals.first().topics() == [robin.ref, group.ref]

    def test_refuses_a_place_that_is_taken(self, robin, payments, at):
        submission.submit(robin, member("turn", 0, 2), at=at)

        with pytest.raises(GroupExists):
            submission.submit(robin, member("turn", 0, 2), at=at)

        assert ApprovalRequest.objects.count() == 1

    @pytest.mark.parametrize(("index", "size"), [(0, 3), (0, 1)])
    def test_refuses_another_size(self, robin, payments, at, index, size):
        submission.submit(robin, member("turn", 1, 2), at=at)

        with pytest.raises(InvalidGroup):
            submission.submit(robin, member("turn", index, size), at=at)

    @pytest.mark.parametrize(("index", "size"), [(1, 1), (5, 3)])
    def test_refuses_a_place_beyond_its_size_and_keeps_no_group(
        self, robin, payments, at, index, size
    ):
        with pytest.raises(InvalidGroup):
            submission.submit(robin, member("turn", index, size), at=at)

        assert ApprovalGroup.objects.count() == 0

    def test_replays_a_member_under_its_key(self, robin, payments, at):
        first = submission.submit(robin, member("turn", 0, 2), at=at, idempotency_key="k")

        again = submission.submit(robin, member("turn", 0, 2), at=at, idempotency_key="k")

        assert (again.replayed, again.approvals) == (True, first.approvals)

    def test_and_a_turn_in_one_piece_do_not_mix(self, robin, payments, at):
        submission.submit_group(robin, "whole", numbered(2), at=at)
        submission.submit(robin, member("pieces", 0, 2), at=at)

        with pytest.raises(GroupExists):
            submission.submit(robin, member("whole", 1, 2), at=at)
        with pytest.raises(GroupExists):
            submission.submit_group(robin, "pieces", numbered(2), at=at)

        assert ApprovalRequest.objects.count() == 3
