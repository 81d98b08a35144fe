"""The bytes of a mail, and the name it keeps for ever. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

MESSAGE_ID = re.compile(r"<(?P<kind>[a-z]+)\.(?P<key>[0-9a-f]{32})\.(?P<slot>\d{8}T\d{6})@[^<>@\s]+>")
SLOT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Message:
    """A mail ready to send: envelope and RFC 5322 bytes with CRLF line ends, not dot-stuffed."""

    message_id: str
    sender: str
    recipient: str
    data: bytes


def message_id(kind: str, key: str, slot: datetime, domain: str) -> str:
    """The Message-ID of a letter: the same again after a restore, never used for another mail.

    `key` is the subscriber's random key (32 hexadecimal digits), `slot` an aware instant: the digest's slot,
    for people's mail the time it was asked for, to the second.
    """
    return f"<{kind}.{key}.{slot.astimezone(UTC).strftime(SLOT)}@{domain}>"


def read_message_id(text: str) -> tuple[str, str, datetime] | None:
    """The (kind, subscriber's key, slot) that a Message-ID of ours names, or None when it isn't ours."""
    found = MESSAGE_ID.fullmatch(text.strip())
    if found is None:
        return None
    try:
        slot = datetime.strptime(found["slot"], SLOT).replace(tzinfo=UTC)
    except ValueError:
        return None
    if not 1990 <= slot.year <= 2200:  # as of every time that operators type
        return None
    return found["kind"], found["key"], slot
