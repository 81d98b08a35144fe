"""A part tried out before it is in force: shown, and mailed to the operator who writes it. Changes nothing here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.conf import settings

from digest.editions.compose import Silence
from digest.mail import samples
from digest.mail.compose import Addressee, Composer, compose_notice
from digest.mail.part import Part, WordingError
from digest.mail.parts import Wording
from digest.pipeline import wordings
from digest.pipeline.previewing import planned
from digest.pipeline.rewording import NotPossible, standing_with
from subscribers.models import Subscriber, new_key
from subscribers.outbox import channel
from subscribers.outbox.message import Message, message_id
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.transport import open_session

TEST = "test"  # what its Message-ID begins with


def shown(part: Part, sample: str, person: Subscriber | None, to: str, now: datetime) -> Message:
    """A mail worded with this part: of a sample's name, or a person's next digest.

    It goes to the address `to`, and its links are signed for nobody: whoever looks at a reader's digest has none of
    their links. WordingError when a part fails, NotPossible when there is nothing to show.
    """
    wording = Wording(standing_with(part))
    reader = replace(samples.READER, email=to)
    name = message_id(TEST, new_key(), now, settings.SITE_HOST)
    if part.kind != "digest":
        said = samples.notices(part.kind, settings.SITE_URL)
        told = said.get(sample) or said["ordinary"]
        return compose_notice(part.kind, wording, wordings.site(), reader, told, name, now)
    return _digest(wording, sample, person, reader, name, now)


def _digest(
    wording: Wording, sample: str, person: Subscriber | None, to: Addressee, name: str, now: datetime
) -> Message:
    if person is not None:
        plan, facts = planned(person, now)
        if isinstance(plan.result, Silence):
            raise NotPossible(f"nothing to show: {person} would get no digest now ({plan.result.reason})")
        draft = plan.result
        to = replace(to, since=draft.asked, added=draft.added, topics=draft.topics, schedule=draft.schedule)
        composer = Composer(wording, wordings.site(), facts)
    else:
        day = samples.day(sample) or samples.days()[0]
        draft, composer = day.draft, Composer(wording, wordings.site(), day.facts)
    made = composer.compose(draft, to, name, now)
    for reason in composer.failed.values():
        raise WordingError(reason)
    return made


def mail(message: Message, now: datetime) -> Outcome:
    """Send it, past queue and books; what the server said. NotPossible when the channel rests."""
    rests = channel.rests_until(now)
    if rests is not None:
        raise NotPossible(f"the mail server is left alone until {rests:%H:%M} UTC")
    try:
        session = open_session(settings.MAIL_TARGET, settings.HELO_NAME)
    except Refusal as refusal:
        return refusal.outcome
    try:
        session.stage(message)
        return session.dot()
    except Refusal as refusal:
        return refusal.outcome
    finally:
        session.close()
