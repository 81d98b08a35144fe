"""Quoted-printable text that can be joined anywhere. Pure.

Every encoded piece begins and ends at the beginning of an encoded line: it ends with a line end or with a soft
one ("="). So whatever is joined, no line grows longer than the 76 characters of RFC 2045, section 6.7.
"""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_qp

LINE_MOST, SOFT = 76, b"=\r\n"
# One line that stands encoded as it is: printable ASCII without "=", no space at its ends.
_PLAIN = re.compile(r"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?", re.ASCII)


def encoded(text: str) -> bytes:
    """The text as a piece; \\n becomes CRLF."""
    if not text:
        return b""
    if _PLAIN.fullmatch(text):
        return text.encode() + SOFT
    lines = b2a_qp(text.replace("\n", "\r\n").encode())
    if "\n" not in text:
        lines = lines.replace(b"\n", b"\r\n")
    return lines if text[-1] == "\n" else _softly_ended(lines)


def _softly_ended(lines: bytes) -> bytes:
    """The lines with a soft line end; a last line that is full already loses its last character to one more."""
    last = len(lines) - lines.rfind(b"\n") - 1
    if last < LINE_MOST:
        return lines + SOFT
    cut = -3 if lines[-3:-2] == b"=" else -1
    return lines[:cut] + SOFT + lines[cut:] + SOFT


def decoded(data: bytes) -> bytes:
    """What a mail program makes of encoded bytes."""
    return a2b_qp(data)
