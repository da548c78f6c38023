import httpx2
import pytest
from fakes import ID

import placet

SECOND_ORDER = {"order": "4711", "amount": 90, "note": "Zo\u00eb"}


@pytest.fixture
def permitted(client, server, approved, grant_vectors):
    """An approval with a grant, of the shared vectors' first action."""
    server.then(
        approved(decision={"arguments": SECOND_ORDER}, grant=grant_vectors["vectors"][0]["token"])
    )
    approval = client.get(ID)
    server.requests.clear()
    return approval


class TestConsume:
    def test_sends_the_digest_of_what_is_about_to_run(
        self, client, server, permitted, grant_vectors
    ):
        server.then({"consumed_at": "2026-01-01T12:00:00Z"})

        answer = client.consume(permitted)

        assert answer["consumed_at"] == "2026-01-01T12:00:00Z"
        assert server.last.url.path == f"/api/v1/approvals/{ID}/consume/"
        assert server.sent == {"digest": grant_vectors["canonical"][0]["act"]}

    def test_sends_the_digest_also_where_there_is_no_grant(self, client, server, approved):
        server.then(approved(), {})
        approval = client.get(ID)

        client.consume(approval)

        assert server.sent == {"digest": approval.final_digest()}

    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(204),
            httpx2.Response(200, json={"message": "We are down for maintenance"}),
            httpx2.Response(202, json={}),
            httpx2.Response(200, json={"id": ID, "digest": "sha256:0", "consumed_at": "now"}),
            httpx2.Response(200, json={"id": "another", "consumed_at": "now"}),
        ],
    )
    def test_takes_no_other_answer_for_the_permission(self, client, server, permitted, answer):
        server.then(answer)

        with pytest.raises(placet.UnexpectedAnswer):
            client.consume(permitted)

    def test_refuses_what_the_grant_is_not_for(self, client, server, permitted):
        permitted.arguments["amount"] = 91

        with pytest.raises(placet.DigestMismatch):
            client.consume(permitted)

        assert server.requests == []

    def test_refuses_a_grant_it_cannot_read(self, client, server, approved):
        server.then(approved(grant="not.a.grant"))
        approval = client.get(ID)

        with pytest.raises(placet.GrantInvalid):
            client.consume(approval)

        assert len(server.requests) == 1

    def test_refuses_without_permission(self, client, server, body):
        server.then(body(status="rejected"))
        approval = client.get(ID)

        with pytest.raises(placet.NotApproved):
            client.consume(approval)

        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("code", "kind"),
        [("grant_consumed", placet.GrantConsumed), ("digest_mismatch", placet.DigestMismatch)],
    )
    def test_raises_what_the_server_refuses(self, client, server, permitted, refusal, code, kind):
        server.then(refusal(409, code, current={"consumed_at": "2026-01-01T11:00:00Z"}))

        with pytest.raises(kind) as refused:
            client.consume(permitted)

        assert refused.value.current == {"consumed_at": "2026-01-01T11:00:00Z"}


class TestCallsThatMustHappenOnce:
    @pytest.fixture(params=["consume", "report", "revise", "cancel"])
    def call(self, request, client, permitted):
        return {
            "consume": lambda: client.consume(permitted),
            "report": lambda: client.report(permitted, "succeeded"),
            "revise": lambda: client.revise(permitted, {"amount": 1}),
            "cancel": lambda: client.cancel(permitted),
        }[request.param]

    @pytest.mark.parametrize("loss", [httpx2.ReadError, httpx2.ReadTimeout, httpx2.WriteError])
    def test_are_not_repeated_when_the_answer_is_lost(self, server, call, loss):
        server.then(loss("gone"))

        with pytest.raises(placet.AnswerLost, match="may have taken effect"):
            call()

        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_are_not_repeated_when_they_may_have_been_done(self, server, call, refusal, status):
        server.then(refusal(status, "oops"))

        with pytest.raises(placet.ServerFailed):
            call()

        assert len(server.requests) == 1

    @pytest.mark.parametrize("never", [httpx2.ConnectError, httpx2.ConnectTimeout])
    def test_are_repeated_when_they_never_arrived(self, server, call, body, never):
        server.then(never("refused"), body())

        call()

        assert len(server.requests) == 2

    @pytest.mark.parametrize("status", [429, 503])
    def test_are_repeated_when_they_were_turned_away(self, server, call, body, refusal, status):
        server.then(refusal(status, "later", headers={"Retry-After": "1"}), body())

        call()

        assert len(server.requests) == 2
