"""Schedules in the admin: what is typed, what is shown, what stays."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals import events
from approvals.models import Absence, Installation, Schedule, ScheduleOverride
from approvals.queries import coverage
from audit import trail
from tests import factories
from tests.approvals.test_admin import do, page_of, told

pytestmark = pytest.mark.django_db

NO_ROWS = {
    f"{rows}-{count}": "0"
    for rows in ("shifts", "overrides")
    for count in ("TOTAL_FORMS", "INITIAL_FORMS")
}


@pytest.fixture
def night(ada):
    schedule = factories.ScheduleFactory(time_zone="Europe/Berlin")
    factories.ShiftFactory(schedule=schedule, reviewer=ada)
    return schedule


def shift_of(reviewer, place=0, **said):
    said = {
        "reviewer": str(reviewer.pk),
        "layer": "1",
        "weekdays": ["mon", "tue"],
        "starts_at": "22:00",
        "ends_at": "06:00",
        "starts_on": "2026-01-05",
        "every_weeks": "1",
    } | said
    rows = {f"shifts-{place}-{name}": value for name, value in said.items()}
    return NO_ROWS | {"shifts-TOTAL_FORMS": str(place + 1)} | rows


def as_it_is(schedule):
    """The form of a schedule with one shift, as it was opened."""
    shift = schedule.shifts.get()
    return {
        "time_zone": schedule.time_zone,
        **shift_of(
            shift.reviewer,
            id=str(shift.pk),
            schedule=str(schedule.pk),
            weekdays=shift.weekdays,
            starts_at="00:00:00",
            ends_at="00:00:00",
            starts_on=str(shift.starts_on),
        ),
        "shifts-INITIAL_FORMS": "1",
    }


def errors_of(response):
    formsets = response.context["inline_admin_formsets"]
    return str([[one.formset.errors, one.formset.non_form_errors()] for one in formsets])


def history(schedule):
    return [json.loads(event.body)["data"] for event in trail.history_of(schedule.ref)]


class TestASchedule:
    def test_is_made_with_its_shifts_on_record(self, admin, root, ada):
        address = reverse("admin:approvals_schedule_add")

        admin.post(address, {"name": "night", "time_zone": "Europe/Berlin"} | shift_of(ada))

        schedule = Schedule.objects.get()
        shift = schedule.shifts.get()
        assert (shift.weekdays, shift.starts_at) == (["mon", "tue"], time(22))
        (event,) = trail.history_of(schedule.ref)
        assert (event.type, event.actor) == (events.SCHEDULE_CHANGED, f"user:{root.pk}")
        (said,) = history(schedule)
        assert said["shifts"][0]["reviewer"] == ada.ref

    @pytest.mark.parametrize(
        ("zone", "words"),
        [
            ("Berlin", "Did you mean Europe/Berlin"),
            ("Europe/Berln", "Did you mean Europe/Berlin"),
            ("Mars/Olympus Mons", "no time zone called"),
            ("../../etc/passwd", "no time zone called"),
        ],
    )
    def test_has_a_time_zone_that_there_is(self, admin, zone, words):
        address = reverse("admin:approvals_schedule_add")

        response = admin.post(address, {"name": "night", "time_zone": zone} | NO_ROWS)

        assert words in str(response.context["adminform"].form.errors["time_zone"])

    def test_keeps_its_name(self, admin, night):
        admin.post(page_of(night), as_it_is(night) | {"name": "day"})

        night.refresh_from_db()
        assert night.name == "night"

    def test_that_did_not_change_leaves_no_record(self, admin, night):
        admin.post(page_of(night), as_it_is(night))

        assert history(night) == []

    def test_changes_on_record(self, admin, night, ben):
        shift = night.shifts.get()

        admin.post(page_of(night), as_it_is(night) | {"shifts-0-reviewer": str(ben.pk)})

        shift.refresh_from_db()
        assert shift.reviewer == ben
        assert history(night)[0]["shifts"][0]["reviewer"] == ben.ref

    def test_reads_overrides_by_its_own_clock(self, admin, night, ben):
        form = as_it_is(night) | {
            "overrides-TOTAL_FORMS": "1",
            "overrides-0-reviewer": str(ben.pk),
            "overrides-0-starts_at": "2026-07-01T20:00",
            "overrides-0-ends_at": "2026-07-02T08:00",
        }

        admin.post(page_of(night), form)

        override = ScheduleOverride.objects.get()
        assert override.starts_at == datetime(2026, 7, 1, 18, tzinfo=UTC)
        assert b'value="2026-07-01T20:00"' in admin.get(page_of(night)).content

    def test_refuses_a_shift_on_no_day(self, admin, night):
        form = as_it_is(night)
        del form["shifts-0-weekdays"]

        assert "This field is required" in errors_of(admin.post(page_of(night), form))


class TestDeleting:
    def test_a_schedule_that_a_policy_calls_by_is_refused_with_the_reason(
        self, admin, night, payments
    ):
        payments.on_call = night
        payments.save()

        response = admin.post(page_of(night, "delete"), {"post": "yes"})

        assert response.status_code == 403
        assert b"payments calls by this schedule." in response.content
        assert Schedule.objects.exists()

    def test_a_schedule_that_a_rung_names_is_refused_too(self, admin, night, payments):
        payments.ladder = [{"after_seconds": 60, "schedule": "night"}]
        payments.save()

        assert admin.post(page_of(night, "delete"), {"post": "yes"}).status_code == 403

    def test_a_schedule_that_nothing_names_is_on_record(self, admin, night):
        admin.post(page_of(night, "delete"), {"post": "yes"})

        assert not Schedule.objects.exists()
        assert history(night) == [{"name": "night", "deleted": True}]

    def test_the_last_shift_of_one_in_use_is_refused_with_the_reason(self, admin, night, payments):
        payments.on_call = night
        payments.save()

        response = admin.post(page_of(night), as_it_is(night) | {"shifts-0-DELETE": "on"})

        assert "payments calls by this schedule" in errors_of(response)
        assert night.shifts.exists()

    def test_another_shift_may_go(self, admin, night):
        admin.post(page_of(night), as_it_is(night) | {"shifts-0-DELETE": "on"})

        assert not night.shifts.exists()
        assert history(night)[0]["shifts"] == []

    def test_there_is_none_by_selection(self, admin, night):
        response = admin.get(reverse("admin:approvals_schedule_changelist"))

        assert b"delete_selected" not in response.content


class TestThePage:
    def test_says_who_is_on_call_now_and_on_whom_it_hangs(self, admin, night):
        page = admin.get(page_of(night)).text

        assert "On call now: <b>ada</b>." in page
        assert "Everything hangs on <b>ada</b> alone for 56\u00a0d in all." in page

    def test_says_that_nobody_is(self, admin, night):
        night.shifts.all().delete()

        page = admin.get(page_of(night)).text

        assert "On call now: <b>nobody</b>." in page
        assert "<b>Nobody</b> is on call for 56\u00a0d in all." in page

    def test_names_those_behind(self, admin, night, ben):
        factories.ShiftFactory(schedule=night, reviewer=ben, layer=2)

        page = admin.get(page_of(night)).text

        assert "<b>ada</b>, and behind them ben." in page
        assert "somebody stands behind them" in page

    def test_shows_no_coverage_of_what_is_not_there_yet(self, admin):
        page = admin.get(reverse("admin:approvals_schedule_add")).text

        assert "On call now" not in page

    def test_costs_no_more_for_more_shifts(self, admin, night, ben, django_assert_max_num_queries):
        for layer in range(2, 8):
            factories.ShiftFactory(schedule=night, reviewer=ben, layer=layer)

        with django_assert_max_num_queries(40):
            admin.get(page_of(night))


class TestWeaknesses:
    def test_tell_gaps_from_single_points_of_failure(self, ada, ben):
        schedule = factories.ScheduleFactory()
        half = {"schedule": schedule, "starts_at": time(6), "ends_at": time(18)}
        factories.ShiftFactory(**half, reviewer=ada)
        factories.ShiftFactory(**half | {"ends_at": time(12)}, reviewer=ben, layer=2)
        start = datetime(2026, 1, 5, tzinfo=UTC)

        found = coverage.weaknesses(
            coverage.of_schedule(schedule, start=start, end=start + timedelta(days=2))
        )

        hours = [(each.name, each.length, len(each.stretches)) for each in found]
        assert hours == [("", timedelta(hours=24), 3), ("ada", timedelta(hours=12), 2)]


class TestAReviewersTime:
    def test_is_typed_day_by_day(self, admin, ben):
        form = reviewer_form(ben) | {
            "working_hours_mon_from": "09:00",
            "working_hours_mon_until": "17:30",
        }

        admin.post(page_of(ben), form)

        ben.refresh_from_db()
        assert ben.working_hours == {"mon": ["09:00", "17:30"]}
        assert b'value="17:30"' in admin.get(page_of(ben)).content

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"working_hours_mon_from": "09:00"}, "Mon needs both a beginning and an end."),
            ({"working_hours_sun_until": "soon"}, "Enter a valid time."),
        ],
    )
    def test_with_a_mistake_says_so(self, admin, ben, said, words):
        response = admin.post(page_of(ben), reviewer_form(ben) | said)

        assert words in str(response.context["adminform"].form.errors["working_hours"])

    def test_warns_of_a_delegate_who_could_never_stand_in(self, admin, ben, ada):
        now = timezone.now()
        Absence.objects.create(
            reviewer=ada, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=99)
        )
        Absence.objects.create(
            reviewer=ben, delegate=ada, starts_at=now, ends_at=now + timedelta(days=9)
        )
        form = reviewer_form(ben) | {"absences-INITIAL_FORMS": "0", "cost_per_hour": "50"}

        response = admin.post(page_of(ben), form, follow=True)

        (warning,) = [each for each in told(response) if "never" in each]
        assert "ada is away all that time too" in warning


def reviewer_form(reviewer):
    return {
        "tier": reviewer.tier,
        "is_active": "on",
        "time_zone": "UTC",
        "absences-TOTAL_FORMS": "0",
        "absences-INITIAL_FORMS": "0",
    }


class TestTheInstallation:
    def test_lets_deadlines_act_again(self, admin, root):
        held = Installation.objects.create(
            sweep_held_at=timezone.now(), sweep_held_because="A storm."
        )

        response = do(admin, held, "release_sweep")

        assert told(response) == ["Deadlines act again."]
        held.refresh_from_db()
        assert held.sweep_held_at is None
        assert trail.history_of("system")[-1].actor == f"user:{root.pk}"

    def test_offers_nothing_where_nothing_is_held(self, admin):
        page = admin.get(page_of(Installation.objects.create())).text

        assert "let deadlines act" not in page
