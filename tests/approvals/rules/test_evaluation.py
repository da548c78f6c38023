from dataclasses import replace

import pytest

from approvals.rules import evaluation
from approvals.rules.lifecycle import Via
from approvals.rules.matching import Condition, Pattern
from approvals.rules.policy import Policy, RiskRule
from approvals.rules.tiers import Tier

OPEN_POLICY = Policy("payments", 1, auto_approve_below=0.3)
SMALL = Pattern("small", (Condition("/arguments/amount", "max", 50),), max_risk=0.2)


def evaluate(policy=OPEN_POLICY, *, action="pay", arguments=None, context=None, steps=(), **about):
    candidates = evaluation.proposals(
        action=action,
        arguments=arguments or {},
        steps=[{"id": f"s{place}", "action": "step", **step} for place, step in enumerate(steps)],
        about=context or {},
        agent={"name": "robin", "trust": 0.5},
        run="",
        stage="pre_commit",
    )
    return evaluation.evaluate(policy, candidates, **about)


class TestTheThreshold:
    @pytest.mark.parametrize(
        ("below", "reported", "via"),
        [
            (0.0, None, None),
            (0.0, 0.0, None),
            (0.3, 0.0, Via.THRESHOLD),
            (0.3, 0.29, Via.THRESHOLD),
            (0.3, 0.3, None),
            (0.3, 0.31, None),
            (1.0, 0.89, Via.THRESHOLD),
        ],
    )
    def test_passes_what_is_strictly_below_it(self, below, reported, via):
        assert (
            evaluate(replace(OPEN_POLICY, auto_approve_below=below), reported=reported).via == via
        )

    def test_sees_the_risk_of_every_step(self):
        assert evaluate(steps=[{}, {"arguments": {"amount": 2000}}]).via is None
        assert evaluate(steps=[{}, {"arguments": {"amount": 20}}]).via == Via.THRESHOLD

    def test_passes_nothing_that_a_person_has_in_hand(self):
        assert evaluate(ask_a_person=True).via is None
        assert evaluate(replace(OPEN_POLICY, trigger="false"), ask_a_person=True).via is None
        assert evaluate(patterns=[SMALL], arguments={"amount": 5}, ask_a_person=True).fitting == ()


class TestNeverAuto:
    IRREVERSIBLE = [
        {"arguments": {"irreversible": True}},
        {"arguments": {"irreversible": "true"}},
        {"context": {"irreversible": True}},
        {"context": {"irreversible": 1}},
        {"context": {"impact": {"reversibility": "irreversible"}}},
        {"context": {"impact": {"reversibility": "It is IRREVERSIBLE once sent."}}},
        {"steps": [{}, {"arguments": {"irreversible": True}}]},
        # Nobody can tell what these say.
        {"context": {"impact": "irreversible"}},
        {"context": {"impact": {"reversibility": ["no"]}}},
        {"context": {"impact": None}},
    ]

    @pytest.mark.parametrize("proposed", IRREVERSIBLE)
    def test_lets_neither_threshold_nor_template_pass_what_cannot_be_undone(self, proposed):
        anything = Pattern("anything", (), 1.0, "true")

        found = evaluate(
            replace(OPEN_POLICY, auto_approve_below=1.0), patterns=[anything], **proposed
        )

        assert (found.via, found.fitting, found.barred) == (None, (), True)

    @pytest.mark.parametrize(
        "proposed",
        [
            {},
            {"context": {"impact": {}}},
            {"context": {"impact": {"reversibility": "easily undone"}}},
            {"context": {"irreversible": False}},
            {"arguments": {"irreversible": "no"}},
        ],
    )
    def test_leaves_alone_what_can(self, proposed):
        assert evaluate(**proposed).via == Via.THRESHOLD
        assert not evaluate(**proposed).barred

    @pytest.mark.parametrize(("reported", "via"), [(0.89, Via.THRESHOLD), (0.9, None), (1.0, None)])
    def test_bars_what_is_critical(self, reported, via):
        policy = replace(OPEN_POLICY, auto_approve_below=1.0)

        assert evaluate(policy, reported=reported).via == via

    def test_empty_bars_nothing(self):
        policy = replace(OPEN_POLICY, never_auto="", auto_approve_below=1.0)

        assert evaluate(policy, reported=0.99).via == Via.THRESHOLD


class TestErrorsFailClosed:
    BROKEN = ["args.nothing > 1", "context.a.b", "1", "((", "args.amount + 'x' == 'y'"]

    @pytest.mark.parametrize("broken", BROKEN)
    @pytest.mark.parametrize("name", ["trigger", "never_auto"])
    def test_a_broken_condition_asks_a_person_and_says_so(self, name, broken):
        found = evaluate(
            replace(OPEN_POLICY, **{name: broken}), patterns=[Pattern("p", (), 1.0, "true")]
        )

        assert (found.via, found.fitting) == (None, ())
        assert found.problems[0].startswith(f"{broken}: ")

    @pytest.mark.parametrize("broken", BROKEN)
    def test_a_broken_risk_rule_asks_a_person_even_if_it_weighs_nothing(self, broken):
        policy = replace(OPEN_POLICY, risk_rules=(RiskRule("r", broken, 0.0),))

        found = evaluate(policy, patterns=[Pattern("p", (), 1.0, "true")])

        assert (found.risk.score, found.via, found.fitting) == (0.0, None, ())
        assert found.problems

    @pytest.mark.parametrize("broken", BROKEN)
    def test_a_broken_template_fits_nothing(self, broken):
        policy = replace(OPEN_POLICY, auto_approve_below=0.0)

        assert evaluate(policy, patterns=[Pattern("p", (), 1.0, broken)]).fitting == ()


class TestTheTrigger:
    def test_that_does_not_apply_lets_pass(self):
        policy = Policy("payments", 1, trigger='action.startsWith("process_")')

        assert evaluate(policy, action="read_invoice").via == Via.NOT_TRIGGERED
        assert evaluate(policy, action="process_payments").via is None

    def test_empty_always_applies(self):
        assert evaluate(Policy("payments", 1)).via is None

    def test_applies_if_it_does_to_any_step(self):
        policy = Policy("payments", 1, trigger="has(args.amount) && args.amount > 100")

        assert evaluate(policy, steps=[{"arguments": {"amount": 50}}]).via == Via.NOT_TRIGGERED
        assert evaluate(policy, steps=[{}, {"arguments": {"amount": 500}}]).via is None

    def test_knows_the_names_it_may_use(self):
        told = (
            'agent.name == "robin" && agent.trust == 0.5 && run == "" && stage == "pre_commit"'
            " && step_count == 2"
        )

        found = evaluate(Policy("payments", 1, trigger=f"!({told})"), steps=[{}, {}])

        assert (found.via, found.problems) == (Via.NOT_TRIGGERED, ())


class TestTemplates:
    def test_fit_best_first_in_the_order_given(self):
        other = replace(SMALL, name="other")
        strict = replace(SMALL, name="strict", max_risk=0.0)

        found = evaluate(
            Policy("payments", 1),
            arguments={"amount": 10},
            patterns=[other, strict, SMALL],
            reported=0.1,
        )

        assert found.fitting == ("other", "small")
        assert found.via is None

    def test_never_fit_a_plan_whose_steps_they_have_not_looked_at(self):
        steps = [{"arguments": {"amount": 10}}]

        assert evaluate(patterns=[SMALL], arguments={"amount": 10}, steps=steps).fitting == ()

    def test_do_not_matter_where_nothing_was_triggered(self):
        policy = replace(OPEN_POLICY, trigger="false")

        found = evaluate(policy, patterns=[SMALL], arguments={"amount": 10})

        assert (found.via, found.fitting) == (Via.NOT_TRIGGERED, ())


class TestRouting:
    @pytest.mark.parametrize(
        ("reported", "tier", "needed"),
        [
            (0.0, Tier.TEAM_MEMBER, 1),
            (0.3, Tier.TEAM_LEAD, 1),
            (0.6, Tier.DIRECTOR, 1),
            (0.95, Tier.EXECUTIVE, 2),
        ],
    )
    def test_follows_the_risk(self, reported, tier, needed):
        policy = replace(OPEN_POLICY, quorum={"executive": 2})

        found = evaluate(policy, reported=reported)

        assert (found.tier, found.needed) == (tier, needed)

    def test_carries_the_amount_and_what_the_context_lacks(self):
        policy = replace(OPEN_POLICY, required_context=("/rationale",))

        found = evaluate(policy, arguments={"amount": 70})

        assert (found.amount, found.missing_context) == (70, ("/rationale",))


class TestProposals:
    def test_are_the_request_and_then_each_of_its_steps(self):
        request, step = evaluation.proposals(
            action="pay_all",
            arguments={"total": 5},
            steps=[{"id": "a", "action": "pay", "arguments": {"amount": 5}}],
            about={"rationale": "due"},
            agent={"name": "robin", "trust": 1.0},
            run="r",
            stage="pre_commit",
        )

        assert (request.facts["action"], request.facts["args"]) == ("pay_all", {"total": 5})
        assert (step.facts["action"], step.facts["args"]) == ("pay", {"amount": 5})
        assert step.facts["context"] == {"rationale": "due"}
        assert (request.step, step.step) == ("", "a")
        assert step.document["arguments"] == {"amount": 5}

    def test_a_step_without_arguments_has_none(self):
        _, step = evaluation.proposals(
            action="x",
            arguments={"amount": 9},
            steps=[{"id": "a", "action": "y"}],
            about={},
            agent={"name": "r", "trust": 0.0},
            run="",
            stage="pre_commit",
        )

        assert step.facts["args"] == {}


class TestExplaining:
    TINY = Pattern("tiny", (Condition("/arguments/amount", "max", 5),), max_risk=0.2)

    def test_says_why_each_template_does_not_fit(self):
        found = evaluate(patterns=[SMALL, self.TINY], arguments={"amount": 20}, explain=True)

        assert found.fitting == ("small",)
        assert found.objections == {"tiny": "/arguments/amount is at most 5: not so here"}

    def test_looks_at_templates_even_where_none_may_pass_it(self):
        barred = {"arguments": {"amount": 20, "irreversible": True}}

        found = evaluate(patterns=[SMALL, self.TINY], explain=True, **barred)

        assert (found.never_auto, found.barred, found.fitting) == (True, True, ())
        assert set(found.objections) == {"tiny"}

    def test_comes_to_the_same_as_not_explaining(self):
        plain = evaluate(patterns=[SMALL, self.TINY], arguments={"amount": 20})
        explained = evaluate(patterns=[SMALL, self.TINY], arguments={"amount": 20}, explain=True)

        assert plain == replace(explained, objections={})

    def test_tells_a_trigger_from_a_bar(self):
        found = evaluate(replace(OPEN_POLICY, trigger="false", never_auto=""))

        assert (found.triggered, found.never_auto, found.barred) == (False, False, False)

    def test_of_a_plan_no_template_looks_at_the_steps(self):
        found = evaluate(patterns=[SMALL], arguments={"amount": 20}, steps=[{}], explain=True)

        assert found.objections == {"small": "it is a plan, whose steps no template looks at"}
