"""Waiting for a decision: woken in time, answered by Django, and never forgotten."""

import asyncio

import pytest

from hitl_site.waiting.hub import Hub
from tests.hitl_site.waiting.asgi_client import ask, calling, until

PENDING, APPROVED = {"id": "t", "status": "pending"}, {"id": "t", "status": "approved"}


def run(scenario):
    """Much sooner than any wait here is over: who isn't woken fails."""
    return asyncio.run(asyncio.wait_for(scenario, 20))


async def waits(front, number=1):
    await until(lambda: len(front.hub) == number)


class TestARequestThatWaits:
    def test_is_answered_when_its_topic_is_fired(self, make_front, django):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=50") as call:
                await waits(front)
                django.decide("t")
                front.hub.fire("thing:t")
                return await call.task

        response = run(scenario())

        assert response.status == 200
        assert response.json() == APPROVED
        assert "x-placet-wait" not in response.headers

    def test_asks_again_with_the_clients_own_rights_and_says_that_it_waited(
        self, make_front, django
    ):
        async def scenario():
            front = make_front()
            headers = {"Prefer": "wait=50", "Accept": "x/y", "If-None-Match": '"1"'}
            async with calling(front, "GET", "/api/things/t", headers=headers) as call:
                await waits(front)
                django.decide("t")
                front.hub.fire("thing:t")
                await call.task

        run(scenario())

        first, second = django.seen
        assert "HTTP_X_PLACET_WAITED" not in first
        assert second["HTTP_X_PLACET_WAITED"] == "1"
        assert "HTTP_PREFER" not in second
        for name in ("HTTP_AUTHORIZATION", "HTTP_ACCEPT", "HTTP_IF_NONE_MATCH", "REMOTE_ADDR"):
            assert second[name] == first[name]

    def test_is_refused_in_the_end_if_its_key_was_revoked_meanwhile(self, make_front, django):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=50") as call:
                await waits(front)
                del django.keys["Bearer good"]
                django.decide("t")
                front.hub.fire("thing:t")
                return await call.task

        assert run(scenario()).status == 401

    def test_is_answered_as_things_stand_when_its_time_is_over(self, make_front):
        response = run(ask(make_front(), "GET", "/api/things/t?wait=0.05"))

        assert response.status == 200
        assert response.json() == PENDING
        assert "x-placet-wait" not in response.headers

    def test_waits_on_when_it_was_woken_for_nothing(self, make_front, django):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=50") as call:
                await waits(front)
                front.hub.fire("thing:t")
                await until(lambda: len(django.seen) == 2)
                assert not call.task.done()
                django.decide("t")
                front.hub.fire("thing:t")
                return await call.task

        assert run(scenario()).json() == APPROVED

    def test_does_not_miss_what_happens_while_it_is_asking(self, make_front, django):
        """The decision falls between Django's answer and the wait."""

        async def scenario():
            front = make_front()
            answers = django._answer

            def decide_after_answering(environ, start_response):
                django._answer = answers
                answer = answers(environ, start_response)
                django.decide("t")
                loop.call_soon_threadsafe(front.hub.fire, "thing:t")
                return answer

            loop = asyncio.get_running_loop()
            django._answer = decide_after_answering
            return await ask(front, "GET", "/api/things/t?wait=50")

        assert run(scenario()).json() == APPROVED

    def test_looks_again_when_the_bus_may_have_missed_something(self, make_front, django):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=50") as call:
                await waits(front)
                django.decide("t")
                front.hub.fire_all()
                return await call.task

        assert run(scenario()).json() == APPROVED

    def test_ends_when_its_client_leaves(self, make_front, django):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", "/api/things/t?wait=50") as call:
                await waits(front)
                call.leave()
                response = await asyncio.wait_for(call.task, 5)
                assert len(front.hub) == 0
                return response

        assert run(scenario()).status == 0
        assert len(django.seen) == 1


class TestAPostThatWaits:
    def test_keeps_its_own_status_and_place(self, make_front, django):
        async def scenario():
            front = make_front()
            headers = {"Prefer": "wait=50", "Idempotency-Key": "k", "If-None-Match": "*"}
            async with calling(front, "POST", "/api/things", body=b"n", headers=headers) as call:
                await waits(front)
                django.decide("n")
                front.hub.fire("thing:n")
                return await call.task

        response = run(scenario())

        assert response.status == 201
        assert response.headers["location"] == "/api/things/n"
        assert response.json() == {"id": "n", "status": "approved"}
        second = django.seen[-1]
        assert second["REQUEST_METHOD"] == "GET"
        assert second["PATH_INFO"] == "/api/things/n"
        left_out = {"HTTP_IDEMPOTENCY_KEY", "HTTP_IF_NONE_MATCH", "CONTENT_LENGTH"}
        assert not left_out & second.keys()

    def test_is_not_lost_when_asking_again_fails(self, make_front, django):
        async def scenario():
            front = make_front()
            headers = {"Prefer": "wait=50"}
            async with calling(front, "POST", "/api/things", body=b"n", headers=headers) as call:
                await waits(front)
                django.decide("n")
                fails = lambda _, start: (start("503 Service Unavailable", []), [b""])[1]  # noqa: E731
                django._answer = fails
                front.hub.fire("thing:n")
                return await call.task

        response = run(scenario())

        assert response.status == 201
        assert response.json() == {"id": "n", "status": "pending"}

    def test_is_answered_at_once_when_too_many_wait_already(self, make_front, django):
        django.limit = 0

        response = run(
            ask(make_front(), "POST", "/api/things", body=b"n", headers={"Prefer": "wait=50"})
        )

        assert response.status == 201
        assert response.json() == {"id": "n", "status": "pending"}


class TestTooManyWaits:
    def test_of_one_holder_are_refused_and_of_another_are_not(self, make_front, django):
        django.limit = 1

        async def scenario():
            front = make_front()
            url = "/api/things/t?wait=50"
            async with calling(front, "GET", url):
                await waits(front)
                refused = await ask(front, "GET", url)
                async with calling(front, "GET", url, key="other"):
                    await waits(front, 2)
            return refused

        refused = run(scenario())

        assert refused.status == 429
        assert refused.headers["retry-after"] == "5"
        assert refused.json()["code"] == "rate_limited"
        assert refused.json()["detail"] == "too many waits at once"

    def test_of_all_together_are_refused(self, make_front):
        async def scenario():
            front = make_front(hub=Hub(limit=1))
            async with calling(front, "GET", "/api/things/t?wait=50"):
                await waits(front)
                return await ask(front, "GET", "/api/things/t?wait=50", key="other")

        assert run(scenario()).status == 429


class TestDraining:
    def test_answers_everyone_with_what_django_says_now(self, make_front, django):
        django.add("u")

        async def scenario():
            front = make_front()
            async with (
                calling(front, "GET", "/api/things/t?wait=50") as one,
                calling(front, "GET", "/api/things/u?wait=50") as other,
            ):
                await waits(front, 2)
                django.decide("u")
                front.drain()
                return await one.task, await other.task

        pending, approved = run(scenario())

        assert (pending.status, pending.json()) == (200, PENDING)
        assert (approved.status, approved.json()["status"]) == (200, "approved")

    def test_lets_nobody_wait_any_more(self, make_front):
        async def scenario():
            front = make_front()
            front.drain()
            return await asyncio.wait_for(ask(front, "GET", "/api/things/t?wait=50"), 5)

        assert run(scenario()).json() == PENDING

    def test_tells_those_whom_django_has_no_time_for_to_ask_again(self, make_front, django):
        async def scenario():
            front = make_front(workers=3, drain_seconds=0.0)
            things = [f"u{number}" for number in range(20)]
            django.add(*things)
            headers = {"Prefer": "wait=50"}
            calls = [calling(front, "GET", f"/api/things/{t}", headers=headers) for t in things]
            entered = [await call.__aenter__() for call in calls]
            async with calling(front, "POST", "/api/things", body=b"n", headers=headers) as post:
                await waits(front, 21)
                django.work = 0.01
                front.drain()
                answers = [await call.task for call in entered]
                return answers, await post.task

        answers, posted = run(scenario())

        refused = [answer for answer in answers if answer.status == 503]
        assert refused
        assert {answer.status for answer in answers} <= {200, 503}
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json()["code"] == "unavailable"
        assert (posted.status, posted.json()["status"]) == (201, "pending")


class TestManyWhoAreWokenAtOnce:
    def test_leave_threads_to_others(self, make_front, django):
        async def scenario():
            front = make_front(workers=4)
            things = [f"u{number}" for number in range(30)]
            django.add(*things)
            calls = [calling(front, "GET", f"/api/things/{t}?wait=50") for t in things]
            entered = [await call.__aenter__() for call in calls]
            await waits(front, 30)
            django.work, django.most_at_once = 0.005, 0
            django.decide(*things)
            front.hub.fire_all()
            answers = [await call.task for call in entered]
            return [answer.json()["status"] for answer in answers]

        assert run(scenario()) == ["approved"] * 30
        assert 1 <= django.most_at_once <= 2

    def test_are_asked_for_together_where_django_offers_it(self, make_front, django):
        statuses, asked = self.wake(make_front, django, number=250)

        assert statuses == ["approved"] * 250
        assert asked == ["POST /api/together"] * 3

    @pytest.mark.parametrize("answers", [{}, None, {"u0": "nonsense"}])
    def test_are_asked_for_singly_if_that_fails(self, make_front, django, answers):
        django._answers = lambda environ: answers

        statuses, asked = self.wake(make_front, django, number=5)

        assert statuses == ["approved"] * 5
        assert sorted(asked) == [f"GET /api/things/u{n}" for n in range(5)] + ["POST /api/together"]

    def test_wait_on_if_that_says_so(self, make_front, django):
        statuses, asked = self.wake(make_front, django, number=5, decided=4, wait=1.0)

        assert statuses == ["approved"] * 4 + ["pending"]
        assert asked[0] == "POST /api/together"

    def test_are_never_asked_for_with_the_rights_of_another(self, make_front, django):
        django.together = True

        async def scenario():
            front = make_front()
            django.add("u", "v")
            async with (
                calling(front, "GET", "/api/things/u?wait=50") as one,
                calling(front, "GET", "/api/things/v?wait=50", key="other") as other,
            ):
                await waits(front, 2)
                del django.keys["Bearer other"]
                django.decide("u", "v")
                front.hub.fire_all()
                return (await one.task).status, (await other.task).status

        assert run(scenario()) == (200, 401)

    def test_keep_their_own_conditions(self, make_front, django):
        django.together = True

        async def scenario():
            front = make_front()
            url, condition = "/api/things/t?wait=50", {"If-None-Match": '"1"'}
            async with (
                calling(front, "GET", url, headers=condition) as one,
                calling(front, "GET", url, headers=condition) as other,
            ):
                await waits(front, 2)
                django.decide("t")
                front.hub.fire_all()
                await one.task
                await other.task

        run(scenario())

        assert [seen["PATH_INFO"] for seen in django.seen] == ["/api/things/t"] * 4
        assert [seen["HTTP_IF_NONE_MATCH"] for seen in django.seen] == ['"1"'] * 4

    @staticmethod
    def wake(make_front, django, *, number, decided=None, wait=50):
        """Wake `number` who wait; return what they are told and what Django was asked."""
        django.together = True
        things = [f"u{n}" for n in range(number)]
        django.add(*things)

        async def scenario():
            front = make_front()
            calls = [calling(front, "GET", f"/api/things/{t}?wait={wait}") for t in things]
            entered = [await call.__aenter__() for call in calls]
            await waits(front, number)
            django.seen.clear()
            django.decide(*things[: decided or number])
            front.hub.fire_all()
            return [(await call.task).json()["status"] for call in entered]

        statuses = run(scenario())
        return statuses, [f"{seen['REQUEST_METHOD']} {seen['PATH_INFO']}" for seen in django.seen]


class TestTheScriptPrefix:
    @pytest.mark.parametrize("prefix", ["", "/placet"])
    def test_is_part_of_the_path_that_django_names(self, make_front, django, prefix):
        async def scenario():
            front = make_front()
            async with calling(front, "GET", f"{prefix}/api/things/t?wait=50") as call:
                call.scope["root_path"] = prefix
                await waits(front)
                django.decide("t")
                front.hub.fire("thing:t")
                return await call.task

        assert run(scenario()).json() == APPROVED
        assert django.seen[-1]["PATH_INFO"] == "/api/things/t"
        assert django.seen[-1]["SCRIPT_NAME"] == prefix
