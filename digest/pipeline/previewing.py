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


@dataclass(frozen=True)
class Preview:
    """A reader's digest now: its mail and the keys of the papers in it, or why there is none."""

    message: Message | None
    papers: tuple[str, ...] = ()
    reason: str = ""


def preview(person: Subscriber, now: datetime, site_host: str) -> Preview:
    """The digest of a slot at `now`, whatever the reader's schedule and state. Raises what their data raises."""
    found, facts = planned(person, now)
    if isinstance(found.result, Silence):
        return Preview(None, reason=found.result.reason)
    name = message_id("digest", person.key, found.slot, site_host)
    letter = Owed(0, person.pk, "digest", found.slot, name, {}, now, 0, person.email, person.key)
    hits = [hit.change for section in found.result.sections for hit in section.hits]
    papers = tuple(facts[number].key for number in hits)
    return Preview(Renderer(facts).digest(letter, found.result.to_json()), papers)


def planned(person: Subscriber, now: datetime) -> tuple[Plan, ChangeFacts]:
    """What a slot at `now` would bring, and the facts that it names."""
    reader = next(roll.readers([person.pk]))._replace(due=now, first_slot=None)
    window = Window(numbers.head(), lows(reader, now).values(), (t.filter for t in reader.topics), now)
    return _planned(reader, window, now), ChangeFacts(_facts(window))


def _planned(reader: Reader, window: Window, now: datetime) -> Plan:
    told = ToldBefore(window, [reader.id]).of([reader.id]).get(reader.id, {})
    earlier = earlier_digests([reader]).get(reader.id, ())
    return plan(reader, window, told, earlier, desk(window, now), now, quiet_reason(now), Misses(window))


def _facts(window: Window) -> Mapping[int, Facts]:
    return {c.change: c.facts for c in window.candidates}
