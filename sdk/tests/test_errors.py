import re

import httpx2
import pytest

import placet
from placet import _errors


def drawn_tree():
    """(name, name of its base) for each line of the tree in the module's docstring."""
    above: list[str] = []
    for line in _errors.__doc__.splitlines():
        drawn = re.match(r"([│├└─ ]*)([A-Z]\w+)", line)
        if drawn and (drawn[1] or drawn[2] == "PlacetError"):
            del above[len(drawn[1]) // 4 :]
            yield drawn[2], above[-1] if above else "Exception"
            above.append(drawn[2])


class TestTheTree:
    def test_shows_every_error_under_its_base(self):
        real = {
            name: error.__base__.__name__
            for name, error in vars(_errors).items()
            if isinstance(error, type) and issubclass(error, Exception)
        }

        assert dict(drawn_tree()) == real


class TestRefusedCalls:
    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "malformed_json", placet.InvalidRequest),
            (401, "unauthorized", placet.NotAuthenticated),
            (403, "not_eligible", placet.NotAllowed),
            (404, "not_found", placet.NotFound),
            (409, "already_settled", placet.AlreadySettled),
            (409, "expired", placet.AlreadySettled),
            (409, "stale_revision", placet.StaleRevision),
            (409, "grant_consumed", placet.GrantConsumed),
            (409, "digest_mismatch", placet.DigestMismatch),
            (409, "some_new_code", placet.Conflict),
            (413, "too_large", placet.InvalidRequest),
            (415, "malformed_json", placet.InvalidRequest),
            (422, "missing_context", placet.InvalidRequest),
            (422, "idempotency_key_reused", placet.IdempotencyKeyReused),
            (418, "teapot", placet.Refused),
        ],
    )
    def test_raise_the_error_of_their_code(self, client, server, refusal, status, code, kind):
        server.then(refusal(status, code))

        with pytest.raises(placet.Refused) as refused:
            client.get("some-id")

        error = refused.value
        assert type(error) is kind
        assert (error.code, error.detail, error.status) == (code, "Because.", status)
        assert error.request_id == "req-1"
        assert len(server.requests) == 1

    def test_tell_what_is_wrong_field_by_field(self, client, server, refusal):
        missing = {"pointer": "/context/rationale", "code": "missing_context", "detail": "needed"}
        server.then(refusal(422, "missing_context", errors=[missing]))

        with pytest.raises(placet.InvalidRequest) as refused:
            client.submit("refund", checkpoint="refunds")

        assert refused.value.errors == [missing]
        assert "/context/rationale: needed" in str(refused.value)
        assert "request_id=req-1" in str(refused.value)

    def test_carry_the_current_state_of_a_conflict(self, client, server, refusal):
        server.then(refusal(409, "already_settled", current={"status": "rejected"}))

        with pytest.raises(placet.Conflict) as refused:
            client.cancel("some-id")

        assert refused.value.current == {"status": "rejected"}

    @pytest.mark.parametrize("page", [b"<h1>No</h1>", b"", b'"text"', b"[" * 100_000])
    def test_by_something_in_between_are_refusals_too(self, client, server, page):
        server.then(httpx2.Response(403, content=page, headers={"X-Request-ID": "proxy-7"}))

        with pytest.raises(placet.NotAllowed) as refused:
            client.get("some-id")

        assert refused.value.detail == "The server said 403."
        assert refused.value.code == "not_allowed"
        assert refused.value.request_id == "proxy-7"


class TestAnswersOutsideTheContract:
    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(301, headers={"Location": "https://elsewhere.example/"}),
            httpx2.Response(200, content=b"<h1>Welcome</h1>"),
            httpx2.Response(200, json=["not an approval"]),
            httpx2.Response(200, json={"id": "x"}),
            httpx2.Response(204),
        ],
    )
    def test_are_not_taken_for_an_approval(self, client, server, answer):
        server.then(answer)

        with pytest.raises(placet.UnexpectedAnswer):
            client.get("some-id")

    def test_a_redirect_is_not_followed_with_the_key(self, client, server):
        server.then(httpx2.Response(307, headers={"Location": "https://elsewhere.example/"}))

        with pytest.raises(placet.UnexpectedAnswer, match="URL the right one"):
            client.get("some-id")

        assert [request.url.host for request in server.requests] == ["approvals.example"]
