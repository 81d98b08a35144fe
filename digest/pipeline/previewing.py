"""What a reader would get if a slot were now. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.editions.compose import Silence
from digest.pipeline import numbers
from digest.pipeline.facts import ChangeFacts
from digest.pipeline.misses import Misses
from digest.pipeline.owing import earlier_digests
from digest.pipeline.planning import Plan, lows, plan
from digest.pipeline.publish import desk, quiet_reason
from digest.pipeline.rendering import Renderer
from digest.pipeline.window import ToldBefore, Window
from digest.sources.listing import Facts
from subscribers import roll
from subscribers.models import Subscriber
from subscribers.outbox.message import Message, message_id
from subscribers.outbox.queue import Owed
from subscribers.reader import Reader


class NoPreview(ValueError):
    """No slot brings this person anything: why, and what would change that."""


@dataclass(frozen=True)
class Preview:
    """A reader's digest now: its mail and the keys of the papers in it, or why there is none."""

    message: Message | None
    papers: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""  # what would have to be otherwise for it to come: they have paused, they have not confirmed


def preview(person: Subscriber, now: datetime, site_host: str) -> Preview:
    """The digest of a slot at `now`, whatever the reader's schedule. Raises NoPreview for one who has left, and what
    their data raises."""
    found, facts = planned(person, now)
    note = _supposed(person)
    if isinstance(found.result, Silence):
        return Preview(None, reason=found.result.reason, note=note)
    name = message_id("digest", person.key, found.slot, site_host)
    letter = Owed(0, person.pk, "digest", found.slot, name, {}, now, 0, person.email, person.key)
    hits = [hit.change for section in found.result.sections for hit in section.hits]
    papers = tuple(facts[number].key for number in hits)
    return Preview(Renderer(facts).digest(letter, found.result.to_json()), papers, note=note)


def _supposed(person: Subscriber) -> str:
    """What a preview takes for granted that is not so."""
    if person.state == Subscriber.State.PAUSED:
        until = f" until {person.paused_until:%Y-%m-%d %H:%M} UTC" if person.paused_until else ""
        return f"{person} has paused{until}: this is what a slot now would bring if they went on"
    if person.state != Subscriber.State.ACTIVE:
        return f"{person} has not confirmed: this is what a slot now would bring if they had"
    return ""


def planned(person: Subscriber, now: datetime) -> tuple[Plan, ChangeFacts]:
    """What a slot at `now` would bring, and the facts that it names; to one who has paused as if they had gone on, to
    one who was asked to confirm as if they had. Raises NoPreview for one who has left, and what their data raises."""
    reader = _as_if_due(person, now)
    window = Window(numbers.head(), lows(reader, now).values(), (t.filter for t in reader.topics), now)
    return _planned(reader, window, now), ChangeFacts(_facts(window))


def _as_if_due(person: Subscriber, now: datetime) -> Reader:
    if person.state == Subscriber.State.FORGOTTEN:
        raise NoPreview(f"{person} was erased, so no slot brings anything: they could only begin anew")
    if person.state == Subscriber.State.LEFT and person.asked_at is None:
        back = "they come back by asking for digests again and confirming it"
        raise NoPreview(f"{person} has left, so no slot brings anything: {back}")
    (reader,) = roll.readers([person.pk], now)
    # without a cursor its presence says that it is no first digest; with one it could only say "too soon"
    first_slot = reader.first_slot if reader.cursor is None else None
    asked = now if person.state in (Subscriber.State.PENDING, Subscriber.State.LEFT) else reader.asked
    return reader._replace(due=now, first_slot=first_slot, asked=asked)


def _planned(reader: Reader, window: Window, now: datetime) -> Plan:
    told = ToldBefore(window, [reader.id]).of([reader.id]).get(reader.id, {})
    earlier = earlier_digests([reader]).get(reader.id, ())
    return plan(reader, window, told, earlier, desk(window, now), now, quiet_reason(now), Misses(window))


def _facts(window: Window) -> Mapping[int, Facts]:
    return {c.change: c.facts for c in window.candidates}
