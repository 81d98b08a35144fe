"""Mails to one person: confirm, known, welcome, goodbye; to an operator: alert. Pure."""

from __future__ import annotations

from datetime import datetime

from digest.mail import days
from digest.mail.cells import whole_pair
from digest.mail.form import cut
from digest.mail.headers import BEGIN, CLOSE, Addressee, Envelope, Site, site_data, subject_line
from digest.mail.parts import Wording
from digest.mail.said import Said
from digest.mail.slots import HTML, NOTICES, SUBJECTS, TEXT
from digest.mail.values import by_format
from subscribers.outbox.message import Message


def compose_notice(
    kind: str, wording: Wording, site: Site, to: Addressee, said: Said, message_id: str, date: datetime
) -> Message:
    """A mail to one person that has only a head.

    `date` is the time it was asked for: it stands in the subject, so that no two of a person are equal. ValueError
    when an argument can't stand in a header or `wording` is of another kind, KeyError when there is no such kind or
    `said` lacks what a template names, WordingError when a part can't be rendered.
    """
    if wording.kind != kind:
        raise ValueError(f"a {kind} needs a wording of its own kind, not of {wording.kind}")
    envelope, names = Envelope(site, kind), NOTICES[kind]
    texts = {"email": to.email, "date": f"{days.short(date.date().isoformat())}, {date:%H:%M %Z}".strip()}
    context = {"site": site_data(site)}
    line = cut(wording.render("subject", TEXT, context, SUBJECTS[kind]), encode=str.encode)
    words = {name: text.encode() for name, text in {**texts, "about": said.about}.items()}
    subject = subject_line(line.filled({**words, **said.holds}).decode())
    own = by_format({name: whole_pair(text) for name, text in {**texts, "subject": subject}.items()})
    data = [envelope.header(to, subject, message_id, date, date.date().isoformat())]
    for format, mine, told, end in zip((TEXT, HTML), own, said.by_format(), (b"\r\n", CLOSE), strict=True):
        head, foot = wording.frame(format, context, names)
        data += [BEGIN[format], cut(head + foot).filled({**told, **mine}), end]
    return Message(message_id, envelope.sender, to.email, b"".join(data))
