import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from approvals.outbound.signing import new_secret, sign

# The vector that the Standard Webhooks libraries share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def secret_of(number_of_bytes: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * number_of_bytes).decode()


class TestSign:
    def test_agrees_with_the_official_vector(self):
        assert sign([SECRET], message_id=MESSAGE_ID, at=AT, body=BODY) == {
            "webhook-id": MESSAGE_ID,
            "webhook-timestamp": "1614265330",
            "webhook-signature": SIGNATURE,
        }

    def test_signs_the_instant_in_whatever_zone_it_is_told(self):
        elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

        headers = sign([SECRET], message_id=MESSAGE_ID, at=elsewhere, body=BODY)

        assert headers["webhook-timestamp"] == "1614265330"
        assert headers["webhook-signature"] == SIGNATURE

    def test_drops_the_fraction_of_a_second_from_header_and_signature_alike(self):
        late = AT + timedelta(milliseconds=999)

        headers = sign([SECRET], message_id=MESSAGE_ID, at=late, body=BODY)

        assert headers["webhook-signature"] == SIGNATURE

    def test_lets_the_holder_of_either_secret_verify_during_a_rotation(self):
        old, new = new_secret(), new_secret()
        body = '{"name": "Zoë"}'.encode()

        headers = sign([new, old], message_id="msg_1", at=AT, body=body)

        assert len(headers["webhook-signature"].split(" ")) == 2
        with time_machine.travel(AT, tick=False):
            assert Webhook(old).verify(body, headers) == {"name": "Zoë"}
            assert Webhook(new).verify(body, headers) == {"name": "Zoë"}
            with pytest.raises(WebhookVerificationError):
                Webhook(new_secret()).verify(body, headers)
            with pytest.raises(WebhookVerificationError):
                Webhook(old).verify(body.replace(b": ", b":"), headers)

    @pytest.mark.parametrize(
        "secrets",
        [
            [],
            [""],
            ["whsec_"],
            ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            ["whsec_not base64 at all, really not!!"],
            [SECRET.replace("Q9", "Q!9")],
            [secret_of(23)],
            [secret_of(65)],
            [SECRET, "whsec_"],
        ],
    )
    def test_refuses_what_is_no_secret_without_repeating_it(self, secrets):
        with pytest.raises(ValueError, match="secret") as raised:
            sign(secrets, message_id=MESSAGE_ID, at=AT, body=BODY)

        assert not any(secret in str(raised.value) for secret in secrets if len(secret) > 10)

    @pytest.mark.parametrize(
        "message_id", ["", "msg.1614265330", "msg 1", "msg\r\nx: y", "m" * 256]
    )
    def test_refuses_ids_that_could_be_read_in_two_ways(self, message_id):
        with pytest.raises(ValueError, match="webhook id"):
            sign([SECRET], message_id=message_id, at=AT, body=BODY)

    def test_refuses_an_instant_without_a_zone(self):
        with pytest.raises(ValueError, match="time zone"):
            sign([SECRET], message_id=MESSAGE_ID, at=AT.replace(tzinfo=None), body=BODY)


class TestNewSecret:
    def test_is_fresh_and_long_enough(self):
        first, second = new_secret(), new_secret()

        assert first != second
        assert first.startswith("whsec_")
        assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
