"""Reviewers at the door, on a real clock: pages compare deadlines with the time they are drawn."""

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import ApprovalRequest


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def ask(submit, now):
    """`ask(amount=…, **body)`: an approval that waits now."""

    def act(**body):
        return submit(when=now, **body)

    return act


@pytest.fixture
def sign_in():
    """`sign_in(reviewer)`: their browser."""

    def act(reviewer):
        client = Client()
        client.force_login(reviewer.user)
        return client

    return act


@pytest.fixture
def ada_at(sign_in, ada):
    """Ada's browser."""
    return sign_in(ada)


@pytest.fixture
def ben_at(sign_in, ben):
    """Ben's browser."""
    return sign_in(ben)


@pytest.fixture
def seen():
    """`seen(approval, **said)`: the fields of a form about what stands there now."""

    def fields(approval, **said):
        approval = ApprovalRequest.objects.get(pk=approval.pk)
        return {"revision": approval.revision, "digest": approval.digest} | said

    return fields


@pytest.fixture
def fresh():
    def read(approval):
        return ApprovalRequest.objects.get(pk=approval.pk)

    return read
