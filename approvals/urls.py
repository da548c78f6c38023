"""The doors: agents' under /api/, reviewers' at the root."""

from allauth.account import views as account_views
from django.urls import include, path

from approvals.api import published
from approvals.views import (
    batch,
    deciding,
    detail,
    editing,
    history,
    live,
    planning,
    preferences,
    queue,
)

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("plans/", queue.plans, name="plans"),
    path("start/", deciding.start, name="start"),
    path("live/", live.live, name="live"),
    path("approvals/<uuid:approval_id>/", detail.approval, name="approval"),
    path("approvals/<uuid:approval_id>/decide/", deciding.decide, name="decide"),
    path("approvals/<uuid:approval_id>/modify/", editing.modify, name="modify"),
    path("approvals/<uuid:approval_id>/plan/", planning.decide_plan, name="decide_plan"),
    path("approvals/<uuid:approval_id>/claim/", deciding.claim, name="claim"),
    path("approvals/<uuid:approval_id>/reveal/", deciding.reveal, name="reveal"),
    path("batch/", batch.batch, name="batch"),
    path("batch/look/", batch.look, name="batch_look"),
    path("batch/<uuid:token>/", batch.outcome, name="batch_outcome"),
    path("history/", history.history, name="history"),
    path("runs/<uuid:agent_id>/<path:run>/", history.run, name="run"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/notices/", preferences.notices, name="preferences_notices"),
    path("preferences/notices/test/", preferences.send_test, name="preferences_test"),
    path("sign-in/", account_views.login, name="sign_in"),
    path("sign-out/", account_views.logout, name="sign_out"),
    # allauth finds its own pages by these names.
    path("sign-in/", account_views.login, name="account_login"),
    path("sign-out/", account_views.logout, name="account_logout"),
    path("api/", include("approvals.api.urls")),
    path("api/docs/", published.docs, name="docs"),
    path(".well-known/jwks.json", published.jwks, name="jwks"),
]
