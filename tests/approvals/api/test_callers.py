"""Who may call: a bearer key, one sentence for every key that is none, and a limit on floods."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import keys
from approvals.api import callers
from approvals.models import ApiKey
from approvals.operations import agents
from tests import factories
from tests.approvals.api.conftest import Caller, problem, proposal

NOW = timezone.now


@pytest.fixture(autouse=True)
def full_buckets(monkeypatch):
    """Calls of other tests are not counted here."""
    monkeypatch.setattr(callers.PerCallerThrottle, "_buckets", {})


class TestBearerKey:
    @pytest.mark.parametrize(
        "header", [None, "", "Bearer", "Bearer ", "Bearer   ", "Basic YTpi", "Token x", "bearer"]
    )
    def test_is_asked_for_where_there_is_none(self, db, header):
        caller = Caller(None)

        said = caller.get("approvals/", **({} if header is None else {"Authorization": header}))

        assert problem(said, 401, "unauthorized")["detail"] == "Send 'Authorization: Bearer <key>'."
        assert said["WWW-Authenticate"] == 'Bearer realm="placet"'

    @pytest.mark.parametrize(
        "make_useless",
        [
            lambda key, row: key[:-1] + ("A" if key[-1] != "A" else "B"),
            lambda key, row: key.replace("plc_agent_", "plc_user_"),
            lambda key, row: key.replace(row.prefix, "0" * 12),
            lambda key, row: key + "x",
            lambda key, row: key + " x",
            lambda key, row: f"{key},Bearer {key}",
            lambda key, row: "plc_agent_x",
            lambda key, row: "é\x80ÿ",
            lambda key, row: "x" * 100_000,
            lambda key, row: ApiKey.objects.update(expires_at=NOW()) and key,
            lambda key, row: ApiKey.objects.update(revoked_at=NOW()) and key,
            lambda key, row: type(row.agent).objects.update(is_active=False) and key,
        ],
    )
    def test_that_is_of_no_use_is_told_so_in_one_sentence(self, agent, make_useless):
        useless = make_useless(agent.key, ApiKey.objects.get())

        said = Caller(useless).get("approvals/")

        assert problem(said, 401, "unauthorized")["detail"] == "The API key is not valid."
        assert said["WWW-Authenticate"] == 'Bearer realm="placet"'

    def test_of_a_person_whose_account_is_closed_is_of_no_use(self, as_person, ada):
        person = as_person(ada)
        ada.user.is_active = False
        ada.user.save()

        problem(person.get("inbox/"), 401, "unauthorized")

    def test_works_in_any_case_of_the_scheme_and_until_its_last_moment(self, agent):
        ApiKey.objects.update(expires_at=NOW() + timedelta(minutes=1))

        assert (
            Caller(None).get("approvals/", Authorization=f"bEARER {agent.key}").status_code == 200
        )

    def test_is_replaced_with_an_overlap(self, agent, robin):
        new = Caller(agents.rotate_key("robin", actor="test", at=NOW()).key)

        assert agent.get("approvals/").status_code == 200
        assert new.get("approvals/").status_code == 200
        ApiKey.objects.filter(expires_at__isnull=False).update(expires_at=NOW())
        problem(agent.get("approvals/"), 401, "unauthorized")
        assert new.get("approvals/").status_code == 200

    def test_ends_at_once_when_it_is_revoked(self, agent):
        agents.revoke_key(ApiKey.objects.get(), actor="test", at=NOW())

        problem(agent.get("approvals/"), 401, "unauthorized")

    def test_remembers_when_it_was_last_used_without_a_write_for_every_call(self, agent):
        agent.get("approvals/")
        used = ApiKey.objects.get().last_used_at
        assert NOW() - used < timedelta(seconds=30)

        agent.get("approvals/")

        assert ApiKey.objects.get().last_used_at == used

    def test_is_stored_as_a_digest_only(self, agent):
        row = ApiKey.objects.get()

        assert agent.key not in str(row.__dict__)
        assert agent.key.rsplit("_", 1)[1] not in str(row.__dict__)
        assert row.digest == keys.digest_of(agent.key)

    def test_of_a_user_who_does_not_review_opens_nothing(self, db, as_person, ada):
        person = as_person(ada)
        ada.delete()

        problem(person.get("inbox/"), 403, "not_eligible")

    def test_is_looked_at_before_the_body(self, nobody, payments):
        problem(nobody.post("approvals/", b"{broken"), 401, "unauthorized")


class TestThrottle:
    def test_holds_back_a_flood_and_says_when_to_come_again(self, agent, robin):
        robin.rate_per_minute = 6
        robin.save()
        assert agent.post("approvals/", proposal()).status_code == 201

        flood = agent.post("approvals/", proposal())

        problem(flood, 429, "rate_limited")
        assert 1 <= int(flood["Retry-After"]) <= 10

    def test_is_each_agent_s_own(self, agent, robin, as_agent):
        robin.rate_per_minute = 1
        robin.save()
        agent.get("approvals/")
        assert agent.get("approvals/").status_code == 429

        assert as_agent(factories.AgentFactory()).get("approvals/").status_code == 200

    def test_counts_a_wrong_person_s_door_too(self, agent, robin):
        robin.rate_per_minute = 1
        robin.save()
        agent.get("inbox/")

        problem(agent.get("inbox/"), 429, "rate_limited")

    def test_lets_through_again_after_a_while(self, agent, robin, monkeypatch):
        robin.rate_per_minute = 60
        robin.save()
        clock = [1000.0]
        monkeypatch.setattr(callers.time, "monotonic", lambda: clock[0])
        assert [agent.get("approvals/").status_code for _ in range(11)] == [200] * 10 + [429]

        clock[0] += 1.0

        assert [agent.get("approvals/").status_code for _ in range(2)] == [200, 429]

    def test_does_not_count_the_answer_to_one_who_waited(self, agent, robin):
        robin.rate_per_minute = 1
        robin.save()
        agent.get("approvals/")

        assert agent.get("approvals/", X_Placet_Waited="1").status_code == 200

    def test_can_be_switched_off_for_an_agent(self, agent, robin):
        robin.rate_per_minute = None
        robin.save()

        assert {agent.get("approvals/").status_code for _ in range(20)} == {200}

    def test_holds_people_back_as_well(self, as_person, ada, monkeypatch):
        monkeypatch.setattr(callers, "RATE_OF_A_PERSON", 1)
        person = as_person(ada)
        person.get("inbox/")

        problem(person.get("inbox/"), 429, "rate_limited")
