"""Settings come from the environment; each is read and checked here, with an error that says how to mend it.

Pure but for `kept_key`, which makes the keys of the embedded service in its own folder, and for FETCH_CA's file, which
is read.
"""

from __future__ import annotations

import os
import re
import secrets
import ssl
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

from digest.sources.addresses import Proxy, Route
from subscribers.address import check_address

BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps")
BROKER_EXAMPLES = "redis://localhost:6379/0 or amqp://digest:secret@localhost:5672//"
CACHE_EXAMPLES = "redis://localhost:6379/1 or memory:// (then each process counts for itself)"
DATABASE_EXAMPLES = "sqlite:////var/lib/digest/digest.sqlite3 or postgres://digest:secret@localhost:5432/digest"
DAYS_MOST = 36_500  # a century: more is a slip, and no date can be that far back
PROXY_EXAMPLES = "http://proxy.example.org:3128 or http://user:secret@proxy.example.org:3128"
KEY_LEAST = 50  # characters; Django asks for as many
LABELS = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
PORT = r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
WEB_ADDRESS = re.compile(rf"https?://{LABELS}{PORT}(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
HOST_NAME = re.compile(rf"{LABELS}|\[[0-9A-Fa-f:.]+\]", re.ASCII)
ODD_IN_PASSWORD = "/#?@: "  # noqa: S105 - the characters that break a URL when they stand bare in a password


class SettingError(Exception):
    """A missing or wrong setting: one line that names the variable, what is wrong and an example."""

    def __init__(self, variable: str, wrong: str, example: str = "") -> None:
        shown = f". For example: {variable}={example}" if example else ""
        super().__init__(f"{variable}: {wrong}{shown}")


def split_url(variable: str, url: str, example: str) -> SplitResult:
    """The parts of a URL whose user and password are percent-encoded; SettingError when they are bare."""
    parts = urlsplit(url)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if port_is_fine and "@" not in parts.path + parts.query + parts.fragment:
        return parts
    raise SettingError(variable, _bare(url), example)


def _bare(url: str) -> str:
    """What to say of a URL that has bare characters in user or password: the mended form, password hidden."""
    scheme, _, rest = url.partition("://")
    credentials, at, server = rest.rpartition("@")
    if not at:
        return "the port is not a number"  # what stands there may be a piece of a password: it is not shown
    user, _, password = credentials.partition(":")
    needed = sorted({f"{c} as {quote(c, safe='')}" for c in user + password if c in ODD_IN_PASSWORD})
    shown = f"{scheme}://{quote(user, safe='')}:...@{server}"
    return f"special characters in user or password must be written percent-encoded ({', '.join(needed)}): {shown}"


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


def number_of_days(variable: str, text: str) -> int:
    """A whole number of days, at least one."""
    if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) is None or not 1 <= int(text) <= DAYS_MOST:
        raise SettingError(variable, f"{text!r} is no number of days, from 1 to {DAYS_MOST}", "90")
    return int(text)


def site_url(text: str) -> str:
    """SITE_URL without a closing slash: scheme, host, perhaps a port, and nothing else.

    It stands in every mail's header and links, so nothing odd may pass here.
    """
    example = "https://digest.example.org"
    if not text.startswith(("http://", "https://")):
        raise SettingError("SITE_URL", f"{text!r} has no http:// or https:// in front", example)
    if urlsplit(text).path.strip("/"):
        raise SettingError("SITE_URL", f"{text!r} has a path; the site needs a host name of its own", example)
    if WEB_ADDRESS.fullmatch(text) is None:
        raise SettingError("SITE_URL", "it is not the plain address of a site (an IDN is written as xn--...)", example)
    return text.rstrip("/")


def broker(url: str) -> str:
    """A BROKER_URL of a kind that Celery speaks here."""
    scheme = url.partition("://")[0]
    if scheme not in BROKERS:
        raise SettingError("BROKER_URL", f"the scheme {scheme!r} is not known", BROKER_EXAMPLES)
    return url


def count(variable: str, text: str) -> int:
    """A number that is not negative."""
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise SettingError(variable, f"{text!r} is no number of proxies", "1")
    return int(text)


def host_name(variable: str, text: str) -> str:
    """A host as it is said in EHLO: a domain, or an address in brackets."""
    if HOST_NAME.fullmatch(text) is None:
        raise SettingError(variable, f"{text!r} is no host name (an IDN is written as xn--...)", "mail.example.org")
    return text


def one_line(variable: str, text: str) -> str:
    """A text that may stand in a header."""
    if any(not character.isprintable() for character in text):
        raise SettingError(variable, "it holds a line break or another control character", "Daily Papers Digest")
    return text


def folder(variable: str, path: Path) -> Path:
    """A folder that is made when missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(variable, f"the folder {path} can't be made: {error.strerror}", "/var/lib/digest") from None
    return path


def mailbox(variable: str, text: str) -> str:
    """A mailbox with or without a name: `Daily Papers <digest@example.org>`."""
    address = parseaddr(text)[1]
    if not address.isascii() or address.count("@") != 1 or "\n" in text or "\r" in text:
        raise SettingError(variable, f"{text!r} is not a mail address", "Daily Papers <digest@example.org>")
    return text


def operators(text: str) -> tuple[str, ...]:
    """OPERATORS: plain addresses with commas between, each once however it is spelled; none when empty."""
    found: dict[str, str] = {}
    for one in filter(None, map(str.strip, text.split(","))):
        try:
            mailed, compared = check_address(one)
        except ValueError as wrong:
            raise SettingError(
                "OPERATORS", " ".join(str(wrong).split()).rstrip("."), "ada@example.org,ben@example.org"
            ) from None
        found.setdefault(compared, mailed)
    return tuple(found.values())


def required(environment: Mapping[str, str], variable: str, example: str) -> str:
    """The value of a variable that has no default outside the embedded service."""
    value = environment.get(variable, "")
    if not value:
        raise SettingError(variable, "it is needed with a database that is not SQLite, and is not set", example)
    return value


def secret(environment: Mapping[str, str], variable: str, home: Path | None) -> str:
    """A key from the environment, or (embedded: `home` given) one that is made once and kept in its folder."""
    value = environment.get(variable, "")
    if value and len(value) < KEY_LEAST:
        raise SettingError(
            variable, f"{len(value)} characters are too few, it takes {KEY_LEAST}", "(50 random letters)"
        )
    if value:
        return value
    if home is None:
        return required(environment, variable, "(50 random letters)")
    return _whole(variable, home / "keys" / variable.lower())


def _whole(variable: str, path: Path) -> str:
    """The key kept at `path`. One that was lost must not be replaced in silence: old links would stop working."""
    key = kept_key(path)
    if len(key) < KEY_LEAST:
        wrong = f"its file {path} holds {len(key)} characters, and should hold {KEY_LEAST} or more"
        raise SettingError(variable, f"{wrong}; put it back from your backup, or remove it on a new installation")
    return key


def kept_key(path: Path) -> str:
    """The key in a file that only its owner reads; made when missing, one winner when two make it at once."""
    if not path.exists():
        folder("DIGEST_HOME", path.parent)
        path.parent.chmod(0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())  # a name without its content after a power cut would be an empty key
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
