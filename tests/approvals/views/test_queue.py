"""The queue: what it shows, in which order, and what may not break it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from approvals.models import ApprovalRequest, Installation, Revision
from approvals.operations import revising
from approvals.views import listing
from tests import factories

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


def rows_of(response):
    """The ids of the requests in the list, in order."""
    return re.findall(r'<li class="row" [^>]*?data-item="([0-9a-f-]{36})"', response.text)


def queue(client, **query):
    return client.get(reverse("queue"), query)


def changes(client, *marks, **query):
    headers = FRAGMENT | {"HX-Target": "changes"}
    return client.get(reverse("queue"), {"shown": marks} | query, headers=headers)


def mark_of(approval):
    return f"{approval.pk.hex}-{ApprovalRequest.objects.get(pk=approval.pk).trail_seq}"


class TestTheList:
    def test_begins_with_the_nearest_deadline(self, ada_at, submit, now):
        later = submit(when=now)
        sooner = submit(when=now - timedelta(minutes=30))

        assert rows_of(queue(ada_at)) == [str(sooner.pk), str(later.pk)]

    def test_says_in_a_row_what_would_happen_and_whose_it_is(self, ada_at, ask, payments):
        payments.effect = "Pays {/arguments/amount#money} to a vendor"
        payments.save()
        approval = ask(amount=1240)

        page = queue(ada_at).text

        row = page[page.index(f'id="row-{approval.pk.hex}"') : page.index("</ol>")]
        assert '<b class="lifted"><bdi>1,240.00</bdi></b>' in row
        for words in ("Medium", "robin", "pay", "you: executive", "0 of 1", "then", "rejected"):
            assert words in row

    def test_leaves_out_what_needs_more_authority(self, ben_at, ask):
        small, large = ask(amount=10), ask(amount=20_000)

        mine, team, others = (
            rows_of(queue(ben_at, view=view)) for view in ("yours", "team", "others")
        )

        assert mine == [str(small.pk)]
        assert set(team) == {str(small.pk), str(large.pk)}
        assert others == [str(large.pk)]
        assert "needs a director" in queue(ben_at, view="others").text

    def test_counts_what_each_view_holds(self, ben_at, ask):
        ask(amount=10), ask(amount=20_000)

        page = queue(ben_at).text

        assert 'Your turn <span class="n">1</span>' in page
        assert 'Team <span class="n">2</span>' in page

    def test_shows_who_is_looking(self, ada_at, ben_at, ask):
        approval = ask()
        ben_at.post(reverse("claim", args=[approval.pk]), {"revision": 1})

        assert "ben is looking" in queue(ada_at).text

    def test_is_found_by_words(self, ada_at, ask):
        ask(action="refund_customer")
        wanted = ask(action="delete_account")

        assert rows_of(queue(ada_at, q="DELETE acc")) == [str(wanted.pk)]
        assert "No request matches" in queue(ada_at, q="nothing at all like it").text

    def test_says_what_there_is_instead_when_it_is_empty(self, ben_at, ask):
        ask(amount=20_000)

        page = queue(ben_at).text

        assert "Nothing needs you" in page
        assert "1 waits for others" in page

    @pytest.mark.parametrize(
        "query",
        [
            {"view": "nonsense"},
            {"after": "nonsense"},
            {"after": "2026-01-01T00:00:00_x"},
            {"focus": "nonsense"},
            {"q": "\0" * 300},
        ],
    )
    def test_makes_the_best_of_an_address_that_means_nothing(self, ada_at, ask, query):
        ask()

        assert queue(ada_at, **query).status_code == 200


class TestTheBanners:
    def test_are_none_while_all_is_well(self, ada_at):
        assert "held back" not in queue(ada_at).text

    def test_say_that_deadlines_are_held_back_and_why(self, ada_at, now):
        Installation.objects.create(sweep_held_at=now, sweep_held_because="The clock moved.")

        page = queue(ada_at).text

        assert "<b>Deadlines are held back.</b>" in page
        assert "The clock moved." in page

    def test_say_that_everything_is_paused_once(self, ada_at, ask, now):
        ask()
        Installation.objects.create(paused_at=now)

        assert queue(ada_at).text.count("<b>Everything is paused since ") == 1


class TestPages:
    @pytest.fixture(autouse=True)
    def three_to_a_page(self, monkeypatch):
        monkeypatch.setattr(listing, "PAGE_SIZE", 3)

    def test_hold_every_request_once(self, ada_at, submit, now):
        # Two share an instant, so that only their ids tell them apart.
        wanted = {
            str(submit(when=now - timedelta(minutes=n // 2), action=f"pay_{n}").pk)
            for n in range(7)
        }

        seen, address = [], reverse("queue")
        while address:
            page = ada_at.get(address)
            seen += rows_of(page)
            address = page.context["after"]

        assert len(seen) == 7
        assert set(seen) == wanted


class TestAFlood:
    @pytest.fixture
    def flood(self, submit, now):
        """Eight of a kind, more urgent than anything else."""
        return [submit(amount=n, when=now - timedelta(minutes=30)) for n in range(1, 9)]

    def test_is_one_row_that_says_how_many_are_like_it(self, ada_at, flood, ask):
        other = ask(action="refund")

        page = queue(ada_at)

        assert rows_of(page)[1:] == [str(other.pk)]
        assert rows_of(page)[0] in [str(one.pk) for one in flood]
        assert "and 7 more like it" in page.text
        assert 'Your turn <span class="n">9</span>' in page.text

    def test_can_be_looked_at_one_by_one_and_side_by_side(self, ada_at, flood, ask):
        ask(action="refund")

        page = queue(ada_at, alike=flood[0].likeness)

        assert set(rows_of(page)) == {str(one.pk) for one in flood}
        assert "8 nearly identical" in page.text
        together = ada_at.get(re.search(r'href="(/batch/[^"]+)"', page.text)[1])
        assert "8 selected" in re.sub(r"<[^>]+>", "", together.text)

    def test_does_not_hide_another_agent_s(self, ada_at, flood, ask):
        other = ask(agent=factories.AgentFactory())

        assert str(other.pk) in rows_of(queue(ada_at))

    def test_hides_nothing_that_is_graver(self, ada_at, flood, ask):
        grave, plan = ask(amount=5000), ask(steps=[{"id": "a", "action": "pay"}])

        assert {str(grave.pk), str(plan.pk)} <= set(rows_of(queue(ada_at)))

    def test_of_a_few_is_shown_as_they_are(self, ada_at, ask):
        for n in range(5):
            ask(amount=n)

        page = queue(ada_at)

        assert len(rows_of(page)) == 5
        assert "more like it" not in page.text

    def test_that_grows_takes_no_row_off_the_screen(self, ada_at, ask):
        shown = [ask(amount=n) for n in range(5)]
        ask(amount=5)

        assert "data-gone" not in changes(ada_at, *map(mark_of, shown)).text

    def test_brings_the_next_one_forward_when_the_first_is_decided(
        self, ada_at, flood, ada, decide, now
    ):
        first = ApprovalRequest.objects.get(pk=rows_of(queue(ada_at))[0])
        decide(first, ada, "approve", when=now)

        page = queue(ada_at)

        assert "and 6 more like it" in page.text

    def test_is_no_other_after_an_edit_or_a_revision(self, ada_at, flood, ada, decide, now):
        revising.revise(flood[0].pk, {"arguments": {"amount": 5000}})

        assert str(flood[0].pk) in rows_of(queue(ada_at))
        assert "and 6 more like it" in queue(ada_at).text

    @pytest.mark.parametrize("kind", ["\0", "x", "0" * 64, "' OR 1=1"])
    def test_of_no_such_kind_is_no_page_that_breaks(self, ada_at, flood, kind):
        assert queue(ada_at, alike=kind).status_code == 200


class TestARowThatCannotBeDrawn:
    def test_is_marked_and_hides_no_other(self, ada_at, ask, despite_triggers):
        whole = ask()
        broken = ask(action="the_broken_one")
        with despite_triggers():
            Revision.objects.filter(approval=broken).update(body="{")

        response = queue(ada_at)

        assert response.status_code == 200
        assert f"Request {broken.short_id} cannot be drawn here" in response.text
        assert set(rows_of(response)) == {str(whole.pk), str(broken.pk)}

    def test_does_not_take_the_page_with_it_when_it_is_in_focus(
        self, ada_at, ask, despite_triggers
    ):
        broken = ask()
        with despite_triggers():
            Revision.objects.filter(approval=broken).update(body="{")

        response = queue(ada_at, focus=str(broken.pk))

        assert response.status_code == 200
        assert f"Request {broken.short_id} cannot be drawn</h2>" in response.text


class TestThePane:
    def test_shows_the_first_request_unasked(self, ada_at, submit, now):
        submit(when=now)
        first = submit(when=now - timedelta(minutes=5))

        page = queue(ada_at).text

        assert f'id="detail" data-item="{first.pk}"' in page
        assert "data-asked" not in page

    def test_shows_the_request_that_was_asked_for(self, ada_at, ask):
        ask()
        wanted = ask()

        page = queue(ada_at, focus=str(wanted.pk)).text

        assert f'id="detail" data-item="{wanted.pk}"' in page
        assert "data-asked" in page

    def test_comes_alone_as_a_fragment(self, ada_at, ask):
        approval = ask()

        response = ada_at.get(
            reverse("queue"), {"focus": approval.pk}, headers=FRAGMENT | {"HX-Target": "detail"}
        )

        assert response.text.lstrip().startswith('<article class="pane-detail" id="detail"')
        assert "<html" not in response.text
        assert "HX-Request" in response["Vary"]


class TestChanges:
    def test_count_what_is_new_and_move_nothing(self, ada_at, ask):
        known = ask()
        mark = mark_of(known)
        ask(), ask()

        page = changes(ada_at, mark).text

        assert "2 new" in page
        assert 'class="row"' not in page

    def test_draw_a_row_anew_when_something_happened_to_it(self, ada_at, dora, ask, decide, now):
        approval = ask()
        before = mark_of(approval)
        decide(approval, dora, "guide", feedback="Say why.", when=now)

        page = changes(ada_at, before).text

        assert f'id="row-{approval.pk.hex}"' in page
        assert 'hx-swap-oob="true"' in page
        assert mark_of(approval) in page

    def test_strike_out_what_somebody_decided_and_say_who(self, ada_at, dora, ask, decide, now):
        approval = ask()
        before = mark_of(approval)
        decide(approval, dora, "reject", reason_code="duplicate", when=now)

        page = changes(ada_at, before).text

        assert "data-gone" in page
        assert "dora rejected it" in page
        assert "duplicate" in page

    def test_tell_nothing_of_requests_that_are_none_of_theirs(self, ada_at, ask, payments):
        payments.team = factories.TeamFactory(name="Treasury")
        payments.save()
        foreign = ask()

        assert foreign.short_id not in changes(ada_at, f"{foreign.pk.hex}-0").text

    @pytest.mark.parametrize("mark", ["", "-", "x-1", "0" * 32 + "-x", "0" * 32])
    def test_make_nothing_of_marks_that_are_none(self, ada_at, mark):
        assert changes(ada_at, mark).status_code == 200


class TestItsCost:
    def test_does_not_grow_with_the_rows(self, ada_at, ask, django_assert_num_queries):
        ask()
        ada_at.get(reverse("queue"))
        with django_assert_num_queries(32, exact=False) as one:
            queue(ada_at)
        for n in range(29):
            ask(action=f"pay_{n}")

        with django_assert_num_queries(len(one)):
            queue(ada_at)

    def test_of_changes_does_not_grow_with_the_rows(self, ada_at, ask, django_assert_num_queries):
        marks = [f"{ask().pk.hex}-0"]
        with django_assert_num_queries(22, exact=False) as one:
            changes(ada_at, *marks)
        marks += [f"{ask(action=f'pay_{n}').pk.hex}-0" for n in range(29)]

        with django_assert_num_queries(len(one)):
            changes(ada_at, *marks)


class TestPlans:
    def test_lists_only_what_has_steps(self, ada_at, ask):
        ask()
        plan = ask(steps=[{"id": "a", "action": "pay"}])

        assert rows_of(ada_at.get(reverse("plans"))) == [str(plan.pk)]
