import stat

import pytest
from django.contrib.auth import authenticate, get_user_model

from approvals.operations.people import WeakPassword
from audit.models import Event
from hitl_site import first_run
from hitl_site.first_run import LinkUsed

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
FORM = {"username": "root", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "var"
    return settings.DATA_DIR


@pytest.fixture
def link():
    return f"/welcome/{first_run.offer()}/"


class TestTheOffer:
    def test_keeps_only_a_digest_that_others_cannot_read(self, data_dir):
        token = first_run.offer()

        (kept,) = data_dir.iterdir()
        assert token not in kept.read_text()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    def test_the_latest_is_the_only_one(self):
        earlier, later = first_run.offer(), first_run.offer()

        assert not first_run.is_open_to(earlier)
        assert first_run.is_open_to(later)

    def test_there_is_none_once_there_is_a_superuser(self, data_dir, django_user_model):
        token = first_run.offer()
        django_user_model.objects.create_superuser("root", password=PASSWORD)

        assert not first_run.is_open_to(token)
        assert first_run.offer() is None
        assert list(data_dir.iterdir()) == []

    def test_works_once(self, at):
        token = first_run.offer()
        first_run.create_admin(token, username="root", password=PASSWORD, at=at)
        get_user_model().objects.update(is_superuser=False)

        with pytest.raises(LinkUsed):
            first_run.create_admin(token, username="other", password=PASSWORD, at=at)

    def test_survives_a_refused_password(self, at):
        token = first_run.offer()

        with pytest.raises(WeakPassword):
            first_run.create_admin(token, username="root", password="short", at=at)

        assert first_run.is_open_to(token)

    def test_is_on_record(self, at):
        first_run.create_admin(first_run.offer(), username="root", password=PASSWORD, at=at)

        assert Event.objects.get().actor == "system:first run"


class TestThePage:
    def test_makes_the_first_admin_and_signs_them_in(self, client, link):
        answer = client.post(link, FORM)

        admin = authenticate(username="root", password=PASSWORD)
        assert admin.is_superuser
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
        assert client.get("/admin/").status_code == 200

    def test_is_gone_afterwards(self, client, link):
        client.post(link, FORM)

        assert client.get(link).status_code == 404
        assert client.post(link, FORM | {"username": "other"}).status_code == 404
        assert get_user_model().objects.count() == 1

    @pytest.mark.parametrize("token", ["x", "é", "%00", "a" * 5000])
    def test_is_there_for_nobody_without_the_link(self, client, link, token):
        assert client.get(f"/welcome/{token}/").status_code == 404
        assert client.post(f"/welcome/{token}/", FORM).status_code == 404
        assert not get_user_model().objects.exists()

    def test_was_never_there_without_an_offer(self, client):
        assert client.get("/welcome/x/").status_code == 404

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"again": "something else"}, "The two are not the same."),
            ({"password": "short", "again": "short"}, "too short"),
            ({"username": "no spaces allowed"}, "valid username"),
            ({"username": ""}, "required"),
        ],
    )
    def test_says_what_is_wrong_and_lets_one_try_again(self, client, link, changes, says):
        answer = client.post(link, FORM | changes)

        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert client.post(link, FORM).status_code == 302

    def test_is_kept_by_no_cache_and_repeats_no_password(self, client, link):
        answer = client.post(link, FORM | {"again": "something else"})

        assert "no-store" in answer["Cache-Control"]
        assert PASSWORD not in answer.content.decode()
