"""A digest read on the web: the letter that was sent, with everything behind its "N more". Reads only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from digest.editions.draft import Draft, Hit, Section
from digest.matching.why import why
from digest.pipeline.facts import ChangeFacts
from subscribers.models import Letter, Subscriber
from subscribers.outbox.message import SLOT
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Query
from subscribers.query.parser import parse


@dataclass(frozen=True, slots=True)
class Digest:
    """A draft as it was frozen, the facts that it names, and its sections with all their papers as hits."""

    draft: Draft
    sections: tuple[Section, ...]
    facts: ChangeFacts


def digest(person: Subscriber, moment: str) -> Digest | None:
    """The digest of a person's slot, named as in its link (20261125T073000); None when there is none to show."""
    slot = _slot(moment)
    letter = _letter(person, slot) if slot else None
    if letter is None or not letter.content:
        return None
    draft, facts = Draft.from_json(letter.content), ChangeFacts()
    facts.load([*draft.changes(), *(near.change for near in draft.near)])
    return Digest(draft, tuple(_whole(section, facts) for section in draft.sections), facts)


def _slot(moment: str) -> datetime | None:
    try:
        return datetime.strptime(moment, SLOT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _end_of(second: datetime) -> datetime:
    return second.replace(microsecond=999_999)  # adding a second would leave the calendar at its last one


def _letter(person: Subscriber, slot: datetime) -> Letter | None:
    """Slots are whole seconds, as links name them, and a person has one letter a slot; only an old first digest's slot
    has a fraction."""
    near = Letter.objects.filter(subscriber=person, kind="digest", slot__gte=slot, slot__lte=_end_of(slot))
    return near.order_by("slot").first()


def _whole(section: Section, facts: ChangeFacts) -> Section:
    """What stood behind "more" follows what the mail showed, with the reason that the filter still gives."""
    query = _query(section.query)
    more = tuple(Hit(number, marks=why(query, facts[number]) if query else ()) for number in section.more)
    return replace(section, hits=section.hits + more)


@lru_cache(maxsize=256)
def _query(text: str) -> Query | None:
    """The filter as the reader typed it then; None when the language has changed since."""
    try:
        return parse(text).query
    except QueryError:
        return None
