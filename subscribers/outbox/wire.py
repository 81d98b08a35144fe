"""What may go over the wire, and how what came back is written down. Pure."""

from __future__ import annotations

import re

from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal, classify

ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # printable ASCII without spaces and angle brackets
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
SHOWN = 500  # characters of a reply that are kept


def stuffed(message: Message) -> bytes:
    """The message's bytes dot-stuffed (RFC 5321, 4.5.2) and ended by CRLF: all of DATA but the dot.

    A bare CR or LF is a ValueError, not mended: mending breaks the signature, and a server that takes LF for
    a line end would find a dot where we see none (SMTP smuggling).
    """
    data = message.data
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        raise ValueError(f"{message.message_id} has a line end that isn't CRLF: compose it with CRLF throughout")
    first, last = data.startswith(b"."), data.endswith(b"\r\n")
    return (b"." if first else b"") + data.replace(b"\r\n.", b"\r\n..") + (b"" if last else b"\r\n")


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
    """A server's words on one line, without control characters, cut at 500 characters."""
    plain = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return CONTROL.sub(" ", plain).strip()[:SHOWN]


def said(error: OSError) -> str:
    """What the system says of a failure, on one line."""
    return text(str(error)) or type(error).__name__
