"""Signed links: confirm, manage, leave, read; and the hash of an address that must not be mailed. Pure.

A token is URL-safe base64 of: one byte for its form, the subject packed, and the first 128 bits of an
HMAC-SHA256 over the purpose and both. It holds no address, works without a database, and can't be turned into
a token of another purpose or another person. 33 or 39 bytes fill base64 exactly, so a token has one spelling.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from functools import lru_cache

SUBJECT = re.compile(r"([0-9a-f]{32})(?::([0-9]{8})T([0-9]{6}))?")
TOKEN = re.compile(r"[A-Za-z0-9_-]{44}(?:[A-Za-z0-9_-]{8})?")
URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648, section 5
PERSON, MOMENT = b"\x00", b"\x01"  # the form: a key alone, a key and a time
MAC = 16  # bytes: 128 bits
SECRET_AT_LEAST = 16  # bytes


def sign(secret: bytes, purpose: str, subject: str) -> str:
    """A token of 44 characters for a key (32 hexadecimal digits), of 52 for "key:YYYYMMDDTHHMMSS".

    `purpose` is one of our own constants. ValueError for another subject or a secret under 16 bytes.
    """
    found = SUBJECT.fullmatch(subject)
    if found is None:
        raise ValueError(f"{subject!r} can't be signed: write 32 hexadecimal digits, or these and :YYYYMMDDTHHMMSS")
    key, day, second = found.groups()
    body = bytes.fromhex(key)
    body = PERSON + body if day is None else MOMENT + body + int(day + second).to_bytes(6, "big")
    return b2a_base64(body + _mac(secret, purpose, body)[:MAC], newline=False).translate(URL_SAFE).decode()


def unsign(secret: bytes, purpose: str, token: str) -> str | None:
    """The subject that was signed with this secret for this purpose; None for anything else, however odd."""
    if TOKEN.fullmatch(token) is None:
        return None
    data = urlsafe_b64decode(token)
    body = data[:-MAC]
    if not hmac.compare_digest(data[-MAC:], _mac(secret, purpose, body)[:MAC]):
        return None
    return _subject(body)


def address_hash(secret: bytes, address: str) -> str:
    """What stands for an address that must not be mailed: 64 hexadecimal digits of an HMAC-SHA256.

    `address` is spelled as addresses are compared. Without the secret nobody can try addresses against it.
    """
    return _mac(secret, "suppression", address.encode()).hex()


def _mac(secret: bytes, purpose: str, body: bytes) -> bytes:
    """HMAC-SHA256 of the purpose, a zero byte and the body."""
    mac = _begun(secret, purpose).copy()
    mac.update(body)
    return mac.digest()


@lru_cache(maxsize=64)
def _begun(secret: bytes, purpose: str) -> hmac.HMAC:
    """What all tokens of one secret and purpose share: a run signs two tokens a letter."""
    if len(secret) < SECRET_AT_LEAST:
        raise ValueError(f"a link key has at least {SECRET_AT_LEAST} bytes, not {len(secret)}")
    return hmac.new(secret, purpose.encode() + b"\x00", "sha256")


def _subject(body: bytes) -> str:
    key = body[1:17].hex()
    if body[:1] == PERSON:
        return key
    moment = f"{int.from_bytes(body[17:], 'big'):014d}"
    return f"{key}:{moment[:8]}T{moment[8:]}"
