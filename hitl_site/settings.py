"""
Settings, read top to bottom, from the environment (and `.env` in the working directory).

Every secret can come from a file: `NAME_FILE=/run/secrets/name`. A wrong value stops
the start with one sentence. docs/operating.md has the whole table.
"""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from hitl_site import mailing
from hitl_site.environment import (
    ASSETS_DIR,
    choice,
    env,
    kept_secret,
    new_signing_key,
    secret,
    whole_number,
)
from hitl_site.sqlite import DEFAULT_OPTIONS as SQLITE_OPTIONS
from hitl_site.sqlite_broker import broker_settings

# Where everything lives ---------------------------------------------------------------

DATA_DIR = Path(env.str("PLACET_DATA_DIR", "var")).resolve()
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = secret("SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")

# The address people and agents use; links in messages and the issuer of grants.
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured(f"SITE_URL must be an http or https address, not {SITE_URL!r}.")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", _site.hostname]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
IS_HTTPS = _site.scheme == "https"

# Addresses or networks whose X-Forwarded-* headers the front (uvicorn) believes.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# Apps ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "approvals",
    "hitl_site",
]

MIDDLEWARE = [
    "hitl_site.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "hitl_site.middleware.SlashesForPeople",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "hitl_site.urls"
WSGI_APPLICATION = "hitl_site.wsgi.application"
ASGI_APPLICATION = "hitl_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ASSETS_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "approvals.views.frame.context",
            ],
        },
    },
]

# Database -----------------------------------------------------------------------------

DATABASE_URL = secret("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'placet.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database |= {"ENGINE": "hitl_site.sqlite", "OPTIONS": dict(SQLITE_OPTIONS)}
elif _database["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be sqlite:///… or postgres://….")
# The web's threads are few and fixed, so each keeps its connection.
_database |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Background work ----------------------------------------------------------------------

BROKER_URL = secret("BROKER_URL")
if BROKER_URL and urlsplit(BROKER_URL).scheme not in ("redis", "rediss", "amqp", "amqps", "memory"):
    raise ImproperlyConfigured("BROKER_URL must be redis://…, amqp://…, or empty (embedded).")
# Seconds for a Redis that hangs, and no second try: whoever decides waits for the answer.
_REDIS_LIMITS = {"socket_connect_timeout": 1, "socket_timeout": 2, "max_retries": 0}
CELERY = {
    **({"broker_url": BROKER_URL} if BROKER_URL else broker_settings(DATA_DIR / "broker.sqlite3")),
    **({"broker_transport_options": _REDIS_LIMITS} if BROKER_URL.startswith("redis") else {}),
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_time_limit": 120,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "broker_connection_retry_on_startup": True,
    # The row is the promise and a sweep finds it: never make a caller wait for the broker.
    "task_publish_retry": False,
    "timezone": "UTC",
}

# Tasks that one worker runs at a time.
WORKER_THREADS = whole_number("PLACET_WORKER_THREADS", 4, lowest=1)
# How often the sweeps look for deadlines and owed deliveries that nobody was woken for.
SWEEP_SECONDS = whole_number("PLACET_SWEEP_SECONDS", 5, lowest=1)

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL,
        "KEY_PREFIX": "placet",
    }
    if BROKER_URL.startswith("redis")
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
    }
}

# Agents -------------------------------------------------------------------------------

# What a submission to an unknown checkpoint meets: `reject`, or the strict one called `default`.
UNKNOWN_CHECKPOINT = choice("PLACET_UNKNOWN_CHECKPOINT", "reject", ("reject", "default"))
# Whether a context that tells a reviewer nothing, such as {"data": …} only, is marked or refused.
VAGUE_CONTEXT = choice("PLACET_VAGUE_CONTEXT", "flag", ("flag", "reject"))
MAX_BODY_BYTES = whole_number("PLACET_MAX_BODY_BYTES", 262_144, lowest=1024)
# Private networks that webhooks may reach, as CIDRs; none by default.
try:
    ALLOW_PRIVATE_CALLBACKS = [
        ipaddress.ip_network(cidr)
        for cidr in env.list("PLACET_ALLOW_PRIVATE_CALLBACKS", default=[])
    ]
except ValueError as error:
    raise ImproperlyConfigured(f"PLACET_ALLOW_PRIVATE_CALLBACKS: {error}.") from error
# Ed25519 private key (PEM) that signs grants; made in the data directory if not given.
SIGNING_KEY = secret("PLACET_SIGNING_KEY") or kept_secret(
    DATA_DIR / "signing_key.pem", new_signing_key
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["approvals.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["approvals.api.rendering.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "approvals.api.rendering.AlwaysJSON",
    "EXCEPTION_HANDLER": "approvals.api.problems.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Placet",
    "DESCRIPTION": "Propose an action, wait for a person, run exactly what was approved.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["approvals.api.schema.add_components"],
}

# Notices ------------------------------------------------------------------------------

# Where e-mail is handed over; empty means that nobody is told by e-mail.
EMAIL_URL = secret("EMAIL_URL")
vars().update(mailing.server(EMAIL_URL))
EMAIL_FROM = mailing.sender(env.str("EMAIL_FROM", ""), host=_site.hostname)
# Seconds for each step of handing a message over.
EMAIL_TIMEOUT = 10
# Services that hear of trouble with the server, as Apprise writes their addresses.
NOTIFY_URLS = mailing.services(secret("NOTIFY_URLS"))

# People -------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "queue"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "approvals.views.signing_in.ClosedDoorAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "sign_in"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "placet_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "placet_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "hitl_site.failures.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
# Other hosts of the domain are not ours to speak for (W005, W021), and whoever ends TLS
# redirects (W008).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Words, times, files ------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "UTC")
STATIC_URL = "static/"
STATICFILES_DIRS = [ASSETS_DIR / "static"]
# Served from where they lie: there is nothing to collect.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Logs -------------------------------------------------------------------------------

LOG_FORMAT = choice("LOG_FORMAT", "console", ("console", "json"))
LOGGING_CONFIG = "hitl_site.logs.configure"
LOGGING = {"format": LOG_FORMAT, "level": env.str("LOG_LEVEL", "INFO")}
