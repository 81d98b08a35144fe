"""Sending what the outbox owes, worded by this house."""

from __future__ import annotations

from functools import partial

from django.conf import settings

from digest.pipeline import books
from digest.pipeline.rendering import Renderer
from subscribers.outbox.delivery import Clock, Run, deliver
from subscribers.outbox.transport import open_session


def send(clock: Clock, *, until_empty: bool = False) -> Run:
    """A minute of sending (or until nothing may be claimed). Editions that a late reply changes are open again."""
    connect = partial(open_session, settings.MAIL_TARGET, settings.HELO_NAME)
    done = deliver(connect, Renderer(), clock, until_empty=until_empty)
    books.reopen(done.revived)
    return done
