"""What the server runs: the front, with Django behind it."""

from django.conf import settings

from hitl_site.environment import whole_number
from hitl_site.waiting.buses import bus_for
from hitl_site.waiting.front import Front
from hitl_site.wsgi import application as django

application = Front(
    django,
    bus_for(settings.DATABASES["default"]),
    # Threads for Django, each with a database connection of its own.
    workers=whole_number("PLACET_WEB_THREADS", 6, lowest=1),
    api_body_bytes=settings.MAX_BODY_BYTES,
)
