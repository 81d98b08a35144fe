"""EMAIL_URL: where the mail goes. Pure.

An error is one line that says what is wrong and how to mend it, with an example; the caller names the
variable. It never quotes what stands in the URL: with one sign unescaped, any part of it may be a piece of
the password.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from subscribers.outbox import providerurl
from subscribers.outbox.providerurl import Provider

Scheme = Literal["smtp", "smtps", "smtp+starttls"]

PORTS: Mapping[Scheme, int] = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
EXAMPLE = "smtp+starttls://user:pass%2Fword@mail.example.org:587"
OPTIONS_EXAMPLE = f"{EXAMPLE}?timeout=20&connections=8"
CONNECTIONS, CONNECTIONS_MOST = 64, 512
FOLDER_EXAMPLE = "file:///var/mail/out"
BY_PROVIDER = "anymail+"
PROVIDER_EXAMPLE = f"{BY_PROVIDER}postmark://KEY@ or {BY_PROVIDER}mailgun://KEY@?sender_domain=mail.example.org"
# What ends the user and password in a URL, so that it must be escaped inside them (RFC 3986, 3.2).
ENDS = "/#?@"
LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"(?P<host>{LABEL}(?:\.{LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(?::(?P<port>[0-9]{{1,5}}))?/?")
LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server: `smtp` in the clear, `smtps` with TLS from the start, `smtp+starttls` never without it.

    `timeout` in seconds shortens every standard time-out; an empty `user` means no log-in; `connections` are used at
    once by one sender, or fewer when the server wants fewer.
    """

    scheme: Scheme
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float | None = None
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that gets one `.eml` a letter."""

    path: Path


Place = MailServer | Folder | Provider


def read_mail_url(text: str) -> Place:
    """Where mail goes, as EMAIL_URL says it; ValueError with one line, an example and no secret."""
    scheme, mark, rest = text.strip().partition("://")
    if mark and scheme.lower() == "file":
        return _folder(rest)
    for known in PORTS:
        if mark and scheme.lower() == known:
            return _server(known, rest)
    if mark and scheme.lower().startswith(BY_PROVIDER):
        return _provider(scheme.lower().removeprefix(BY_PROVIDER), rest)
    servers = ", ".join(f"{name}://" for name in PORTS)
    raise _error(f"it starts with none of {servers} and file:///, nor with {BY_PROVIDER}PROVIDER://")


def _error(what: str, example: str = EXAMPLE) -> ValueError:
    return ValueError(f"{what}, as in {example}")


def _server(scheme: Scheme, rest: str) -> MailServer:
    # The last @ parts them: a host can't hold one, a password with one is then found and refused.
    person, at, place = rest.rpartition("@")
    user, password = _person(person) if at else ("", "")
    place, asked, options = place.partition("?")
    timeout, connections = _options(options) if asked else (None, CONNECTIONS)
    host, port = _host(place, at != "")
    return MailServer(scheme, host, port or PORTS[scheme], user, password, timeout, connections)


def _person(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user or not password:
        raise _error("it needs both a user and a password before the @, or neither")
    return _decoded("user", user), _decoded("password", password)


def _decoded(name: str, text: str) -> str:
    """A percent-decoded user or password; a plus is a plus."""
    wrong = [sign for sign in ENDS if sign in text]
    if LONE_PERCENT.search(text):
        wrong.append("%")
    if wrong:
        mend = ", ".join(f"%{ord(sign):02X} for {sign}" for sign in wrong)
        raise _error(f"its {name} has an unescaped {' '.join(wrong)}: write {mend}")
    plain = unquote(text, errors="replace")
    # Log-in over SMTP carries other characters in no agreed encoding; control signs would end the command.
    if not plain.isascii() or not plain.isprintable():
        raise _error(f"its {name} has characters other than printable ASCII: give that account another one")
    return plain


def _host(place: str, has_person: bool) -> tuple[str, int]:
    """(host, port or 0)."""
    found = HOST.fullmatch(place)
    if found is None:
        hint = "" if has_person else " (a user and password end with @; / # ? in them are written %2F %23 %3F)"
        raise _error(f"it has no readable host and port{hint}: write HOST:PORT, other scripts as xn--")
    port = int(found["port"]) if found["port"] else 0
    if found["port"] and not 1 <= port <= 65535:
        raise _error("its port is not between 1 and 65535")
    return found["host"].strip("[]").rstrip(".").lower(), port


def _provider(name: str, rest: str) -> Provider:
    person, at, asked = rest.rpartition("@")
    if name not in providerurl.KEYS:
        raise _error(f"it names none of the providers {', '.join(providerurl.KEYS)}", PROVIDER_EXAMPLE)
    place, mark, text = asked.partition("?")
    if not at or place.strip("/") or (mark and not text):
        raise _error("it is not written KEY@?OPTION=VALUE behind the provider's name", PROVIDER_EXAMPLE)
    keys = [_decoded("key", key) for key in person.split(":")]
    options = _named(text) if text else {}
    if options is None:
        raise _error("it has an option twice", PROVIDER_EXAMPLE)
    timeout, connections = options.pop("timeout", None), options.pop("connections", None)
    try:
        settings = providerurl.settings_of(name, keys, {name: unquote(value) for name, value in options.items()})
    except ValueError as wrong:
        raise _error(str(wrong), PROVIDER_EXAMPLE) from None
    return Provider(
        name,
        settings,
        None if timeout is None else _timeout(timeout),
        providerurl.CONNECTIONS if connections is None else _connections(connections),
    )


def _named(text: str) -> dict[str, str] | None:
    """Options by name; None when one is named twice."""
    named = [option.partition("=")[::2] for option in text.split("&")]
    return dict(named) if len(dict(named)) == len(named) else None


def _options(text: str) -> tuple[float | None, int]:
    """(timeout, connections); each may be named once."""
    values = _named(text)
    if values is None or not values.keys() <= {"timeout", "connections"}:
        raise _error("it has an option other than ?timeout=SECONDS and &connections=NUMBER", OPTIONS_EXAMPLE)
    timeout = _timeout(values["timeout"]) if "timeout" in values else None
    return timeout, _connections(values["connections"]) if "connections" in values else CONNECTIONS


def _timeout(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _error("its timeout is no number of seconds above 0", OPTIONS_EXAMPLE)
    return seconds


def _connections(value: str) -> int:
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else 0
    if not 1 <= number <= CONNECTIONS_MOST:
        raise _error(f"its connections are no number from 1 to {CONNECTIONS_MOST}", OPTIONS_EXAMPLE)
    return number


def _folder(rest: str) -> Folder:
    path, asked, options = rest.partition("?")
    if asked:
        _options(options)  # a folder never waits, but the options are no mistake
    if not path.startswith("/"):
        raise _error("it names a folder without its full path: write file:// and then /", FOLDER_EXAMPLE)
    if LONE_PERCENT.search(path):
        raise _error("its folder has an unescaped %: write %25 for %", FOLDER_EXAMPLE)
    plain = unquote(path)
    if plain.strip("/") == "" or not plain.isprintable():
        raise _error("it names no folder after file://", FOLDER_EXAMPLE)
    return Folder(Path(plain))
