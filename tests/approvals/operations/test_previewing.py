"""What an edit would come to: the same as what `decide` then makes of it."""

import pytest

from approvals.models import ApprovalRequest, Reviewer, Revision
from approvals.operations import previewing
from approvals.operations._editing import InvalidEdit
from approvals.rules import effect
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import StepStatus, Verdict
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def preview(at):
    def act(approval, reviewer, **said):
        approval = ApprovalRequest.objects.select_related(
            "agent", "version__checkpoint", "version__team"
        ).get(pk=approval.pk)
        return previewing.preview(
            approval,
            Ruling(Verdict.MODIFY, approval.revision, approval.digest, **said),
            current=Revision.objects.get(approval=approval, number=approval.revision),
            reviewer=Reviewer.objects.with_standing().get(pk=reviewer.pk),
            at=at,
        )

    return act


class TestPreview:
    @pytest.mark.parametrize("amount", [5, 2_000, 20_000])
    def test_foretells_the_bytes_the_risk_and_the_tier(self, preview, submit, decide, ada, amount):
        approval = submit(amount=10)

        foretold = preview(approval, ada, arguments={"amount": amount})

        decide(approval, ada, "modify", arguments={"amount": amount})
        approval.refresh_from_db()
        assert foretold.proposed.digest == approval.digest
        assert foretold.risk.score == approval.risk_score
        assert foretold.tier == approval.required_tier
        assert effect.sentence(foretold.effect) == approval.effect

    def test_writes_nothing(self, preview, submit, ada):
        approval = submit(amount=10)
        before = ApprovalRequest.objects.filter(pk=approval.pk).values().get()

        preview(approval, ada, arguments={"amount": 20_000})

        assert ApprovalRequest.objects.filter(pk=approval.pk).values().get() == before

    def test_says_when_nothing_changes(self, preview, submit, ada):
        assert not preview(submit(amount=10), ada, arguments={"amount": 10}).changes_something

    def test_never_foretells_less_authority_than_was_asked_for(self, preview, submit, decide, ada):
        approval = submit(amount=20_000)

        assert preview(approval, ada, arguments={"amount": 1}).tier == "director"

    def test_says_who_could_not_complete_it(self, preview, submit, ben):
        foretold = preview(submit(amount=10), ben, arguments={"amount": 20_000})

        assert foretold.objection.sentence == "This needs a director; ben is a team member."

    def test_holds_the_edited_amount_against_the_ceiling(self, preview, submit):
        limited = factories.ReviewerFactory(tier="executive", amount_ceiling=100)

        assert preview(submit(amount=10), limited, arguments={"amount": 50}).objection is None
        assert preview(submit(amount=10), limited, arguments={"amount": 500}).objection

    def test_foretells_what_becomes_of_every_step(self, preview, submit, ada):
        steps = [
            {"id": "a", "action": "read"},
            {"id": "b", "action": "write", "depends_on": ["a"]},
            {"id": "c", "action": "tell"},
        ]

        foretold = preview(submit(steps=steps), ada, steps={"a": {"verdict": "reject"}})

        assert foretold.statuses == {
            "a": StepStatus.REJECTED,
            "b": StepStatus.BLOCKED,
            "c": StepStatus.APPROVED,
        }

    def test_refuses_what_the_schema_refuses(self, preview, submit, ada):
        approval = submit(arguments_schema={"properties": {"amount": {"maximum": 50}}})

        with pytest.raises(InvalidEdit):
            preview(approval, ada, arguments={"amount": 99})
