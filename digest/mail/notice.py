"""Mails to one person: confirm, welcome, goodbye. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from digest.mail import days
from digest.mail.cells import whole_pair
from digest.mail.foreign import clean
from digest.mail.form import cut
from digest.mail.headers import BEGIN, CLOSE, Addressee, Envelope, Site, site_data, subject_line
from digest.mail.parts import Wording
from digest.mail.slots import HTML, TEXT
from digest.mail.values import by_format
from subscribers.outbox.message import Message


def compose_notice(
    kind: str,
    wording: Wording,
    site: Site,
    to: Addressee,
    slots: Mapping[str, str],
    message_id: str,
    date: datetime,
) -> Message:
    """A mail to one person that has only a head: confirm, welcome, goodbye.

    `slots` are what its templates may name besides `slot.email`, `slot.date` (the time it was asked for, so
    that no two subjects of a person are equal) and, in the head, `slot.subject`. ValueError when an argument
    can't stand in a header or `wording` is of another kind, WordingError when a part can't be rendered.
    """
    if wording.kind != kind:
        raise ValueError(f"a {kind} needs a wording of its own kind, not of {wording.kind}")
    envelope = Envelope(site, kind)
    texts = {name: clean(text) for name, text in slots.items()}
    texts |= {"email": to.email, "date": f"{days.short(date.date().isoformat())}, {date:%H:%M %Z}".strip()}
    context = {"site": site_data(site)}
    line = cut(wording.render("subject", TEXT, context, texts), encode=str.encode)
    subject = subject_line(line.filled({name: text.encode() for name, text in texts.items()}).decode())
    texts["subject"] = subject
    data = [envelope.header(to, subject, message_id, date, date.date().isoformat())]
    cells = by_format({name: whole_pair(text) for name, text in texts.items()})
    for format, found, end in zip((TEXT, HTML), cells, (b"\r\n", CLOSE), strict=True):
        head, foot = wording.frame(format, context, texts)
        data += [BEGIN[format], cut(head + foot).filled(found), end]
    return Message(message_id, envelope.sender, to.email, b"".join(data))
