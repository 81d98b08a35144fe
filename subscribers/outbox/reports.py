"""What a returned mail says: a failure, a delay, a complaint, an automatic answer. Pure; it trusts nothing.

Delivery reports are read as RFC 3464 writes them (status codes: RFC 3463), complaints as RFC 5965, automatic answers
by RFC 3834. Servers that write in their own way are left to flufl.bounce, the reader of Mailman. What a report is about
is not read here: the token of its envelope says that (see `verp`).
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Literal

from flufl.bounce import all_failures

from subscribers.outbox.policy import about_mailbox

What = Literal["hard", "soft", "delayed", "arrived", "complaint", "automatic", "unread"]

READ_MOST = 200_000  # bytes: reports come first, the mail that they return follows
LINE_MOST = 998  # RFC 5322, 2.1.1; it bounds what any expression can cost
LINES_MOST = 3_000  # the libraries try a dozen expressions on each
TEXT_MOST = 20_000
PARTS_MOST = 50
SAID_MOST = 300
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out"})  # not-spam, auth-failure, virus, other: nobody minds our mail

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
CODE = re.compile(r"(?<![\d.-])([45]\d\d)[ -]")
# "550 5.1.1", "550-5.1.1", "550 #5.1.0", "(#5.1.1)": a server's reply quoted in a text
QUOTED = re.compile(r"(?<![\d.])(?:(?:[45]\d\d)[ -](?:\(?#)?|\(?#)([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
REPLY = re.compile(
    r"(?:said|says|reply|response|error|reason|server|smtp|rcpt to|data|<<<)\b[^\n]{0,120}?(?<![\d.:/-])([45])\d\d[ -]",
    re.IGNORECASE,
)
ANSWERED = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response", "x-auto-responder")
ABSENT = re.compile(r"\s*(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|vacation)\b", re.IGNORECASE)
DAEMON = re.compile(r"mailer[-_ ]?daemon|postmaster|mail delivery|maildelivery|mta@|<>", re.IGNORECASE)
# Outlook's reports of complaints (JMRP): no form of RFC 5965, only the mail, with a header of theirs
OUTLOOK = re.compile(r"\s*complaint about message from\b", re.IGNORECASE)
OUTLOOKS = "X-HmXmrOriginalRecipient"
OURS = ("5.1.7", "5.1.8")  # about the sender's address
# length, their system, protocol, content, policy: trouble of theirs, or what they dislike is us
NOT_THE_MAILBOX = ("5.2.3", "5.3.", "5.5.", "5.6.", "5.7.")


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail reports, the status (RFC 3463; "" when it gives none), and what the server said in one line."""

    what: What
    status: str = ""
    said: str = ""


UNREAD, AUTOMATIC = Report("unread"), Report("automatic")


def read(data: bytes) -> Report:
    """What a mail reports. Never raises: what can't be read, however odd, is `unread`."""
    try:
        return _read(email.message_from_bytes(plain(data)))
    except Exception:  # the parsers meet hostile input, and nothing that they raise says more than this
        return UNREAD


def plain(data: bytes) -> bytes:
    """The beginning of a mail, its line ends LF, no line longer than a mail's may be."""
    lines = data[:READ_MOST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"\n".join(line[:LINE_MOST] for line in lines[:LINES_MOST])


def hard(status: str) -> bool:
    """Whether a failure with this status (RFC 3463) is the mailbox's and for good.

    Only 5.x.x can be. What a server has against our address, manners or content is no fault of the mailbox.
    """
    return status.startswith("5.") and status not in OURS and not status.startswith(NOT_THE_MAILBOX)


def status_in(text: str) -> str:
    """The first status (RFC 3463) in a mail server's reply, or ""."""
    found = STATUS.search(text[:TEXT_MOST])
    return found[0] if found else ""


def one_line(text: object) -> str:
    """A stranger's text as one bounded line that any log and database takes."""
    printable = "".join(sign if sign.isprintable() else " " for sign in str(text)[: 4 * SAID_MOST])
    return " ".join(printable.split())[:SAID_MOST]


def _read(mail: Message) -> Report:
    parts = list(_parts(mail))
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            found = _delivery(part)
            if found is not None:
                return found
        elif kind == "message/feedback-report":
            return _feedback(part)
        elif kind == "message/disposition-notification":
            return AUTOMATIC
    if OUTLOOK.match(str(mail.get("Subject", ""))) and any(_returned(part, OUTLOOKS) for part in parts):
        return Report("complaint", "", "feedback: Outlook")
    return AUTOMATIC if _automatic(mail) else _other(mail, parts)


def _returned(part: Message, field: str) -> bool:
    """Whether this part is a returned mail with such a field."""
    held = part.get_payload()
    return isinstance(held, list) and any(isinstance(one, Message) and field in one for one in held)


def _parts(mail: Message) -> Iterator[Message]:
    """The leaves of a mail, the first of them; a returned mail is one, so that what it holds is not taken for ours."""
    stack, given = [mail], 0
    while stack and given < PARTS_MOST:
        part = stack.pop()
        held = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(held, list):
            stack.extend(one for one in reversed(held) if isinstance(one, Message))
        else:
            given += 1
            yield part


def _blocks(part: Message) -> list[Message]:
    """The blocks of fields of a report."""
    held = part.get_payload()
    if isinstance(held, list):
        return [block for block in held if isinstance(block, Message)]
    return [email.message_from_string(text) for text in re.split(r"\n[ \t]*\n", str(held).strip())]


def _delivery(part: Message) -> Report | None:
    """A delivery report (RFC 3464); None when it names no recipient's fate. Of several fates the mildest counts.

    Our mails have one recipient. Where there are more, somebody has fanned it out, and a part of it arrived.
    """
    fates = [fate for block in _blocks(part)[: PARTS_MOST + 1] if (fate := _fate(block)) is not None]
    mild = ("arrived", "delayed", "soft", "hard")
    return min(fates, key=lambda fate: mild.index(fate.what)) if fates else None


def _fate(block: Message) -> Report | None:
    """What became of one recipient, by the Action; a report without one says it by its status."""
    action = str(block.get("Action", "")).strip().lower().split(" ")[0].split(";")[0]
    said, status = one_line(block.get("Diagnostic-Code", "")), _status(block)
    if action in ("delivered", "relayed", "expanded"):
        return Report("arrived", status, said)
    if action == "delayed" or (not action and status.startswith("4.")):
        return Report("delayed", status, said)
    if action.startswith("fail") or (not action and status.startswith("5.")):
        return Report("hard" if hard(status) else "soft", status, said)
    return None


def _status(block: Message) -> str:
    """The Status; a bare class (5.0.0) is made exact from the diagnostic, and so is a missing one."""
    found = STATUS.search(str(block.get("Status", "")))
    diagnosed = str(block.get("Diagnostic-Code", ""))
    exact = STATUS.search(diagnosed)
    if found is not None and (found[0][1:] != ".0.0" or exact is None or exact[1] != found[1]):
        return found[0]
    if exact is not None:
        return exact[0]
    code = CODE.search(diagnosed)
    if code is None:
        return ""
    return f"{code[1][0]}.0.0" if code[1][0] == "4" or about_mailbox(int(code[1]), "") else ""


def _feedback(part: Message) -> Report:
    """A feedback report (RFC 5965): only some of its types are complaints."""
    fields = _blocks(part)
    kind = next((str(block["Feedback-Type"]).strip().lower() for block in fields if block["Feedback-Type"]), "")
    return Report("complaint", "", one_line(f"feedback: {kind}")) if kind in COMPLAINTS else AUTOMATIC


def _automatic(mail: Message) -> bool:
    """Whether a program answers for a person who is away (RFC 3834). Reports say that they are automatic, too."""
    if mail["X-Failed-Recipients"] or DAEMON.search(str(mail.get("From", ""))):
        return False
    said = str(mail.get("Auto-Submitted", "")).strip().lower()
    answered = said.startswith(("auto-replied", "auto-notified")) or any(mail[name] for name in ANSWERED)
    precedence = str(mail.get("Precedence", "")).strip().lower().replace("-", "_")
    return answered or precedence == "auto_reply" or ABSENT.match(str(mail.get("Subject", ""))) is not None


def _other(mail: Message, parts: list[Message]) -> Report:
    """A server's own way of writing: hard only where it quotes a status that is."""
    text = _text(parts)
    quoted = QUOTED.search(text)
    status = quoted[1] if quoted else ""
    said = one_line(text[quoted.start() :].split("\n\n")[0] if quoted else "")
    temporary, permanent = all_failures(mail)
    if permanent or mail["X-Failed-Recipients"]:
        return Report("hard" if hard(status) else "soft", status, said)
    if temporary:
        return Report("delayed", status, said)
    if DAEMON.search(f"{mail.get('From', '')} {mail.get('Return-Path', '')}"):
        return _daemon(text, status, said)
    return UNREAD


def _daemon(text: str, status: str, said: str) -> Report:
    """A mail server's letter without any form: what it quotes is all there is."""
    if status:
        return Report("hard" if hard(status) else "soft" if status.startswith("5.") else "delayed", status, said)
    reply = REPLY.search(text)
    if reply is None:
        return UNREAD
    return Report("soft" if reply[1] == "5" else "delayed", "", one_line(text[reply.start() :].partition("\n")[0]))


def _text(parts: list[Message]) -> str:
    """The words of the mail itself: its first text."""
    for part in parts:
        if part.get_content_maintype() == "text":
            held = part.get_payload(decode=True)
            return (held if isinstance(held, bytes) else b"")[:TEXT_MOST].decode("utf-8", "replace")
    return ""
