"""
The product's own settings, pointed at a database for tests.

`TEST_DATABASE_URL=postgres://…` runs the same tests on PostgreSQL.
"""

import os
import tempfile
from pathlib import Path

os.environ["PLACET_IGNORE_DOTENV"] = "1"
# In memory where there is such a place: tests ask for thousands of durable commits.
_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
os.environ.setdefault("PLACET_DATA_DIR", tempfile.mkdtemp(prefix="placet-tests-", dir=_memory))
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ["BROKER_URL"] = "memory://"
os.environ["SECRET_KEY"] = "a key for tests, which protects nothing"
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url
else:
    os.environ.pop("DATABASE_URL", None)

from hitl_site.settings import *  # noqa: E402, F403

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
# Hashing passwords well is slow on purpose, and no test is about it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"] == "hitl_site.sqlite":  # noqa: F405
    # A file rather than Django's usual database in memory: threads of one test share it as
    # they do in production, and each worker of xdist gets its own.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}  # noqa: F405
