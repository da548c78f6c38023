"""The whole map of the site: doors only."""

from django.contrib import admin
from django.urls import include, path

from hitl_site import health, welcome

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("welcome/<str:token>/", welcome.welcome, name="welcome"),
    path("admin/", admin.site.urls),
    path("", include("approvals.urls")),
]
handler400 = "hitl_site.failures.bad_request"
handler404 = "hitl_site.failures.not_found"
handler500 = "hitl_site.failures.server_error"
