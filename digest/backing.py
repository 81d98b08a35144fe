"""The services behind this one, by the URLs that name them: database, broker, cache; and the way out to the web.

Pure but for FETCH_CA's file, which is read.
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

from digest.environment import HOST_NAME, SettingError, split_url
from digest.sources.addresses import Proxy, Route

BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps")
BROKER_EXAMPLES = "redis://localhost:6379/0 or amqp://digest:secret@localhost:5672//"
CACHE_EXAMPLES = "redis://localhost:6379/1 or memory:// (then each process counts for itself)"
DATABASE_EXAMPLES = "sqlite:////var/lib/digest/digest.sqlite3 or postgres://digest:secret@localhost:5432/digest"
PROXY_EXAMPLES = "http://proxy.example.org:3128 or http://user:secret@proxy.example.org:3128"


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a DATABASE_URL (sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/NAME)."""
    if url.startswith("sqlite:///"):
        return sqlite(url.removeprefix("sqlite:///"))
    parts = split_url("DATABASE_URL", url, DATABASE_EXAMPLES)
    if parts.scheme not in ("postgres", "postgresql"):
        raise SettingError("DATABASE_URL", f"the scheme {parts.scheme!r} is not known", DATABASE_EXAMPLES)
    if not parts.path.strip("/"):
        raise SettingError("DATABASE_URL", "the name of the database is missing", DATABASE_EXAMPLES)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def sqlite(path: str) -> dict[str, Any]:
    """SQLite as a database for several processes: WAL, write transactions that queue instead of failing.

    synchronous=FULL: a commit survives a power cut. The mark `dotted` is committed before a mail's last dot,
    and losing that mark would send the mail twice.
    """
    if not path:
        raise SettingError("DATABASE_URL", "the path of the database is missing", DATABASE_EXAMPLES)
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": pragmas, "timeout": 20},
    }


def caches(url: str, broker: str) -> dict[str, dict[str, Any]]:
    """Django's CACHES for a CACHE_URL (redis://HOST/N, unix:///SOCKET?db=N, memory://); without one, beside the broker.

    `here` is each process' own memory: it counts when the shared one is away.
    """
    here = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "here"}
    shared = url or _beside(broker)
    if shared == "memory://":
        return {"default": {**here, "LOCATION": "shared"}, "here": here}
    if not shared.startswith(("redis://", "rediss://", "unix://")):
        raise SettingError("CACHE_URL", f"the scheme of {shared.split(':', 1)[0]!r} is not known", CACHE_EXAMPLES)
    # asked once: while it is away, pages must not wait for it
    options = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 0)}
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": shared, "OPTIONS": options}
    return {"default": redis, "here": here}


def _beside(broker: str) -> str:
    """The cache that goes with a broker: the same Redis or Valkey, database 1; memory with any other kind."""
    parts = urlsplit(broker)
    if parts.scheme == "redis+socket":
        return f"unix://{parts.path}?db=1"
    if parts.scheme in ("redis", "rediss"):
        return parts._replace(path="/1").geturl()
    return "memory://"


def broker(url: str) -> str:
    """A BROKER_URL of a kind that Celery speaks here."""
    scheme = url.partition("://")[0]
    if scheme not in BROKERS:
        raise SettingError("BROKER_URL", f"the scheme {scheme!r} is not known", BROKER_EXAMPLES)
    return url


def route(proxy: str, ca: str) -> Route:
    """How listings are fetched: by FETCH_PROXY (http://USER:PASSWORD@HOST:PORT) and FETCH_CA (a file), if set."""
    return Route(_proxy(proxy) if proxy else None, _authorities(ca) if ca else "")


def _proxy(url: str) -> Proxy:
    try:
        parts = split_url("FETCH_PROXY", url, PROXY_EXAMPLES)
    except ValueError:  # brackets that are none
        raise SettingError("FETCH_PROXY", "it is no address", PROXY_EXAMPLES) from None
    if parts.scheme != "http":
        raise SettingError("FETCH_PROXY", "it does not begin with http://, the one kind of proxy known", PROXY_EXAMPLES)
    if not parts.hostname or parts.port is None or HOST_NAME.fullmatch(_bracketed(parts.hostname)) is None:
        raise SettingError("FETCH_PROXY", "it takes a host and a port (an IDN is written as xn--...)", PROXY_EXAMPLES)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingError("FETCH_PROXY", "nothing may follow the port", PROXY_EXAMPLES)
    return Proxy(parts.hostname, parts.port, unquote(parts.username or ""), unquote(parts.password or ""))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _authorities(path: str) -> str:
    """The path of a file of certificates, when OpenSSL can read it."""
    try:
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        found.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else "no PEM in it"
        raise SettingError("FETCH_CA", f"{path!r} can't be read as certificates ({why})", "/etc/ssl/own.pem") from None
    return path
