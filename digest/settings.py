"""Django's settings, all of them: read from the environment and checked (see `environment`)."""

import os
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from digest import backing, environment
from digest.sources.politeness import PROGRAM, user_agent
from subscribers.outbox.mailboxurl import read_mailbox_url
from subscribers.outbox.mailurl import read_mail_url
from subscribers.outbox.providers import read_names
from subscribers.outbox.verp import EXAMPLE as BOUNCE_EXAMPLE
from subscribers.outbox.verp import read_base

T = TypeVar("T")
BASE_DIR = Path(__file__).resolve().parent.parent
DIGEST_HOME = Path(os.environ.get("DIGEST_HOME", "") or BASE_DIR / "var").absolute()

_database_url = os.environ.get("DATABASE_URL", "") or f"sqlite:///{DIGEST_HOME / 'digest.sqlite3'}"
EMBEDDED = _database_url.startswith("sqlite:")
_home = DIGEST_HOME if EMBEDDED else None


def _setting(variable: str, embedded: str, example: str) -> str:
    if EMBEDDED:
        return os.environ.get(variable, "") or embedded
    return environment.required(os.environ, variable, example)


def _read(variable: str, read: Callable[[str], T]) -> T | None:
    """A setting that may be missing, by a reader whose ValueError says what is wrong."""
    text = os.environ.get(variable, "")
    try:
        return read(text) if text else None
    except ValueError as wrong:
        raise environment.SettingError(variable, str(wrong)) from None


DATABASES = {"default": backing.database(_database_url)}
if EMBEDDED:
    _named = "DATABASE_URL" if os.environ.get("DATABASE_URL") else "DIGEST_HOME"
    environment.folder(_named, Path(DATABASES["default"]["NAME"]).absolute().parent)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = environment.secret(os.environ, "SECRET_KEY", _home)
LINK_KEY = environment.secret(os.environ, "LINK_KEY", _home)

SITE_URL = environment.site_url(_setting("SITE_URL", "http://localhost:8000", "https://digest.example.org"))
SITE_HOST = urlsplit(SITE_URL).hostname or ""
SITE_NAME = environment.one_line("SITE_NAME", os.environ.get("SITE_NAME", "") or "Daily Papers Digest")
LOCAL_INBOX = EMBEDDED and SITE_HOST in ("localhost", "127.0.0.1", "::1")
ALLOWED_HOSTS = [SITE_HOST, "localhost", "127.0.0.1"] if EMBEDDED else [SITE_HOST]
HTTPS = SITE_URL.startswith("https://")
DEBUG = EMBEDDED and not HTTPS and os.environ.get("DIGEST_DEBUG", "") == "1"  # `make dev` alone

MAIL_FROM = environment.mailbox(
    "MAIL_FROM", _setting("MAIL_FROM", f"Daily Papers Digest <digest@{SITE_HOST}>", "digest@example.org")
)
DKIM = environment.dkim(os.environ, MAIL_FROM)  # signs every mail; None: the relay may
REPLY_TO = environment.mailbox("REPLY_TO", os.environ.get("REPLY_TO", "") or MAIL_FROM)
POSTAL_ADDRESS = environment.one_line(
    "POSTAL_ADDRESS",
    _setting(
        "POSTAL_ADDRESS",
        "(postal address not set yet: POSTAL_ADDRESS)",
        "Example Lab, 1 Sample Street, 00000 Exampleton",
    ),
)
OPERATORS = environment.operators(os.environ.get("OPERATORS", ""))  # alerts are mailed to them
HELO_NAME = environment.host_name("HELO_NAME", os.environ.get("HELO_NAME", "") or SITE_HOST)
EMAIL_URL = _setting(
    "EMAIL_URL", f"file://{quote(str(DIGEST_HOME / 'outbox'))}", "smtp://user:secret@mail.example.org:587"
)
try:
    MAIL_TARGET = read_mail_url(EMAIL_URL)
except ValueError as wrong:
    raise environment.SettingError("EMAIL_URL", str(wrong)) from None

# What comes back: the envelope sender that names each letter, the mailbox it leads to, the providers that report.
BOUNCE_ADDRESS = _read("BOUNCE_ADDRESS", read_base) or ""
BOUNCES = _read("BOUNCES_URL", read_mailbox_url)
if BOUNCES is not None and not BOUNCE_ADDRESS:
    raise environment.SettingError("BOUNCE_ADDRESS", "BOUNCES_URL is set, and this is not", BOUNCE_EXAMPLE)
ANYMAIL = {name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")}
WEBHOOKS = _read("WEBHOOKS", lambda names: read_names(names, ANYMAIL)) or ()

BROKER_SOCKET = DIGEST_HOME / "broker.sock"
BROKER_URL = backing.broker(
    _setting("BROKER_URL", f"redis+socket://{quote(str(BROKER_SOCKET))}?virtual_host=0", "redis://localhost:6379/0")
)
# What counts requests; shared by all processes, so beside the broker (in its database 1) unless CACHE_URL says where.
CACHES = backing.caches(os.environ.get("CACHE_URL", "") or ("memory://" if DEBUG else ""), BROKER_URL)

# Fetching listings: the way out, what one look may cost, how we name ourselves.
FETCH_ROUTE = backing.route(os.environ.get("FETCH_PROXY", ""), os.environ.get("FETCH_CA", ""))
FETCH_SECONDS = 60.0
FETCH_BYTES = 20_000_000
FETCH_USER_AGENT = user_agent(PROGRAM, SITE_URL, parseaddr(REPLY_TO)[1])
BODIES_KEPT_DAYS = environment.number_of_days("BODIES_KEPT_DAYS", os.environ.get("BODIES_KEPT_DAYS", "") or "90")

# leaves and complaints, outside the database so that they survive a restore
JOURNAL = DIGEST_HOME / "journal.jsonl"

INSTALLED_APPS = [
    "digest.apps.CockpitConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "subscribers",
    "digest.apps.DigestConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "digest.views.origin.CsrfMiddleware",  # Django's, for browsers that send no Referer and so `Origin: null`
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last, as its documentation says
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# Log-ins: whoever is wrong ten times waits an hour. By user and address together: by the user alone, anybody could
# keep an administrator out.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(hours=1)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "subscribers.visitor.ip_of"
AXES_LOCKOUT_CALLABLE = "digest.views.errors.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
ROOT_URLCONF = "digest.urls"
WSGI_APPLICATION = "digest.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "digest.views.site.site",
            ]
        },
    }
]
MAIL_TEMPLATES = BASE_DIR / "templates" / "email"
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
SECURE_REFERRER_POLICY = "no-referrer"  # links hold tokens
# With an https address a proxy in front ends TLS and says so.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# W003: it looks for Django's own CSRF middleware by name; ours is that one and more.
# The others: HSTS for all subdomains, and for browsers' preload lists. A self-hosted app on somebody's domain can't
# promise that its neighbours speak https.
SILENCED_SYSTEM_CHECKS = ["security.W003", "security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "digest.views.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PROXIES = environment.count(
    "PROXIES", os.environ.get("PROXIES", "") or "0"
)  # how many stand in front: whose X-Forwarded-For is believed
OWN_DOMAINS = tuple(filter(None, os.environ.get("OWN_DOMAINS", "").split(",")))  # no limit on sign-ups from there
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"tokens": {"()": "subscribers.discretion.WithoutTokens"}},
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens"]}},
    # anybody can send any Host; a traceback for each would be a way to fill the disk
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
