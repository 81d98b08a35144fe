"""What may go over the wire, and how what came back is written down. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal, classify

ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # printable ASCII without spaces and angle brackets
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
LF, CR, DOT = b"\n\r."
SHOWN = 500  # characters of a reply that are kept
LINE_MOST = 8192  # bytes of one line of a reply; RFC 5321 (4.5.3.1.5) allows 512
REPLY_MOST = 65_536  # bytes of a whole reply


class Mail(NamedTuple):
    """A message as it goes over the wire: the lines before its body, and all of DATA but the dot."""

    message: Message
    envelope: bytes  # the lines MAIL, RCPT and DATA
    body: bytes


def prepared(message: Message) -> Mail:
    """A message made ready for the wire. ValueError when it is no mail, Refusal when SMTP can't name an address."""
    body = stuffed(message)
    sender, recipient = envelope(message)
    return Mail(message, b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (sender, recipient), body)


def read_reply(ahead: bytes) -> tuple[int, bytes, int] | None:
    """The reply (RFC 5321, 4.2.1) that these bytes begin with: code, words by line, how many bytes it takes.

    None while it is incomplete; code 0 for what is no reply, or none of a decent length.
    """
    end, words = 0, []
    while True:
        start, end = end, ahead.find(b"\n", end) + 1
        if end == 0:
            long = len(ahead) - start > LINE_MOST or len(ahead) > REPLY_MOST
            return (0, ahead[start:], len(ahead)) if long else None
        line = ahead[start:end].rstrip()
        if not line[:3].isdigit() or end - start > LINE_MOST or end > REPLY_MOST:
            return 0, line, end
        words.append(line[4:])
        if line[3:4] != b"-":
            return int(line[:3]), b"\n".join(words), end


def stuffed(message: Message) -> bytes:
    """The message's bytes dot-stuffed (RFC 5321, 4.5.2) and ended by CRLF: all of DATA but the dot.

    A bare CR or LF is a ValueError, not mended: mending breaks the signature, and a server that takes LF for
    a line end would find a dot where we see none (SMTP smuggling).
    """
    data = message.data
    signs = np.frombuffer(data, np.uint8)
    ends = signs == LF
    # As bytes, the two are compared many times faster than bytes.count finds them one by one.
    if ends[1:].tobytes() != (signs[:-1] == CR).tobytes() or data[:1] == b"\n" or data[-1:] == b"\r":
        raise ValueError(f"{message.message_id} has a line end that isn't CRLF: compose it with CRLF throughout")
    data = _stuffed(data, (ends[:-1] & (signs[1:] == DOT)).tobytes())
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def _stuffed(data: bytes, before: bytes) -> bytes:
    """A dot more in front of each that begins a line; `before` is 1 at the line ends before them."""
    pieces, start = [b""] * data.startswith(b"."), 0
    end = before.find(1) + 1
    while end:
        pieces.append(data[start:end])
        start, end = end, before.find(1, end) + 1
    return b".".join([*pieces, data[start:]]) if pieces else data


def envelope(message: Message) -> tuple[bytes, bytes]:
    """(sender, recipient) as MAIL and RCPT take them; Refusal when plain SMTP can't carry one of them.

    SMTPUTF8 is no way out: few hops offer it, and one that guesses delivers to a different mailbox. So such a
    recipient is refused as RFC 3463 has it (5.1.3, bad destination mailbox address syntax) with nothing sent.
    """
    if not ADDRESS.fullmatch(message.sender):
        raise Refusal(Outcome("channel", "MAIL", None, "not sent: the sender's address is not plain ASCII"))
    if not ADDRESS.fullmatch(message.recipient):
        raise Refusal(classify("RCPT", 553, "5.1.3 not sent: the recipient's address is not plain ASCII"))
    return message.sender.encode(), message.recipient.encode()


def text(words: bytes | str) -> str:
    """Somebody's words on one line, as any database takes them: no control characters, no halves of characters, cut at
    500 characters."""
    raw = words if isinstance(words, bytes) else words.encode("utf-8", "replace")
    plain = raw.decode("utf-8", "replace")
    return (plain if plain.isprintable() else CONTROL.sub(" ", plain)).strip()[:SHOWN]


def said(error: OSError) -> str:
    """What the system says of a failure, on one line."""
    return text(str(error)) or type(error).__name__
