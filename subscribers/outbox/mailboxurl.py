"""BOUNCES_URL: the mailbox that returned mail comes to. Pure.

As with EMAIL_URL, an error is one line that never quotes what stands in the URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

Scheme = Literal["imaps", "imap"]

PORTS: Mapping[Scheme, int] = {"imaps": 993, "imap": 143}
EXAMPLE = "imaps://bounces%40example.org:pass%2Fword@imap.example.org/INBOX"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder on an IMAP server: `imaps` with TLS from the start, `imap` in the clear."""

    scheme: Scheme
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


def read_mailbox_url(text: str) -> Mailbox:
    """The mailbox that BOUNCES_URL names; ValueError with one line, an example and no secret."""
    scheme, mark, rest = text.strip().partition("://")
    for known in PORTS:
        if mark and scheme.lower() == known:
            return _mailbox(known, rest)
    raise _error("it starts with neither imaps:// nor imap://")


def _mailbox(scheme: Scheme, rest: str) -> Mailbox:
    person, at, _ = rest.rpartition("@")
    if not at or any(sign in person for sign in "/#?@ "):
        raise _error("it needs a user and a password before the @, in which / # ? @ are written %2F %23 %3F %40")
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port or PORTS[scheme]
    except ValueError:
        raise _error("its host or port can't be read") from None
    if not parts.hostname or parts.query or parts.fragment or not parts.hostname.isascii():
        raise _error("it needs a host (other scripts as xn--), and nothing but the folder after it")
    user, password, folder = (unquote(part or "") for part in (parts.username, parts.password, parts.path[1:]))
    if not user or not password:
        raise _error("it needs both a user and a password")
    if not (user + password + folder).isascii() or not (user + password + folder).isprintable():
        raise _error("its user, password and folder must be printable ASCII (other folder names: modified UTF-7)")
    return Mailbox(scheme, parts.hostname, port, user, password, folder or "INBOX")


def _error(what: str) -> ValueError:
    return ValueError(f"{what}, as in {EXAMPLE}")
