"""The doors: agents' under /api/, reviewers' at the root."""

from allauth.account import views as account_views
from django.urls import include, path

from approvals.api import published
from approvals.views import (
    backtests,
    batch,
    deciding,
    detail,
    editing,
    explaining,
    history,
    live,
    planning,
    policies,
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
    path("policies/", policies.index, name="policies"),
    path("policies/explain/", explaining.explain, name="explain"),
    path("policies/versions/<uuid:version_id>/", policies.policy, name="policy"),
    path("policies/versions/<uuid:version_id>/publish/", policies.publish, name="publish"),
    path("policies/versions/<uuid:version_id>/backtest/", policies.backtest, name="ask_backtest"),
    path("policies/backtests/<uuid:backtest_id>/", backtests.backtest, name="backtest"),
    path(
        "policies/backtests/<uuid:backtest_id>/cases/<uuid:approval_id>/",
        backtests.case,
        name="overruled",
    ),
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
