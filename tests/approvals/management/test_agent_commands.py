import pytest
from django.utils import timezone

from approvals.models import Agent, Checkpoint, Installation
from approvals.operations import agents

pytestmark = pytest.mark.django_db


class TestCreateAgent:
    def test_prints_key_and_secret_once(self, run):
        done = run("create_agent", "mailer", "--callback-allow", "https://hooks.example/placet")

        agent = Agent.objects.get()
        assert set(done.answer) == {"id", "name", "key", "webhook_secret"}
        assert done.answer["key"].startswith(f"plc_agent_{agent.keys.get().prefix}_")
        assert agents.webhook_secrets(agent, at=timezone.now()) == [done.answer["webhook_secret"]]
        assert agent.callback_prefixes == ["https://hooks.example/placet"]

    def test_may_name_no_callback_by_default(self, run):
        run("create_agent", "mailer")

        assert Agent.objects.get().callback_prefixes == []

    def test_refuses_a_second_of_the_name(self, run, robin):
        done = run("create_agent", "robin")

        assert (done.code, done.text) == (1, "")
        assert "There is an agent called 'robin' already." in done.words

    @pytest.mark.parametrize("prefix", ["hooks.example", "ftp://hooks.example", "https://"])
    def test_wants_an_address_for_callbacks(self, run, prefix):
        assert run("create_agent", "mailer", "--callback-allow", prefix).code == 2


class TestRotateKey:
    def test_prints_new_ones_and_lets_the_old_run_out(self, run):
        old = run("create_agent", "mailer").answer

        new = run("rotate_key", "mailer", "--overlap-seconds", "60").answer

        assert new["key"] != old["key"]
        agent = Agent.objects.get()
        assert agents.webhook_secrets(agent, at=timezone.now()) == [
            new["webhook_secret"],
            old["webhook_secret"],
        ]
        assert agent.keys.filter(expires_at__isnull=False).count() == 1

    def test_refuses_an_unknown_agent(self, run):
        assert run("rotate_key", "nobody").code == 1

    def test_wants_an_overlap_that_is_none_or_more(self, run, robin):
        assert run("rotate_key", "robin", "--overlap-seconds=-1").code == 2


class TestPauseAndResume:
    def test_stop_one_agent_and_let_it_go_on(self, run, robin):
        assert run("pause", "--agent", "robin").answer == {"subject": robin.ref, "paused": True}
        assert Agent.objects.get().paused_at

        assert run("resume", "--agent", "robin").answer == {"subject": robin.ref, "paused": False}
        assert not Agent.objects.get().paused_at

    def test_stop_one_checkpoint(self, run, payments):
        run("pause", "--checkpoint", "payments")

        assert Checkpoint.objects.get().paused_at

    def test_stop_everything(self, run):
        assert run("pause", "--all").answer == {"subject": "system", "paused": True}
        assert Installation.objects.get().paused_at

    @pytest.mark.parametrize(
        "arguments", [[], ["--agent", ""], ["--checkpoint", ""], ["--all", "--agent", "robin"]]
    )
    def test_never_mean_everything_by_accident(self, run, arguments):
        assert run("pause", *arguments).code != 0
        assert run("resume", *arguments).code != 0
        assert not Installation.objects.exists()

    def test_refuse_an_unknown_name(self, run):
        assert run("pause", "--agent", "nobody").words == "There is no agent called 'nobody'."


class TestReleaseSweep:
    def test_lets_deadlines_act_again(self, run, db):
        Installation.objects.create(sweep_held_at=timezone.now(), sweep_held_because="A storm.")

        assert run("release_sweep").answer == {"released": True}
        assert Installation.objects.get().sweep_held_at is None

    def test_says_so_where_nothing_is_held(self, run, db):
        done = run("release_sweep")

        assert (done.code, done.words) == (1, "Deadlines are not held back.")
