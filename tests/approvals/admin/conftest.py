"""Somebody who edits policies and people, at the admin's door."""

import pytest

from approvals.operations import people


@pytest.fixture
def root(db, at):
    return people.create_admin("root", password="a long enough one", actor="test", at=at)


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    return client
