"""The admin's door: policies and people. History is read here, and nothing is decided."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from approvals.admin import (
    agents,
    bypasses,
    checkpoints,
    history,
    installation,
    notices,
    people,
    schedules,
    templates,
)

__all__ = [
    "agents",
    "bypasses",
    "checkpoints",
    "history",
    "installation",
    "notices",
    "people",
    "schedules",
    "templates",
]

admin.site.site_header = "Placet"
admin.site.site_title = "Placet"
admin.site.index_title = "Policies and people"
# One sign-in page, with its limits on guessing, for everybody.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
