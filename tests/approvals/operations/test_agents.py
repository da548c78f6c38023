from datetime import timedelta

import pytest

from approvals import events, keys
from approvals.models import Agent, ApiKey
from approvals.operations import agents
from approvals.operations.agents import InvalidName, NameTaken, UnknownAgent
from audit import trail
from tests import factories

DAY = timedelta(days=1)


@pytest.fixture
def register(db, at):
    def act(name="robin", **about):
        return agents.register(name, actor="user:1", at=at, **about)

    return act


class TestRegister:
    def test_shows_the_key_once_and_keeps_its_digest(self, register):
        made = register()

        kept = ApiKey.objects.get(agent=made.agent)
        shown = keys.read(made.key)
        assert (shown.prefix, shown.digest) == (kept.prefix, kept.digest)
        assert made.key not in (kept.prefix, kept.digest)
        assert made.webhook_secret.startswith("whsec_")

    def test_is_on_record_without_the_key(self, register):
        made = register()

        history = trail.history_of(made.agent.ref)
        assert [event.type for event in history] == [events.AGENT_REGISTERED, events.KEY_ISSUED]
        assert trail.first_break(history) is None
        assert not any(made.key.rpartition("_")[2] in event.body for event in history)

    def test_refuses_a_name_that_is_taken(self, register):
        register()

        with pytest.raises(NameTaken):
            register()

        assert Agent.objects.count() == 1

    @pytest.mark.parametrize("name", ["", " ", "robin ", "x" * 101, "a\nb", "a\0b", "a\u202eb"])
    def test_refuses_a_name_that_could_not_be_read_or_kept(self, register, name):
        with pytest.raises(InvalidName):
            register(name)

        assert Agent.objects.count() == 0

    def test_keeps_who_answers_for_it(self, register):
        owner = factories.UserFactory()

        assert register(owner=owner).agent.owner == owner


class TestRotateKey:
    def test_leaves_the_old_key_and_secret_valid_for_a_while(self, register, at):
        first = register()

        second = agents.rotate_key("robin", actor="user:1", at=at, overlap=DAY)

        old, new = ApiKey.objects.order_by("pk"), keys.read(second.key)
        assert {key.expires_at for key in old if key.prefix != new.prefix} == {at + DAY}
        assert {key.expires_at for key in old if key.prefix == new.prefix} == {None}
        both = agents.webhook_secrets(first.agent, at=at + DAY - timedelta(seconds=1))
        assert set(both) == {first.webhook_secret, second.webhook_secret}
        assert agents.webhook_secrets(first.agent, at=at + DAY) == [second.webhook_secret]

    def test_never_prolongs_an_old_one(self, register, at):
        register()
        agents.rotate_key("robin", actor="user:1", at=at, overlap=timedelta(hours=1))

        agents.rotate_key("robin", actor="user:1", at=at, overlap=DAY)

        ends = sorted(key.expires_at for key in ApiKey.objects.exclude(expires_at=None))
        assert ends == [at + timedelta(hours=1), at + DAY]

    def test_can_end_the_old_one_at_once(self, register, at):
        first = register()

        agents.rotate_key("robin", actor="user:1", at=at, overlap=timedelta(0))

        assert first.webhook_secret not in agents.webhook_secrets(first.agent, at=at)

    def test_refuses_an_agent_nobody_knows(self, db, at):
        with pytest.raises(UnknownAgent):
            agents.rotate_key("nobody", actor="user:1", at=at)


def test_revoking_a_key_ends_it_now_and_is_on_record(register, at):
    made = register()
    key = ApiKey.objects.get()

    agents.revoke_key(key, actor="user:1", at=at)

    key.refresh_from_db()
    assert key.revoked_at == at
    assert trail.history_of(made.agent.ref)[-1].type == events.KEY_REVOKED
