"""Logging in to a mail server (RFC 4954): the ways that we know, as what is said in answer to what. Pure."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

KNOWN = ("CRAM-MD5", "PLAIN", "LOGIN")  # in this order: the first does not show the password
GO_ON = 334  # the code that asks for the next line
Answer = Callable[[str], bytes]  # from the words of the last reply to the next line


def offered(offers: Sequence[bytes]) -> list[str]:
    """The ways to log in that the lines of an EHLO reply (in capitals) offer and we know, in our order."""
    found = {word for line in offers if line.startswith(b"AUTH") for word in line.replace(b"=", b" ").split()}
    return [method for method in KNOWN if method.encode() in found]


def answers(method: str, user: str, password: str) -> Sequence[Answer]:
    """The lines of one way to log in; each next one answers GO_ON."""
    name, secret = user.encode(), password.encode()
    if method == "PLAIN":
        return [lambda _: b"AUTH PLAIN " + b64encode(b"\0%b\0%b" % (name, secret))]
    if method == "LOGIN":
        return [lambda _: b"AUTH LOGIN " + b64encode(name), lambda _: b64encode(secret)]
    return [lambda _: b"AUTH CRAM-MD5", lambda words: b64encode(name + b" " + _mac(secret, words).encode())]


def _mac(secret: bytes, challenge: str) -> str:
    """RFC 2195. A challenge that can't be read is answered wrongly: the server then says so."""
    try:
        asked = b64decode(challenge)
    except binascii.Error:
        asked = b""
    return hmac.new(secret, asked, "md5").hexdigest()
