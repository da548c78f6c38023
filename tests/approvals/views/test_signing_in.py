"""The sign-in page, signing out, and the stream that a session opens."""

import json

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


class TestTheSignInPage:
    def test_offers_no_account_to_strangers(self):
        page = Client().get(reverse("sign_in")).text

        assert "sign up" not in page.lower()
        assert "Accounts are made by an admin." in page

    def test_lets_password_managers_in(self):
        page = Client().get(reverse("sign_in")).text

        assert 'autocomplete="username"' in page
        assert 'autocomplete="current-password"' in page

    def test_leads_to_where_somebody_was_going(self, ada):
        target = "/?view=team"
        client = Client()
        page = client.get(reverse("sign_in"), {"next": target}).text
        assert f'name="next" value="{target}"' in page

        response = client.post(
            reverse("sign_in"), {"login": "ada", "password": PASSWORD, "next": target}
        )

        assert response.url == target

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
    def test_leads_nowhere_else(self, ada, target):
        response = Client().post(
            reverse("sign_in"), {"login": "ada", "password": PASSWORD, "next": target}
        )

        assert response.url == reverse("queue")

    def test_says_the_same_of_a_wrong_password_and_an_unknown_name(self, ada):
        def wrong(name):
            response = Client().post(reverse("sign_in"), {"login": name, "password": "wrong"})
            assert response.status_code == 200
            start = response.text.index('class="field-error"')
            return response.text[start : response.text.index("</p>", start)]

        assert wrong("ada") == wrong("nobody")

    def test_runs_under_the_strict_policy(self):
        response = Client().get(reverse("sign_in"))

        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert " style=" not in response.text
        assert "<script>" not in response.text


class TestSigningOut:
    def test_is_a_post(self, ada_at):
        assert ada_at.get(reverse("sign_out")).status_code == 200
        assert ada_at.get(reverse("queue")).status_code == 200

        ada_at.post(reverse("sign_out"))

        assert ada_at.get(reverse("queue")).status_code == 302


class TestTheStream:
    def test_is_granted_to_a_session(self, ada, ada_at):
        response = ada_at.get(reverse("live"))

        assert response.status_code == 200
        assert response.content == b""
        assert json.loads(response["X-Placet-Stream"]) == {
            "topics": ["approval:*"],
            "holder": f"user:{ada.user.pk}",
            "limit": 20,
        }


class TestErrorPages:
    def test_stand_in_the_frame(self, ada_at):
        response = ada_at.get("/nowhere/")

        assert response.status_code == 404
        assert "There is nothing here" in response.text
        assert response["X-Request-Id"] in response.text
