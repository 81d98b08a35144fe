"""Envelope senders that name the letter (VERP): bounces+TOKEN@host. Pure.

A server returns mail to the envelope sender, whatever else its report says or leaves out. The token is signed (see
`links`) and 52 characters long; with the name before it, it must fit the 64 of a local part (RFC 5321, 4.5.3.1.1).
"""

from __future__ import annotations

import re
from functools import lru_cache

PURPOSE = "bounce"  # of the token
TOKEN = 52  # characters
NAME_MOST = 64 - 1 - TOKEN
EXAMPLE = "bounces@papers.example.org"
LABELS = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
BASE = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,{NAME_MOST - 2}}}[A-Za-z0-9])?@{LABELS}")


def read_base(text: str) -> str:
    """BOUNCE_ADDRESS: the address that the tokens are put into; ValueError with one line."""
    if BASE.fullmatch(text) is None or ".." in text:
        raise ValueError(f"{text!r} is no plain address with at most {NAME_MOST} characters before the @")
    return text


def address(base: str, token: str) -> str:
    """The envelope sender of the letter that the token names."""
    name, _, host = base.partition("@")
    return f"{name}+{token}@{host}"


def tokens(data: bytes, base: str) -> tuple[str, ...]:
    """What stands, anywhere in a mail, where an address of ours has its token: each once, none of them verified.

    Anywhere: the address is in the envelope, which each server writes down in a header of its own; complaints name it
    in the report or in the returned header. Who may be blamed is decided by the signature, not by the place.
    """
    return tuple(dict.fromkeys(found.decode() for found in _pattern(base).findall(data)))


@lru_cache(maxsize=8)
def _pattern(base: str) -> re.Pattern[bytes]:
    name, host = (re.escape(part.encode()) for part in base.split("@"))
    return re.compile(
        rb"(?<![A-Za-z0-9._+-])(?i:%b)\+([A-Za-z0-9_-]{%d})@(?i:%b)(?![A-Za-z0-9-])" % (name, TOKEN, host)
    )
