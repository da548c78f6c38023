import json
import runpy
from datetime import datetime, timedelta, timezone

import pytest
from fakes import VECTORS

from placet import ActionMismatch, GrantInvalid, _grants, verify_grant

TITLES = [
    vector["title"]
    for vector in json.loads((VECTORS / "grants.json").read_text(encoding="utf-8"))["vectors"]
]


def instant(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


@pytest.fixture
def verify(grant_vectors):
    def run(vector, **changes):
        given = {
            "token": vector["token"],
            "keys": vector.get("keys", grant_vectors["keys"]),
            "audience": vector["audience"],
            "action": vector["action"],
            "arguments": vector["arguments"],
            "steps": vector["steps"],
            "issuer": vector["issuer"],
            "now": instant(vector["now"]),
            **changes,
        }
        return verify_grant(given.pop("token"), **given)

    return run


@pytest.fixture
def vector(grant_vectors):
    def named(title):
        (found,) = (v for v in grant_vectors["vectors"] if v["title"] == title)
        return found

    return named


@pytest.fixture
def good(vector):
    return vector("a grant for one action")


class TestTheSharedVectors:
    @pytest.mark.parametrize("title", TITLES)
    def test_come_out_as_they_must(self, vector, verify, title):
        case = vector(title)

        if case["expect"]["code"] is None:
            assert verify(case).jti == "d0b3a2f6c1e84a5e9c7b6d5e4f3a2b1c"
            return
        with pytest.raises(GrantInvalid) as refused:
            verify(case)
        assert refused.value.code == case["expect"]["code"]
        assert refused.value.status == 401

    def test_are_refused_before_any_claim_is_read(self, grant_vectors, verify, monkeypatch):
        def read(payload):
            raise AssertionError("the claims were read")

        monkeypatch.setattr(_grants, "_claims", read)
        early = [v for v in grant_vectors["vectors"] if v["expect"].get("before_claims")]

        for case in early:
            with pytest.raises(GrantInvalid):
                verify(case)

        assert len(early) > 40

    def test_are_what_their_script_writes(self, grant_vectors):
        script = runpy.run_path(str(VECTORS / "make_grants.py"))

        assert script["grants"]() == grant_vectors


class TestAGoodGrant:
    def test_tells_its_claims(self, good, verify):
        claims = verify(good)

        assert claims.iss == "https://approvals.example"
        assert (claims.sub, claims.rev) == ("7f3c1f0e-8f0b-4b53-9d59-0d8a6d1c5a11", 2)
        assert (claims.aud, claims.via) == ("robin", "human")
        assert (claims.by, claims.pol) == (("reviewer:1",), "refunds@4")
        assert claims.iat == claims.nbf == instant(good["now"])
        assert claims.exp - claims.nbf == timedelta(minutes=5)

    def test_flipped_in_any_one_bit_is_none(self, good, verify):
        token = good["token"]

        for position in range(len(token)):
            for bit in range(7):
                flipped = chr(ord(token[position]) ^ (1 << bit))
                with pytest.raises(GrantInvalid):
                    verify(good, token=token[:position] + flipped + token[position + 1 :])

    def test_is_good_for_as_long_as_the_leeway_allows(self, good, verify):
        last = instant(good["now"] + 300)

        verify(good, now=last - timedelta(seconds=1), leeway=timedelta(0))
        with pytest.raises(GrantInvalid, match="expired"):
            verify(good, now=last, leeway=timedelta(0))

    def test_has_expired_by_the_clock_of_the_host(self, good, verify):
        with pytest.raises(GrantInvalid, match="expired"):
            verify(good, now=None)

    def test_needs_an_aware_time(self, good, verify):
        with pytest.raises(ValueError, match="aware"):
            verify(good, now=datetime(2026, 1, 1))


class TestAnActionThatCannotHaveBeenApproved:
    @pytest.mark.parametrize("amount", [float("nan"), 2**53 + 1, {1}, "\ud800"])
    def test_is_a_mismatch(self, good, verify, amount):
        with pytest.raises(ActionMismatch, match="cannot have been approved"):
            verify(good, arguments={"order": "4711", "amount": amount})


@pytest.mark.parametrize("token", [None, 7, b"a.b.c", "x" * 20_000, "e30.e30.e30", "..", "[[[.a.b"])
def test_what_is_not_a_token_is_refused(good, verify, token):
    with pytest.raises(GrantInvalid):
        verify(good, token=token)
