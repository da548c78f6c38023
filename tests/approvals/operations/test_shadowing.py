import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ApprovalRequest, CheckpointVersion, ShadowVerdict
from approvals.operations import _preparing, submission
from approvals.rules.lifecycle import Via
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}


@pytest.fixture
def shadow(payments):
    """`shadow(auto_approve_below=…)`: another version, beside the live one."""

    def act(**fields):
        return factories.VersionFactory(
            checkpoint=payments.checkpoint,
            number=payments.checkpoint.versions.count() + 1,
            state=CheckpointVersion.State.SHADOW,
            **fields,
        )

    return act


def test_each_says_what_it_would_have_done_and_decides_nothing(shadow, submit):
    lax, strict = shadow(auto_approve_below=0.5), shadow(tiers={"director": 0.0})

    approval = submit(amount=10)

    said = {verdict.version_id: verdict for verdict in approval.shadow_verdicts.all()}
    assert (approval.is_pending, approval.required_tier) == (True, "team_member")
    assert said[lax.pk].would_have == Via.THRESHOLD
    assert (said[strict.pk].would_have, said[strict.pk].required_tier) == ("", "director")


def test_a_template_within_its_limits_counts_as_it_would_have(shadow, payments, submit, publish):
    publish(never_auto="true")
    shadow(never_auto="")
    factories.TemplateFactory(checkpoint=payments.checkpoint)

    approval = submit(amount=10)

    assert approval.is_pending
    assert approval.shadow_verdicts.get().would_have == Via.TEMPLATE


def test_what_would_lack_context_would_not_have_passed(shadow, submit):
    shadow(auto_approve_below=1.0, required_context=["/rationale"])

    assert submit(amount=10).shadow_verdicts.get().would_have == ""


def test_an_expression_that_fails_sends_it_to_a_person(shadow, submit):
    shadow(auto_approve_below=1.0, trigger="args.nothing > 5")

    assert submit(amount=10).shadow_verdicts.get().would_have == ""


@pytest.mark.parametrize(
    "broken", [{"risk_rules": [{"nonsense": 1}]}, {"tiers": {"emperor": 0.0}}, {"quorum": []}]
)
def test_one_that_cannot_be_read_at_all_says_nothing_and_holds_up_nobody(shadow, submit, broken):
    shadow(**broken)

    approval = submit(amount=10)

    assert approval.is_pending
    assert not approval.shadow_verdicts.exists()


def test_a_whole_turn_gets_its_verdicts(shadow, robin, payments, at):
    shadow(auto_approve_below=0.5)

    submission.submit_group(robin, "turn", [BODY, BODY], at=at)

    assert ShadowVerdict.objects.count() == 2


def test_is_written_with_the_request_or_not_at_all(shadow, submit, monkeypatch):
    shadow(auto_approve_below=0.5)

    def fail(*_, **__):
        raise RuntimeError("after the verdicts")

    monkeypatch.setattr(submission, "_let_pass", fail)
    with pytest.raises(RuntimeError, match="after the verdicts"):
        submit(amount=10)

    assert not ShadowVerdict.objects.exists()
    assert not ApprovalRequest.objects.exists()


def test_costs_no_query_where_there_is_none_and_one_where_there_is(shadow, robin, payments, at):
    def count():
        with CaptureQueriesContext(connection) as asked:
            submission.submit(robin, BODY, at=at)
        return len(asked)

    count()
    without = count()
    shadow(auto_approve_below=0.5)

    assert count() == without + 1


def test_asking_what_would_happen_asks_no_shadow(shadow, robin, at, monkeypatch):
    shadow()
    monkeypatch.setattr(_preparing, "under", None)

    assert submission.evaluate(robin, BODY, at=at).shadows


def test_publishing_one_names_its_publisher_in_the_terms(shadow, submit, ada):
    version = shadow(excludes_publisher=True)
    submit(amount=10)
    CheckpointVersion.objects.exclude(pk=version.pk).update(state="retired")
    version.state, version.published_by = "live", ada.user
    version.save()

    assert submit(amount=10).terms.publisher == str(ada.user.pk)
