"""The header of a mail, each field once, none of them able to begin another. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from digest.mail.foreign import clean, cut
from digest.mail.slots import HTML, TEXT

LINE_MOST = 76
SUBJECT_MOST = 180  # characters
LABELS_KEPT = 64
PLAINLY = Charset("utf-8")
PLAINLY.header_encoding = QP
ONE_CLICK = ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
BOUNDARY = "=_daily_papers_digest"  # can't occur in quoted-printable text (RFC 2045, section 6.7)
BEGIN = {
    format: (
        f"--{BOUNDARY}\r\nContent-Type: {type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()
    for format, type in ((TEXT, "text/plain"), (HTML, "text/html"))
}
CLOSE = f"\r\n--{BOUNDARY}--\r\n".encode()
ADDRESS = re.compile(r"(?=.{3,254}$)[!-;=?-~]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*")
TOKEN = re.compile(r"[A-Za-z0-9_~.:=-]{1,80}")


@dataclass(frozen=True)
class Site:
    """Who the mails are from: plain settings."""

    name: str
    url: str  # public address without a slash at its end
    mail_from: str  # a mailbox, with or without a name
    reply_to: str  # a mailbox where a person reads; "": mail_from
    postal_address: str
    list_domain: str  # the List-Id is digest.LIST_DOMAIN, for ever


@dataclass(frozen=True)
class Addressee:
    """Whom a mail is for."""

    email: str
    key: str  # the subscriber's random key
    token: str  # opaque, for reading: /l/<token>, /me/<token>
    leave_token: str  # "": a mail that can't be left (its header then names no way to)
    since: str = ""  # ISO date on which the digest was asked for
    added: bool = False  # not asked for: an operator added them on that date
    topics: int = 0
    schedule: str = ""  # in words: Monday to Friday, 07:30


def site_data(site: Site) -> dict[str, str]:
    """What templates see of the site."""
    return {
        "name": clean(site.name),
        "url": site.url.rstrip("/"),
        "reply_to": clean(site.reply_to or site.mail_from),
        "postal_address": clean(site.postal_address),
    }


class Envelope:
    """What all mails of one kind have in common.

    ValueError when a setting can't stand in a header.
    """

    def __init__(self, site: Site, kind: str) -> None:
        self.sender = _address(site.mail_from)
        self.url = _url(site.url)
        self._leave = f"List-Unsubscribe: <{self.url}/leave/"
        self._kind = kind
        self._ends: dict[str, str] = {}
        self._domain = site.list_domain
        self._from = _mailbox("From", site.mail_from, site.name)
        self._fixed = "\r\n".join(
            [
                _mailbox("Reply-To", site.reply_to or site.mail_from, site.name),
                _named("List-Id", site.name, _domain(f"digest.{site.list_domain}")),
                f"List-Help: <{self.url}/help/>",
                f"List-Archive: <{self.url}/>",
                "Auto-Submitted: auto-generated",
                "Precedence: bulk",
                "X-Auto-Response-Suppress: All",
                "MIME-Version: 1.0",
                f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"',
            ]
        )

    def header(self, to: Addressee, subject: str, message_id: str, date: datetime, label: str) -> bytes:
        """All fields and the empty line. `label` tells one campaign from the next in Feedback-ID.

        ValueError when an address, token or Message-ID holds what could begin another field, or when the date
        has no zone.
        """
        _must(LINE, subject, "the subject")
        if to.leave_token:
            _must(TOKEN, to.leave_token, "the token of the leave link")
        folded = encoded_subject(subject)
        return self.folded(to.email, to.leave_token, folded, message_id, date, label)

    def folded(self, email: str, leave_token: str, subject: str, message_id: str, date: datetime, label: str) -> bytes:
        """As `header`, with a subject that is folded and a token that was looked at already."""
        if ADDRESS.fullmatch(email) is None or MESSAGE_ID.fullmatch(message_id) is None:
            _must(ADDRESS, email, "the reader's address")
            _must(MESSAGE_ID, message_id, "the Message-ID")
        leave = f"{self._leave}{leave_token}{ONE_CLICK}" if leave_token else ""
        sent, end = _date(date), self._ends.get(label) or self._new_end(label)
        return (
            f"{self._from}\r\nTo: {email}\r\nSubject: {subject}\r\nDate: {sent}\r\n"
            f"Message-ID: {message_id}\r\n{leave}{end}"
        ).encode("ascii")

    def _new_end(self, label: str) -> str:
        """The fields that mails with one label share."""
        _must(TOKEN, label, "the label")
        made = f"Feedback-ID: {label}:{self._kind}:daily-papers:{self._domain}\r\n{self._fixed}\r\n\r\n"
        self._ends = {**self._ends, label: made} if len(self._ends) < LABELS_KEPT else {label: made}
        return made


def subject_line(text: str) -> str:
    """A text as a subject: one clean line of at most 180 characters, in which nothing looks like an encoded word.

    What does is as legible with a space in it. Encoded, so as to be literal, it would be plain ASCII that does not need
    it: to filters, something to hide.
    """
    plain = unicodedata.normalize("NFC", clean(text)).replace("=?", "= ?")
    return cut(plain, SUBJECT_MOST)


@lru_cache(maxsize=4096)
def encoded_subject(text: str) -> str:
    """A subject line as it stands behind `Subject: `, folded; never cut inside a character (RFC 2047, section 5).

    Text that isn't plain ASCII, or that looks like an encoded word itself, becomes encoded words as a whole.
    """
    if text.isascii() and "=?" not in text and max(map(len, text.split(" "))) < LINE_MOST:
        return _folded(text)
    return _encoded_words(text, "Subject")


def _folded(text: str) -> str:
    lines, room = [], LINE_MOST - len("Subject: ")
    while len(text) > room:
        end = text.rfind(" ", 0, room + 1)
        end = end if end > 0 else text.find(" ", room)
        if end < 0:
            break
        lines.append(text[:end])
        text, room = text[end + 1 :], LINE_MOST - 1
    return "\r\n ".join([*lines, text])


@lru_cache(maxsize=64)
def _date(date: datetime) -> str:
    if date.tzinfo is None:
        raise ValueError(f"the date {date} of a mail has no zone")
    return format_datetime(date)


def _address(mailbox: str) -> str:
    """The address of a mailbox."""
    address = parseaddr(mailbox)[1] if mailbox.isprintable() else ""
    _must(ADDRESS, address, f"the mailbox {mailbox!r}")
    return address


def _mailbox(field: str, mailbox: str, name: str) -> str:
    """A field with a mailbox; without a name of its own it gets the site's."""
    return _named(field, parseaddr(mailbox)[0] or name, _address(mailbox))


def _named(field: str, name: str, address: str) -> str:
    name = clean(name)
    if name.isascii() and "=?" not in name:
        return f"{field}: {formataddr((name, address))}" if name else f"{field}: <{address}>"
    return f"{field}: {_encoded_words(name, field)}\r\n <{address}>"


def _encoded_words(text: str, field: str) -> str:
    """The text as it stands in a field. ASCII never becomes base64, which looks to filters like something to hide."""
    charset = PLAINLY if text.isascii() else "utf-8"
    return Header(text, charset, maxlinelen=LINE_MOST, header_name=field).encode(linesep="\r\n")


def _domain(name: str) -> str:
    _must(re.compile(r"[A-Za-z0-9.-]+"), name, "the domain of the List-Id")
    return name


def _url(url: str) -> str:
    _must(re.compile(r"https?://[!-;=?-~]+"), url, "the public address")
    return url.rstrip("/")


def _must(pattern: re.Pattern[str], text: str, what: str) -> None:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"{what} can't stand in a header: {text!r}")
