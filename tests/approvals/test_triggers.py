"""What is settled stays settled, even for those who write SQL."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from approvals.models import ApprovalRequest, Decision, Grant
from approvals.operations import grants, revising


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


@pytest.fixture
def approved(submit, decide, ada):
    approval = submit()
    decide(approval, ada, "approve")
    return ApprovalRequest.objects.get(pk=approval.pk)


@pytest.fixture
def rejected(submit, decide, ada):
    approval = submit(amount=5000)
    decide(approval, ada, "reject")
    return ApprovalRequest.objects.get(pk=approval.pk)


OPENED_AGAIN = (
    "UPDATE approvals_approvalrequest SET status = 'pending', via = '', decision = '',"
    " settled_at = NULL, next_due_at = expires_at"
)


class TestASettledApproval:
    @pytest.mark.parametrize(
        "change",
        [
            "status = 'approved'",
            "status = 'cancelled'",
            "via = 'template'",
            "decision = '{}'",
            "settled_at = '2020-01-01 00:00:00+00:00'",
            "next_due_at = expires_at",
            "revision = 99",
            "digest = 'sha256:forged'",
            "risk_score = 0.0",
            "required_tier = 'executive'",
            "terms = '{}'",
            "submitted_at = '2020-01-01 00:00:00+00:00'",
            "expires_at = '2020-01-01 00:00:00+00:00'",
            "effect = 'Does nothing at all.'",
            "action = 'something_else'",
            "checkpoint = 'another'",
            "envelope = '{\"a\":1}'",
            "amount = 1.0",
            "quorum_needed = 99",
        ],
    )
    def test_cannot_be_moved_by_sql(self, rejected, change):
        with pytest.raises(DatabaseError, match="never changes its outcome"):
            execute(f"UPDATE approvals_approvalrequest SET {change}")

        after = ApprovalRequest.objects.get(pk=rejected.pk)
        assert (after.status, after.decision, after.digest) == (
            "rejected",
            rejected.decision,
            rejected.digest,
        )

    def test_cannot_be_opened_again(self, rejected):
        with pytest.raises(DatabaseError, match="never changes its outcome"):
            execute(OPENED_AGAIN)

        rejected.refresh_from_db()
        assert rejected.status == "rejected"

    def test_cannot_be_given_to_another_agent_or_version(self, rejected, robin):
        for column in ("agent_id", "version_id", "template_id"):
            with pytest.raises(DatabaseError, match="never changes its outcome"):
                execute(f"UPDATE approvals_approvalrequest SET {column} = %s", "0" * 32)

    def test_cannot_be_moved_through_the_models_either(self, rejected):
        rejected.status, rejected.via = "approved", "human"

        with pytest.raises(IntegrityError), transaction.atomic():
            rejected.save()

    def test_cannot_be_deleted(self, rejected):
        for table in ("audit_eventtext", "approvals_decision", "approvals_message"):
            execute(f"DELETE FROM {table}")
        execute("DELETE FROM approvals_revision")

        with pytest.raises(DatabaseError, match="is not deleted"):
            execute("DELETE FROM approvals_approvalrequest")

        assert ApprovalRequest.objects.filter(pk=rejected.pk).exists()

    def test_can_still_be_reported_on(self, approved, at):
        revising.report_outcome(
            approved.pk, report={"status": "succeeded"}, reporter="agent:1", at=at
        )

        approved.refresh_from_db()
        assert approved.outcome_reports.count() == 1


class TestAnOpenApproval:
    @pytest.mark.parametrize(
        "half_settled",
        [
            "status = 'approved'",
            "status = 'rejected', via = 'human'",
            "status = 'approved', via = 'human', decision = '{}', settled_at = submitted_at",
            "via = 'human'",
            "decision = '{}'",
            "next_due_at = NULL",
            "status = 'done'",
            "status = ''",
            "risk_score = 1.1",
            "risk_score = -0.1",
        ],
    )
    def test_cannot_be_settled_by_half(self, submit, half_settled):
        submit()

        with pytest.raises(IntegrityError):
            execute(f"UPDATE approvals_approvalrequest SET {half_settled}")

        assert ApprovalRequest.objects.get().status == "pending"


class TestAGrant:
    def test_cannot_be_used_again_by_sql(self, approved, at):
        grants.consume(approved.pk, digest=approved.digest, at=at)

        for again in ("NULL", "'2030-01-01 00:00:00+00:00'"):
            with pytest.raises(DatabaseError, match="used once"):
                execute(f"UPDATE approvals_grant SET consumed_at = {again}")

        assert Grant.objects.get().consumed_at == at

    def test_can_be_used_the_first_time(self, approved, at):
        grants.consume(approved.pk, digest=approved.digest, at=at)

        assert Grant.objects.get().consumed_at == at

    def test_is_one_for_an_approval(self, approved, at):
        grant = Grant.objects.get()

        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.create(
                approval=approved,
                jti="other",
                kid="k",
                digest="d",
                token="t",
                issued_at=at,
                expires_at=grant.expires_at,
            )


def test_nobody_votes_twice_on_one_revision_even_by_sql(submit, decide, payments, ada):
    payments.quorum = {"team_member": 2}
    payments.save()
    approval = submit()
    decide(approval, ada, "approve")
    vote = Decision.objects.get()
    vote.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            approval=approval,
            reviewer=ada,
            verdict="reject",
            revision=1,
            digest="d",
            tier="executive",
            decided_at=vote.decided_at,
        )


class TestBytes:
    @pytest.mark.parametrize("change", ["body = '{}'", "digest = 'sha256:forged'", "number = 7"])
    def test_of_a_revision_never_change(self, approved, change):
        with pytest.raises(DatabaseError, match="never change"):
            execute(f"UPDATE approvals_revision SET {change}")

    @pytest.mark.parametrize("change", ["digest = 'sha256:forged'", "token = 'x'", "jti = 'x'"])
    def test_of_a_permission_are_not_rewritten(self, approved, change):
        with pytest.raises(DatabaseError, match="not rewritten"):
            execute(f"UPDATE approvals_grant SET {change}")

    def test_of_a_permission_are_not_deleted(self, approved):
        with pytest.raises(DatabaseError, match="not deleted"):
            execute("DELETE FROM approvals_grant")
