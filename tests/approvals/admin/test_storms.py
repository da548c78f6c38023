"""The admin's pages for a storm: everything is stopped, or what is low passes for a while."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from approvals import events
from approvals.models import Bypass, Installation
from audit import trail
from tests import factories

OPEN = {"hours": "2", "reason": "A storm of reminders"}


@pytest.fixture
def staff(client):
    """`staff("add_bypass", …)`: the browser of somebody with these permissions."""

    def act(*codenames, user=None):
        user = user or factories.UserFactory()
        user.is_staff = True
        user.save()
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return act


def act_on(client, kind, pk, act, **said):
    return client.post(reverse(f"admin:approvals_{kind}_act", args=[pk, act]), said, follow=True)


@pytest.mark.django_db
class TestEverything:
    def test_is_paused_with_a_reason_and_goes_on(self, staff):
        client = staff("pause_everything")
        page = client.get(reverse("admin:approvals_installation_changelist"), follow=True)
        assert "Pause everything: approve nothing" in page.text

        act_on(client, "installation", 1, "pause", reason="Strange requests")
        assert Installation.objects.get().paused_at

        act_on(client, "installation", 1, "resume", reason="Found the cause")
        assert Installation.objects.get().paused_at is None
        history = trail.history_of("system")
        assert [event.type for event in history] == [events.PAUSED, events.RESUMED]
        assert [event.texts.get().text for event in history] == [
            "Strange requests",
            "Found the cause",
        ]

    def test_is_not_for_staff_without_that_permission(self, staff):
        Installation.objects.create(pk=1)
        client = staff("view_installation", "change_installation")

        page = reverse("admin:approvals_installation_changelist")
        assert client.get(page).status_code == 403
        assert act_on(client, "installation", 1, "pause").status_code == 403
        assert Installation.objects.get().paused_at is None

    def test_cannot_be_changed_or_deleted_as_a_row(self, staff):
        Installation.objects.create(pk=1)
        client = staff("pause_everything", "change_installation", "delete_installation")

        client.post(reverse("admin:approvals_installation_change", args=[1]), {"paused_at_0": "x"})
        client.post(reverse("admin:approvals_installation_delete", args=[1]), {"post": "yes"})

        assert Installation.objects.get().paused_at is None


def test_an_agent_s_pause_keeps_the_reason(staff, robin):
    client = staff("change_agent", "view_agent")

    act_on(client, "agent", robin.pk, "pause", reason="It loops")

    assert trail.history_of(robin.ref)[-1].texts.get().text == "It loops"


class TestABypass:
    @pytest.fixture
    def opened_by_dora(self, staff, dora, payments):
        client = staff("add_bypass", user=dora.user)
        address = reverse("admin:approvals_bypass_add")
        page = client.post(address, OPEN | {"checkpoint": payments.checkpoint.pk}, follow=True)
        assert "End it now" in page.text
        return client

    def test_is_opened_by_a_director_with_that_permission(self, opened_by_dora, submit, dora):
        assert Bypass.objects.get().created_by == dora.user

    def test_is_ended_early(self, opened_by_dora):
        act_on(opened_by_dora, "bypass", Bypass.objects.get().pk, "end")

        assert Bypass.objects.get().ended_at

    def test_says_why_it_was_not_opened(self, staff, ben, payments):
        client = staff("add_bypass", user=ben.user)

        said = OPEN | {"checkpoint": payments.checkpoint.pk}
        page = client.post(reverse("admin:approvals_bypass_add"), said)

        assert "This needs a director; ben is a team member." in page.text
        assert not Bypass.objects.exists()

    def test_is_not_for_a_director_without_that_permission(self, staff, dora, payments):
        client = staff("view_bypass", "change_bypass", user=dora.user)

        said = OPEN | {"checkpoint": payments.checkpoint.pk}
        answer = client.post(reverse("admin:approvals_bypass_add"), said)

        assert answer.status_code == 403
        assert not Bypass.objects.exists()

    @pytest.mark.parametrize("hours", ["0", "9", "-1", "x"])
    def test_is_for_eight_hours_at_most(self, staff, dora, payments, hours):
        client = staff("add_bypass", user=dora.user)

        said = OPEN | {"checkpoint": payments.checkpoint.pk, "hours": hours}
        client.post(reverse("admin:approvals_bypass_add"), said)

        assert not Bypass.objects.exists()
