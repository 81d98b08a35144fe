"""Mails as they leave: signed with DKIM where a key is set. What a letter's bytes are is not touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings

from subscribers.outbox.hand import Render
from subscribers.outbox.message import Message
from subscribers.outbox.queue import Owed


def signed(message: Message) -> Message:
    """The mail with its signature; as it is, without a key."""
    return replace(message, data=settings.DKIM.signed(message.data)) if settings.DKIM else message


def rendered(render: Render) -> Render:
    """Render, then sign each mail where a key is set. One that could not be rendered stays the error that it is."""
    if not settings.DKIM:
        return render

    def mails(letters: Sequence[Owed]) -> Mapping[int, Message | Exception]:
        made = render(letters)
        return {number: signed(mail) if isinstance(mail, Message) else mail for number, mail in made.items()}

    return mails
