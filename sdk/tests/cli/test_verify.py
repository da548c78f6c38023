import io
import json
from datetime import datetime

import pytest

from placet.cli.main import main


class TestVerifyWebhook:
    @pytest.fixture
    def verify(self, webhook_vectors, monkeypatch, tmp_path):
        good = signed_event(webhook_vectors)
        monkeypatch.setenv("PLACET_WEBHOOK_SECRET", " ".join(good["secrets"]))
        file = tmp_path / "body"

        def run(**changes):
            headers = {**good["headers"], **changes}
            file.write_bytes(good["body"].encode())
            return main(
                ["verify-webhook", str(file)]
                + [f"--{name}={headers[f'webhook-{name}']}" for name in HEADERS]
            )

        return run

    def test_believes_nothing_old(self, verify, capsys):
        assert verify() == 1
        assert "too old" in capsys.readouterr().err

    def test_believes_nothing_unsigned(self, verify, capsys):
        assert verify(**{"webhook-id": "another"}) == 1
        assert "No signature matches" in capsys.readouterr().err

    def test_prints_what_it_believes(self, verify, webhook_vectors, capsys, monkeypatch):
        at = signed_event(webhook_vectors)["now"]
        monkeypatch.setattr("placet._webhooks.datetime", frozen(at))

        assert verify() == 0
        assert json.loads(capsys.readouterr().out)["type"] == "approval.settled"


HEADERS = ("id", "timestamp", "signature")


def signed_event(vectors):
    (good,) = (v for v in vectors["vectors"] if v["title"] == "a signed event")
    return good


def frozen(seconds):
    class Frozen(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(seconds, tz)

    return Frozen


class TestVerifyGrant:
    @pytest.fixture
    def verify(self, grant_vectors, tmp_path, monkeypatch):
        good = grant_vectors["vectors"][0]
        monkeypatch.setattr("placet._grants.datetime", frozen(good["now"]))
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps(grant_vectors["keys"]))

        def run(**changes):
            given = {
                "keys": f"@{keys}",
                "audience": good["audience"],
                "action": good["action"],
                "arguments": json.dumps(good["arguments"]),
                **changes,
            }
            options = [f"--{name}={value}" for name, value in given.items()]
            monkeypatch.setattr("sys.stdin", io.StringIO(good["token"] + "\n"))
            return main(["verify-grant", "-", *options])

        return run

    def test_prints_what_a_good_one_says(self, verify, capsys):
        assert verify() == 0
        assert json.loads(capsys.readouterr().out)["aud"] == "robin"

    @pytest.mark.parametrize(
        "changes", [{"audience": "eve"}, {"arguments": '{"amount": 1}'}, {"issuer": "https://x"}]
    )
    def test_refuses_anything_else(self, verify, changes, capsys):
        assert verify(**changes) == 1
        assert capsys.readouterr().out == ""
