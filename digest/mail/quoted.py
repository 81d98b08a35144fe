"""Quoted-printable text that can be joined anywhere. Pure.

Every encoded piece begins and ends at the beginning of an encoded line: it ends with a line end or with a soft
one ("="). So whatever is joined, no line grows longer than the 76 characters of RFC 2045, section 6.7.
"""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_qp
from collections.abc import Iterable

LINE_MOST, SOFT = 76, b"=\r\n"
ROOM = 4  # characters that may be put into each line of a text that was laid out
FULL = LINE_MOST - 1 - ROOM
# One line that stands encoded as it is: printable ASCII without "=", no space at its ends.
_PLAIN = re.compile(r"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?", re.ASCII)

_ESCAPED = [bytes([b]) if 32 <= b < 127 and b != ord("=") else b"=%02X" % b for b in range(256)]


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


def laid_out(texts: Iterable[str]) -> tuple[bytes, list[tuple[int, int]]]:
    """Texts as one piece with well filled lines, and where each begins and ends in it.

    It may be cut where one of them begins or ends, if what is put there ends the line before it, begins on a new one,
    and adds no more than ROOM characters to what follows.
    """
    out, places, used = bytearray(), [], 0
    for text in texts:
        begin, used = _lay(text, used, out)
        places.append((begin, len(out)))
    return bytes(out + SOFT if used else out), places


def _lay(text: str, used: int, out: bytearray) -> tuple[int, int]:
    """Appends a text to a line of which so much is used; where it begins, and what of its last line is used then."""
    first, *others = text.split("\n")
    if used and used + len(_escaped(first)) > FULL:
        out += SOFT
        used = 0
    begin = len(out)
    used = _lay_line(first, used, out)
    for line in others:
        out += SOFT if out.endswith((b" ", b"\t")) else b""
        out += b"\r\n"
        used = _lay_line(line, 0, out)
    return begin, used


def _lay_line(text: str, used: int, out: bytearray) -> int:
    escaped = _escaped(text)
    if used + len(escaped) <= FULL:
        out += escaped
        return used + len(escaped)
    for byte in text.encode():
        if used + len(_ESCAPED[byte]) > FULL:
            out += SOFT
            used = 0
        out += _ESCAPED[byte]
        used += len(_ESCAPED[byte])
    return used


def _escaped(text: str) -> bytes:
    return b"".join([_ESCAPED[byte] for byte in text.encode()])


def decoded(data: bytes) -> bytes:
    """What a mail program makes of encoded bytes."""
    return a2b_qp(data)
