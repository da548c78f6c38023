"""Theme and density."""

import pytest
from django.urls import reverse


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

    def test_are_not_chosen_by_looking(self, choose, client):
        choose()

        assert client.get(reverse("preferences"), {"theme": "dark"}).status_code == 405

    def test_need_somebody_signed_in(self, client, db):
        response = client.post(reverse("preferences"), {"theme": "dark"})

        assert response["Location"].startswith(reverse("sign_in"))
