"""Theme and density, and how somebody wants to be told."""

from datetime import date, time

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.models import Notice, NotificationPreference


@pytest.fixture
def choose(client, ada):
    """`choose(theme="dark")`, as Ada."""
    client.force_login(ada.user)
    return lambda **choice: client.post(reverse("preferences"), choice)


class TestPreferences:
    def test_are_kept_and_lead_back(self, choose, ada, client):
        response = choose(theme="dark", next="/history/?status=approved")

        ada.refresh_from_db()
        assert (ada.theme, ada.density) == ("dark", "comfortable")
        assert response["Location"] == "/history/?status=approved"
        assert b'data-theme="dark"' in client.get("/history/").content

    def test_are_chosen_one_by_one(self, choose, ada):
        choose(theme="contrast")
        choose(density="compact")

        ada.refresh_from_db()
        assert (ada.theme, ada.density) == ("contrast", "compact")

    @pytest.mark.parametrize(
        "elsewhere",
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""],
    )
    def test_never_lead_to_another_site(self, choose, elsewhere):
        assert choose(theme="dark", next=elsewhere)["Location"] == "/"

    @pytest.mark.parametrize("choice", [{"theme": "neon"}, {"density": "dense"}])
    def test_that_do_not_exist_change_nothing(self, choose, ada, choice):
        assert choose(**choice).status_code == 422

        ada.refresh_from_db()
        assert (ada.theme, ada.density) == ("system", "comfortable")

    def test_are_not_chosen_by_looking(self, choose, client, ada):
        choose()

        assert client.get(reverse("preferences"), {"theme": "dark"}).status_code == 200

        ada.refresh_from_db()
        assert ada.theme == "system"

    def test_need_somebody_signed_in(self, client, db):
        response = client.post(reverse("preferences"), {"theme": "dark"})

        assert response["Location"].startswith(reverse("sign_in"))


HOOK = "https://chat.example.com/hooks/ada"


@pytest.fixture
def say(client, ada):
    """`say(quiet_from="22:00", …)`: Ada keeps how she wants to be told."""
    client.force_login(ada.user)

    def act(**said):
        usual = {"by_email": "on", "digest_low": "on", "digest_at": "09:00"}
        return client.post(reverse("preferences_notices"), usual | said)

    return act


def errors(response):
    return {name: words for name, (words, *_) in response.context["form"].errors.items()}


class TestHowSomebodyIsTold:
    def test_is_shown_with_their_clock(self, client, ada):
        ada.time_zone = "Europe/Berlin"
        ada.working_hours = {day: ["09:00", "17:00"] for day in ("mon", "tue", "thu")}
        ada.working_hours["fri"] = ["09:00", "12:00"]
        ada.save()
        client.force_login(ada.user)

        page = client.get(reverse("preferences")).content.decode()

        assert "Europe/Berlin" in page
        assert "You work Mon to Tue 09:00 to 17:00, Thu 09:00 to 17:00, Fri 09:00 to 12:00;" in page
        assert "ada@example.com" in page

    def test_is_kept(self, say, ada):
        response = say(chat_url=HOOK, quiet_from="22:00", quiet_until="07:00", by_email="")

        kept = NotificationPreference.objects.get(reviewer=ada)
        assert response["Location"] == reverse("preferences")
        assert (kept.chat_url, kept.by_email, kept.digest_low) == (HOOK, False, True)
        assert (kept.quiet_from, kept.quiet_until) == (time(22), time(7))

    def test_does_not_bring_yesterday_s_digest_back(self, say, ada):
        today = date(2026, 11, 2)
        NotificationPreference.objects.create(reviewer=ada, digest_sent_on=today)

        say(digest_at="10:00")

        assert NotificationPreference.objects.get().digest_sent_on == today

    @pytest.mark.parametrize(
        ("said", "field", "words"),
        [
            ({"chat_url": "http://chat.example.com/"}, "chat_url", "begins with https://"),
            ({"chat_url": "https://127.0.0.1/"}, "chat_url", "private or reserved"),
            ({"chat_url": "https://a.example/" + "x" * 2000}, "chat_url", "2000"),
            ({"quiet_from": "22:00"}, "quiet_until", "both ends"),
            ({"quiet_until": "07:00"}, "quiet_from", "both ends"),
            ({"quiet_from": "7:00", "quiet_until": "07:00"}, "quiet_until", "another time"),
            ({"quiet_from": "25:00", "quiet_until": "07:00"}, "quiet_from", "22:00"),
            ({"digest_at": ""}, "digest_at", "required"),
        ],
    )
    def test_is_refused_beside_the_field_at_fault(self, say, said, field, words):
        response = say(**said)

        assert response.status_code == 422
        assert list(errors(response)) == [field]
        assert words in errors(response)[field]
        assert f'id="id_{field}_error"' in response.content.decode()
        assert not NotificationPreference.objects.exists()

    def test_shows_what_became_of_the_last_messages(self, client, ada):
        at = timezone.now()
        Notice.objects.create(
            kind="test", channel="email", reviewer=ada, recipient="ada@example.com",
            subject="A test message", state="failed", error="The mail server answered 550.",
            due_at=at, created_at=at,
        )  # fmt: skip
        client.force_login(ada.user)

        page = client.get(reverse("preferences")).content.decode()

        assert "The mail server answered 550." in page

    def test_shows_nobody_else_s(self, client, ada, ben):
        at = timezone.now()
        Notice.objects.create(
            kind="test", channel="email", reviewer=ben, recipient="ben@example.com",
            subject="For Ben", due_at=at, created_at=at,
        )  # fmt: skip
        client.force_login(ada.user)

        assert "For Ben" not in client.get(reverse("preferences")).content.decode()


class TestATestMessage:
    @pytest.fixture
    def ask(self, client, ada):
        client.force_login(ada.user)
        return lambda: client.post(reverse("preferences_test"), follow=True).content.decode()

    def test_is_owed_once_a_minute(self, ask, settings):
        settings.EMAIL_URL = "smtp://mail.example.com"

        assert "A test is on its way" in ask()
        assert "give it a minute" in ask()
        assert Notice.objects.get().kind == "test"

    def test_says_that_there_is_no_way(self, ask):
        assert "There is no way to reach you" in ask()
        assert not Notice.objects.exists()

    def test_is_not_sent_by_looking(self, client, ask):
        assert client.get(reverse("preferences_test")).status_code == 405
