from django.urls import path

from approvals.api import agents, approvals, people, published, together

app_name = "api"

urlpatterns = [
    path("v1/approvals/", approvals.Approvals.as_view(), name="approvals"),
    path("v1/approvals/bulk/", approvals.Bulk.as_view(), name="bulk"),
    path("v1/approvals/together/", together.Together.as_view(), name="together"),
    path("v1/approvals/<uuid:approval_id>/", approvals.Approval.as_view(), name="approval"),
    path("v1/approvals/<uuid:approval_id>/revise/", approvals.Revise.as_view(), name="revise"),
    path("v1/approvals/<uuid:approval_id>/cancel/", approvals.Cancel.as_view(), name="cancel"),
    path("v1/approvals/<uuid:approval_id>/consume/", approvals.Consume.as_view(), name="consume"),
    path("v1/approvals/<uuid:approval_id>/outcome/", approvals.Outcome.as_view(), name="outcome"),
    path(
        "v1/approvals/<uuid:approval_id>/decisions/",
        people.Decisions.as_view(),
        name="decisions",
    ),
    path("v1/decisions/batch/", people.Batch.as_view(), name="batch"),
    path("v1/inbox/", people.Inbox.as_view(), name="inbox"),
    path("v1/groups/<path:name>/", agents.Group.as_view(), name="group"),
    path("v1/feed/", agents.Feed.as_view(), name="feed"),
    path("v1/evaluate/", agents.Evaluate.as_view(), name="evaluate"),
    path("v1/checkpoints/", agents.Checkpoints.as_view(), name="checkpoints"),
    path("v1/checkpoints/<slug:name>/", agents.Checkpoint.as_view(), name="checkpoint"),
    path("schema/", published.schema, name="schema"),
]
