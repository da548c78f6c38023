"""A person's token: what waits, and deciding it with that person's authority and no more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import events
from approvals.models import ApprovalRequest, Decision
from approvals.rules.tiers import Tier
from audit import trail
from tests import factories
from tests.approvals.api.conftest import Caller, pointers, problem


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


@pytest.fixture
def stranger(db, as_person):
    """A reviewer whose only team has nothing to do with payments."""
    reviewer = factories.ReviewerFactory(
        user__username="otto", tier=Tier.EXECUTIVE, teams=["Elsewhere"]
    )
    return as_person(reviewer)


@pytest.fixture
def guarded(agent, payments):
    """A request that only the team Payments sees."""
    type(payments).objects.filter(pk=payments.pk).update(team=factories.TeamFactory())
    return agent.submit()


class TestInbox:
    def test_shows_what_waits_nearest_deadline_first(self, agent, person):
        late, soon = agent.submit(), agent.submit(expires_in_seconds=60)

        listed = person.get("inbox/").json()

        assert [document["id"] for document in listed["results"]] == [soon["id"], late["id"]]

    def test_is_walked_by_cursor(self, agent, person):
        made = [agent.submit(expires_in_seconds=60 + n)["id"] for n in range(3)]

        first = person.get("inbox/", {"limit": 2}).json()
        second = person.get("inbox/", {"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [d["id"] for d in first["results"] + second["results"]] == made
        assert second["next_cursor"] is None

    def test_leaves_out_what_this_person_cannot_decide(self, agent, ben, as_person):
        agent.submit(amount=50_000)

        assert as_person(ben).get("inbox/").json()["results"] == []
        assert len(as_person(ben).get("inbox/", {"view": "others"}).json()["results"]) == 1

    def test_shows_the_arguments_as_they_stand_now(self, agent, ben, as_person, person):
        made = agent.submit(amount=10)
        as_person(ben).decide(made, "modify", arguments={"amount": 50_000})

        (document,) = person.get("inbox/").json()["results"]

        assert document["arguments"] == {"amount": 50_000}
        assert agent.get(f"approvals/{made['id']}/").json()["arguments"] == {"amount": 10}

    def test_filters_by_view_and_checkpoint(self, agent, person):
        factories.VersionFactory(checkpoint__name="deploy")
        agent.submit()
        deploy = agent.submit(checkpoint="deploy")

        (document,) = person.get("inbox/", {"checkpoint": "deploy"}).json()["results"]

        assert document["id"] == deploy["id"]
        problem(person.get("inbox/", {"view": "mine"}), 422, "invalid_filter")
        problem(person.get("inbox/", {"cursor": "x"}), 422, "invalid_cursor")

    def test_shows_nothing_of_other_teams(self, guarded, stranger):
        for view in ("yours", "team", "others", "soon"):
            assert stranger.get("inbox/", {"view": view}).json()["results"] == []

    def test_is_closed_to_agents_and_that_is_on_record(self, agent, robin):
        problem(agent.get("inbox/"), 403, "not_eligible")

        assert trail.history_of(robin.ref)[-1].type == events.DENIED

    def test_is_closed_to_those_who_no_longer_review(self, person, ada):
        ada.is_active = False
        ada.save()

        problem(person.get("inbox/"), 403, "not_eligible")


class TestDecisions:
    def test_approves(self, agent, person):
        decided = person.decide(agent.submit(), "approve", feedback="Fine.").json()

        assert (decided["status"], decided["may_proceed"]) == ("approved", True)
        assert decided["decision"]["via"] == "human"
        assert decided["decision"]["feedback"] == "Fine."
        (vote,) = decided["decision"]["by"]
        assert (vote["name"], vote["role"], vote["verdict"]) == ("ada", "executive", "approve")
        assert Decision.objects.get().door == Decision.Door.API

    @pytest.mark.parametrize(
        "edit", [{"arguments": {"amount": 500}}, {"merge_patch": {"amount": 500, "gone": None}}]
    )
    def test_modifies_by_whole_arguments_or_by_merge_patch(self, agent, person, edit):
        made = agent.submit(arguments={"amount": 900, "gone": 1})

        decided = person.decide(made, "modify", **edit).json()

        assert decided["status"] == "modified"
        assert decided["decision"]["arguments"] == {"amount": 500}
        assert {change["path"] for change in decided["decision"]["modifications"]} == {
            "/amount",
            "/gone",
        }

    def test_rejects_with_a_reason(self, agent, person):
        made = agent.submit()

        decided = person.decide(made, "reject", feedback="No.", reason_code="suspicious").json()

        assert (decided["status"], decided["may_proceed"]) == ("rejected", False)
        assert decided["decision"]["reason_code"] == "suspicious"
        assert decided["grant"] is None

    def test_sends_back(self, agent, person):
        sent = person.decide(agent.submit(), "request_changes", feedback="Half.").json()

        assert (sent["status"], sent["waiting_on"]) == ("changes_requested", "agent")

    def test_guides_without_deciding(self, agent, person):
        guided = person.decide(agent.submit(), "guide", feedback="Careful.").json()

        assert guided["status"] == "pending"
        assert guided["feedback"][0]["feedback"] == "Careful."

    def test_defers_until_an_instant_that_lies_ahead(self, agent, person):
        made = agent.submit()
        until = (timezone.now() + timedelta(minutes=10)).isoformat()

        assert person.decide(made, "defer", until=until).status_code == 200
        assert person.get("inbox/").json()["results"] == []
        past = person.decide(made, "defer", until="2020-01-01T00:00:00Z")
        assert pointers(problem(past, 422, "invalid_decision")) == ["/until"]
        never = person.decide(made, "defer")
        assert pointers(problem(never, 422, "invalid_decision")) == ["/until"]

    def test_escalates_to_the_next_tier(self, agent, ben, as_person):
        raised = as_person(ben).decide(agent.submit(), "escalate", feedback="Not mine.").json()

        assert (raised["status"], raised["required_level"]) == ("pending", "team_lead")

    def test_answers_a_question_with_options(self, agent, person):
        options = [{"id": name, "label": name.upper()} for name in "abc"]
        asked = {"type": "multiselect", "options": options, "min": 1, "max": 2}
        made = agent.submit(response=asked)

        none = person.decide(made, "approve")
        unknown = person.decide(made, "approve", selected=["x"])
        chosen = person.decide(made, "approve", selected=["a", "c"]).json()

        assert pointers(problem(none, 422, "invalid_decision")) == ["/selected"]
        assert pointers(problem(unknown, 422, "invalid_decision")) == ["/selected"]
        assert chosen["decision"]["selected"] == ["a", "c"]

    def test_answers_a_question_in_words(self, agent, person):
        made = agent.submit(response={"type": "freeform", "schema": {"type": "string"}})

        wrong = person.decide(made, "approve", answer=5)
        said = person.decide(made, "approve", answer="Tomorrow.").json()

        assert pointers(problem(wrong, 422, "invalid_decision")) == ["/answer"]
        assert said["decision"]["answer"] == "Tomorrow."

    def test_decides_a_plan_step_by_step(self, agent, person):
        steps = [{"id": f"inv-{n}", "action": "pay", "arguments": {"n": n}} for n in (1, 2, 3)]
        made = agent.submit(steps=steps)

        decided = person.decide(
            made, "modify", steps={"inv-2": {"verdict": "reject"}, "inv-3": {"verdict": "defer"}}
        ).json()

        assert [(step["id"], step["status"]) for step in decided["decision"]["steps"]] == [
            ("inv-1", "approved"),
            ("inv-2", "rejected"),
            ("inv-3", "deferred"),
        ]
        (follow_up,) = decided["decision"]["follow_up"]
        assert agent.get(f"approvals/{follow_up}/").json()["follows"] == made["id"]

    @pytest.mark.parametrize("seen", [{"revision": 2}, {"digest": "sha256:" + "0" * 64}])
    def test_is_about_what_was_seen(self, agent, person, seen):
        made = agent.submit()

        said = problem(person.decide(made, "approve", **seen), 409, "stale_revision")

        assert said["current"]["digest"] == made["digest"]
        assert said["current"]["status"] == "pending"

    @pytest.mark.parametrize("left_out", ["verdict", "revision", "digest"])
    def test_says_what_was_seen(self, agent, person, left_out):
        made = agent.submit()
        body = {"verdict": "approve", "revision": 1, "digest": made["digest"]}
        del body[left_out]

        said = problem(person.post(f"approvals/{made['id']}/decisions/", body), 422, "required")

        assert pointers(said) == [f"/{left_out}"]

    def test_is_final(self, agent, person, dora, as_person):
        made = agent.submit()
        person.decide(made, "reject", feedback="No.")

        said = problem(as_person(dora).decide(made, "approve"), 409, "already_settled")

        assert said["current"]["status"] == "rejected"
        assert "ada" in said["detail"]

    def test_is_a_vote_where_more_people_are_needed(self, agent, person, dora, as_person, payments):
        type(payments).objects.filter(pk=payments.pk).update(quorum={"team_member": 2})
        made = agent.submit()

        first = person.decide(made, "approve").json()
        again = problem(person.decide(made, "approve"), 409, "already_voted")
        second = as_person(dora).decide(made, "approve").json()

        assert (first["status"], first["quorum"]) == ("pending", {"needed": 2, "approvals": 1})
        assert again["current"]["status"] == "pending"
        assert [vote["name"] for vote in second["decision"]["by"]] == ["ada", "dora"]

    def test_needs_the_authority(self, agent, ben, as_person):
        made = agent.submit(amount=5000)

        said = problem(as_person(ben).decide(made, "approve"), 403, "insufficient_authority")

        assert "team lead" in said["detail"]
        assert ApprovalRequest.objects.get().status == "pending"

    def test_of_high_and_critical_tiers_is_for_the_browser(self, agent, person):
        made = agent.submit(amount=50_000)

        said = problem(person.decide(made, "approve"), 403, "insufficient_authority")

        assert "browser" in said["detail"]

    @pytest.mark.parametrize(
        ("may_lower", "status", "level"), [(False, 403, "executive"), (True, 200, "team_lead")]
    )
    def test_follows_an_edit_up_and_where_the_policy_says_so_down(
        self, agent, as_person, payments, may_lower, status, level
    ):
        lea = factories.ReviewerFactory(user__username="lea", tier="team_lead")
        payments.edits_may_lower = may_lower
        payments.risk_rules = [
            {"name": "any", "condition": "true", "weight": 0.3},
            {"name": "much", "condition": "args.amount > 50000.0", "weight": 0.6},
        ]
        payments.save()
        small, large = agent.submit(amount=500), agent.submit(amount=90_000)

        up = as_person(lea).decide(small, "modify", merge_patch={"amount": 90_000}).json()
        down = as_person(lea).decide(large, "modify", merge_patch={"amount": 500})

        assert (up["status"], up["required_level"], up["grant"]) == ("pending", "executive", None)
        assert down.status_code == status
        assert agent.get(f"approvals/{large['id']}/").json()["required_level"] == level

    def test_is_not_for_the_agent_s_owner_nor_for_whom_it_is_done(self, agent, person, robin, ada):
        on_behalf = agent.submit(on_behalf_of="ADA@example.com")
        problem(person.decide(on_behalf, "approve"), 403, "not_eligible")

        robin.owner = ada.user
        robin.save()
        problem(person.decide(agent.submit(), "approve"), 403, "not_eligible")

    def test_gives_only_answers_that_the_client_can_take(self, agent, person):
        made = agent.submit(allowed_decisions=["approve", "reject"])

        said = problem(
            person.decide(made, "modify", merge_patch={"amount": 1}), 409, "decision_not_allowed"
        )

        assert said["current"]["status"] == "pending"

    @pytest.mark.parametrize(
        ("verdict", "words", "code"),
        [
            ("modify", {"arguments": {"amount": "much"}}, "invalid_edit"),
            ("modify", {}, "invalid_decision"),
            ("modify", {"arguments": {}, "merge_patch": {}}, "invalid_edit"),
            ("modify", {"steps": {"nine": {"verdict": "reject"}}}, "invalid_edit"),
            ("request_changes", {}, "invalid_decision"),
            ("guide", {"feedback": "  "}, "invalid_decision"),
            ("approve", {"selected": ["a"]}, "invalid_decision"),
            ("approve", {"feedback": "x" * 2001}, "too_long"),
            ("reject", {"reason_code": "because"}, "not_a_choice"),
            ("settle", {}, "not_a_choice"),
            ("defer", {"until": "tomorrow"}, "invalid_format"),
            ("defer", {"until": "9999-12-31T23:59:59-14:00"}, "out_of_range"),
        ],
    )
    def test_fits_the_words_to_the_verdict(self, agent, person, verdict, words, code):
        schema = {"properties": {"amount": {"type": "number"}}}
        made = agent.submit(arguments_schema=schema)

        problem(person.decide(made, verdict, **words), 422, code)

        assert ApprovalRequest.objects.get().status == "pending"

    def test_is_never_an_agent_s(self, agent, robin):
        made = agent.submit()

        problem(agent.decide(made, "approve"), 403, "not_eligible")

        assert ApprovalRequest.objects.get().status == "pending"
        assert trail.history_of(robin.ref)[-1].type == events.DENIED

    def test_of_what_other_teams_see_is_404(self, guarded, stranger):
        problem(stranger.decide(guarded, "approve"), 404, "not_found")

    def test_is_nobody_s_without_a_key(self, agent):
        problem(Caller(None).decide(agent.submit(), "approve"), 401, "unauthorized")


class TestBatch:
    def items(self, *documents):
        return [{name: d[name] for name in ("id", "revision", "digest")} for d in documents]

    def test_decides_each_by_itself_and_says_why_not(self, agent, person):
        fine, changed, risky = agent.submit(), agent.submit(), agent.submit(amount=50_000)
        agent.post(f"approvals/{changed['id']}/revise/", {"arguments": {}})
        decided = agent.submit()
        person.decide(decided, "reject", feedback="No.")
        unknown = fine | {"id": "00000000-0000-4000-8000-000000000000"}
        items = self.items(fine, changed, risky, decided, unknown, fine)

        response = person.post("decisions/batch/", {"items": items, "verdict": "approve"})

        assert response.status_code == 200
        assert [(result["result"], result["code"]) for result in response.json()] == [
            ("settled", ""),
            ("skipped", "stale_revision"),
            ("skipped", "decision_not_allowed"),
            ("skipped", "already_settled"),
            ("skipped", "not_found"),
            ("skipped", "duplicate"),
        ]
        assert [result["id"] for result in response.json()] == [item["id"] for item in items]

    def test_does_not_tell_of_what_other_teams_see(self, agent, guarded, stranger):
        risky = agent.submit(amount=50_000)
        items = self.items(guarded, risky)

        results = stranger.post("decisions/batch/", {"items": items, "verdict": "approve"}).json()

        assert {(result["code"], result["detail"]) for result in results} == {
            ("not_found", "Not found.")
        }
        assert events.DENIED not in [
            event.type for event in trail.history_of(f"approval:{risky['id']}")
        ]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"verdict": "modify"}, "not_a_choice"),
            ({"items": []}, "too_few_items"),
            (
                {"items": [{"id": "x", "revision": 1, "digest": "sha256:" + "0" * 64}]},
                "invalid_format",
            ),
            ({"items": [{"id": "x"}] * 101}, "too_many_items"),
            ({"feedback": "x" * 2001}, "too_long"),
            ({"sure": True}, "unknown_field"),
        ],
    )
    def test_has_a_shape(self, agent, person, change, code):
        body = {"items": self.items(agent.submit()), "verdict": "approve"} | change

        refused = person.post("decisions/batch/", body)

        assert refused.status_code == 422
        assert code in {error["code"] for error in refused.json()["errors"]}

    def test_is_never_an_agent_s(self, agent):
        body = {"items": self.items(agent.submit()), "verdict": "approve"}

        problem(agent.post("decisions/batch/", body), 403, "not_eligible")
