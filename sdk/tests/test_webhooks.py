import json
import runpy
from datetime import datetime, timedelta, timezone

import pytest
from fakes import VECTORS

from placet import WebhookInvalid, verify_webhook

TITLES = [
    vector["title"]
    for vector in json.loads((VECTORS / "webhooks.json").read_text(encoding="utf-8"))["vectors"]
]


def instant(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


@pytest.fixture
def vector(webhook_vectors):
    def named(title):
        (found,) = (v for v in webhook_vectors["vectors"] if v["title"] == title)
        return found

    return named


@pytest.fixture
def good(vector):
    return vector("a signed event")


def verify(vector, **changes):
    body = changes.pop("body", vector["body"].encode())
    given = {"headers": vector["headers"], "secret": vector["secrets"], **changes}
    return verify_webhook(body, now=instant(vector["now"]), **given)


class TestTheSharedVectors:
    @pytest.mark.parametrize("title", TITLES)
    def test_come_out_as_they_must(self, vector, title):
        case = vector(title)

        if case["expect"]["code"] is None:
            assert verify(case) == json.loads(case["body"])
            return
        with pytest.raises(WebhookInvalid) as refused:
            verify(case)
        assert refused.value.code == case["expect"]["code"]
        assert refused.value.status == 401

    def test_are_what_their_script_writes(self, webhook_vectors):
        script = runpy.run_path(str(VECTORS / "make_webhooks.py"))

        assert script["webhooks"]() == webhook_vectors


class TestABodyThatWasReadBefore:
    def test_is_refused_with_the_advice_to_verify_the_raw_bytes(self, good):
        rewritten = json.dumps(json.loads(good["body"])).encode()

        with pytest.raises(WebhookInvalid, match="Verify the raw bytes of the body"):
            verify(good, body=rewritten)

    @pytest.mark.parametrize("read", [str, json.loads])
    def test_is_a_type_error_when_it_is_not_even_bytes(self, good, read):
        with pytest.raises(TypeError, match="Verify the raw bytes of the body"):
            verify(good, body=read(good["body"]))


class TestTheSecret:
    def test_must_be_there(self, good):
        with pytest.raises(WebhookInvalid, match="no secret"):
            verify(good, secret=[])

    def test_may_be_given_alone(self, good):
        assert verify(good, secret=good["secrets"][0])["seq"] == 3

    def test_is_never_shown(self, good):
        with pytest.raises(WebhookInvalid) as refused:
            verify(good, secret="whsec_tellNobody==*")

        assert "tellNobody" not in str(refused.value)


class TestTheAge:
    def test_may_be_limited_more_narrowly(self, good):
        later = instant(good["now"] + 61)
        body = good["body"].encode()

        with pytest.raises(WebhookInvalid, match="too old"):
            verify_webhook(
                body, good["headers"], good["secrets"], now=later, tolerance=timedelta(minutes=1)
            )

    def test_is_measured_by_the_clock_of_the_host(self, good):
        with pytest.raises(WebhookInvalid, match="too old"):
            verify_webhook(good["body"].encode(), good["headers"], good["secrets"])

    def test_needs_an_aware_time(self, good):
        with pytest.raises(ValueError, match="aware"):
            verify_webhook(
                good["body"].encode(), good["headers"], good["secrets"], now=datetime(2026, 1, 1)
            )


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["é", "\udcff", "١٢٣", "\x00"])
def test_a_hostile_header_is_refused(good, name, value):
    with pytest.raises(WebhookInvalid):
        verify(good, headers={**good["headers"], name: value})
