import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from approvals import events, signing_keys
from approvals.models import Grant, Installation
from approvals.operations import grants, revising
from approvals.operations.grants import DigestMismatch, GrantConsumed, GrantExpired, NotApproved
from approvals.refusals import Paused
from approvals.rules.canonical import digest
from tests import factories


def part(token, place):
    text = token.split(".")[place]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def approved(submit, decide, ada, now_stands):
    approval = submit(amount=900)
    decide(approval, ada, "approve")
    return now_stands(approval)


class TestIssue:
    def test_signs_what_was_approved_for_this_agent_and_a_while(self, approved, ada, robin, at):
        token = approved.grant.token
        claims = json.loads(part(token, 1))

        assert json.loads(part(token, 0)) == {
            "alg": "EdDSA",
            "kid": signing_keys.kid(),
            "typ": "placet-grant+jwt",
        }
        assert claims["sub"] == str(approved.pk)
        assert claims["act"] == digest({"action": "pay", "arguments": {"amount": 900}})
        assert (claims["aud"], claims["rev"], claims["via"]) == ("robin", 1, "human")
        assert claims["by"] == [ada.ref]
        assert claims["pol"] == "payments@1"
        assert claims["iat"] == claims["nbf"] == int(at.timestamp())
        assert claims["exp"] == int((at + timedelta(days=1)).timestamp())

    def test_can_be_verified_with_the_published_key_alone(self, approved):
        key = signing_keys.jwks()["keys"][0]
        public = Ed25519PublicKey.from_public_bytes(
            base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
        )
        message, _, _ = approved.grant.token.rpartition(".")

        public.verify(part(approved.grant.token, 2), message.encode())

    def test_binds_the_edited_bytes_and_not_the_proposed_ones(
        self, submit, decide, ada, now_stands
    ):
        approval = submit(amount=900)
        decide(approval, ada, "modify", arguments={"amount": 500, "note": "half"})

        stands = now_stands(approval)
        expected = digest({"action": "pay", "arguments": {"amount": 500, "note": "half"}})
        assert stands.grant.digest == json.loads(part(stands.grant.token, 1))["act"] == expected
        assert expected != approval.digest

    def test_says_when_no_person_said_yes(self, publish, submit):
        publish(auto_approve_below=0.3)

        claims = json.loads(part(submit().grant.token, 1))

        assert (claims["via"], claims["by"]) == ("threshold", [])

    def test_yields_none_unless_something_may_run(self, submit, decide, ada, at):
        rejected, cancelled, sent_back = submit(), submit(), submit()
        decide(rejected, ada, "reject")
        revising.cancel(cancelled.pk, reason="", at=at)
        decide(sent_back, ada, "request_changes", feedback="Half.")

        assert Grant.objects.count() == 0

    def test_no_two_are_alike(self, submit, decide, ada):
        for _ in range(3):
            decide(submit(), ada, "approve")

        assert len(set(Grant.objects.values_list("jti", flat=True))) == 3


class TestConsume:
    def test_takes_it_once_and_says_when_to_the_next(self, approved, at, events_of):
        grants.consume(approved.pk, digest=approved.digest, at=at)

        with pytest.raises(GrantConsumed) as refused:
            grants.consume(approved.pk, digest=approved.digest, at=at + timedelta(hours=1))

        assert refused.value.current == {"consumed_at": "2026-11-02T09:30:00.000000Z"}
        assert events_of(approved).count(events.GRANT_CONSUMED) == 1

    def test_refuses_other_bytes_and_keeps_it(self, approved, at):
        with pytest.raises(DigestMismatch) as refused:
            grants.consume(approved.pk, digest="sha256:" + "0" * 64, at=at)

        assert refused.value.current == {"digest": approved.digest}
        grants.consume(approved.pk, digest=approved.digest, at=at)

    def test_refuses_what_was_proposed_when_it_was_edited(self, submit, decide, ada, at):
        approval = submit(amount=900)
        decide(approval, ada, "modify", merge_patch={"amount": 500})

        with pytest.raises(DigestMismatch):
            grants.consume(approval.pk, digest=approval.digest, at=at)

    @pytest.mark.parametrize(("late", "refused"), [(-1, False), (0, True), (1, True)])
    def test_ends_at_its_instant(self, approved, at, late, refused):
        when = approved.grant.expires_at + timedelta(microseconds=late)

        if refused:
            with pytest.raises(GrantExpired):
                grants.consume(approved.pk, digest=approved.digest, at=when)
        else:
            grants.consume(approved.pk, digest=approved.digest, at=when)
        assert (Grant.objects.get().consumed_at is None) == refused

    def test_refuses_what_is_not_approved(self, submit, decide, ada, at):
        waiting, rejected = submit(), submit()
        decide(rejected, ada, "reject")

        for approval in (waiting, rejected):
            with pytest.raises(NotApproved):
                grants.consume(approval.pk, digest=approval.digest, at=at)

    @pytest.mark.parametrize("what", ["agent", "checkpoint", "everything"])
    def test_the_kill_switch_holds_open_grants_back(self, approved, at, what):
        subject = {
            "agent": approved.agent,
            "checkpoint": approved.version.checkpoint,
            "everything": Installation(pk=1),
        }[what]
        subject.paused_at = at
        subject.save()

        with pytest.raises(Paused):
            grants.consume(approved.pk, digest=approved.digest, at=at)

        assert Grant.objects.get().consumed_at is None
        subject.paused_at = None
        subject.save()
        grants.consume(approved.pk, digest=approved.digest, at=at)

    def test_another_agent_s_pause_does_not_matter(self, approved, at):
        factories.AgentFactory(paused_at=at)

        grants.consume(approved.pk, digest=approved.digest, at=at)
