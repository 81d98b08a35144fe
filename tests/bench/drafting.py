"""Invented digests: what readers of the invented crowd would get of some papers."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from digest.editions.draft import SHORT, Draft, Hit, Section
from digest.editions.rank import score
from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.hashing import Hasher
from digest.matching.mark import Mark, kept
from digest.matching.why import why
from digest.sources.listing import Facts
from subscribers.query.canonical import canonical, normal
from tests.bench import crowd

LEAST, MOST = 6, 10  # papers a mail: about 8
TOPICS = (1, 2, 2, 3, 4)  # a reader, one as likely as the next
MORE_MOST = 20  # papers on the web only
NAME_MOST = 24  # characters of a topic's name
SPARE = 5  # readers for each who gets a mail: filters ask for few papers
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "America/Los_Angeles", "Europe/London",
         "Australia/Sydney", "America/Sao_Paulo", "Africa/Lagos", "Asia/Shanghai", "Europe/Warsaw", "UTC")  # fmt: skip
HOURS = (6, 7, 8, 9, 12, 18)
DAYS = ("Every day", "Monday to Friday", "Monday, Wednesday, Friday")


class Crowd:
    """So many readers of some papers, by change number: what each topic matches, found as the service finds it."""

    def __init__(self, readers: int, facts: Mapping[int, Facts]) -> None:
        self.facts, self.changes = facts, list(facts)
        self.topics, count = crowd.topics(readers)
        self.queries = crowd.wishes(count, sparse=False)
        engine = Engine({}, b"bench")
        keys = Hasher(b"digests").words([str(number) for number in range(count)])
        engine.add([normal(query) for query in self.queries], np.arange(count), keys)
        self.bits = engine.match(Columns(list(facts.items())))
        self.name = lru_cache(maxsize=None)(lambda number: canonical(self.queries[number]))
        self.matched = lru_cache(maxsize=None)(lambda number: [self.changes[i] for i in self.bits.indexes(number)])
        self.why = lru_cache(maxsize=None)(self._why)

    def _why(self, number: int, change: int) -> tuple[Mark, ...]:
        return kept(why(self.queries[number], self.facts[change]))


def drafts(count: int, facts: Mapping[int, Facts], length: str = SHORT) -> Iterator[Draft]:
    """Digests of about eight papers in one to four topics; readers whose topics match too few papers get none."""
    chance, readers = random.Random(3), max(200, count * SPARE)
    found = Crowd(readers, facts)
    made = 0
    for reader in range(readers):
        mine = list(dict.fromkeys(found.topics[reader * crowd.TOPICS :][: chance.choice(TOPICS)].tolist()))
        sections = _sections(mine, found, chance)
        if sections and made < count:
            made += 1
            yield replace(_draft(sections, len(mine), len(facts), chance), length=length)
    assert made == count, f"{made} of {readers} readers get a mail"


def _sections(mine: list[int], found: Crowd, chance: random.Random) -> tuple[Section, ...]:
    taken: set[int] = set()
    sections = []
    for place, number in enumerate(mine):
        room = -(-(MOST - len(taken)) // (len(mine) - place))
        papers = [change for change in found.matched(number) if change not in taken]
        chance.shuffle(papers)
        hits = tuple(_hit(change, number, mine, found) for change in papers[:room])
        taken.update(papers[:room])
        if hits:
            name = found.name(number)
            more = tuple(papers[room : room + MORE_MOST])
            sections.append(Section(number, name[:NAME_MOST].title(), name, hits, more))
    return tuple(sections) if len(taken) >= LEAST else ()


def _hit(change: int, number: int, mine: list[int], found: Crowd) -> Hit:
    others = (other for other in mine if other != number and change in found.matched(other))
    also = tuple(found.name(other)[:NAME_MOST].title() for other in others)
    return Hit(change, score(found.facts[change]), found.why(number, change), also)


def _draft(sections: tuple[Section, ...], topics: int, listed: int, chance: random.Random) -> Draft:
    zone, hour, told = chance.choice(ZONES), chance.choice(HOURS), chance.randrange(5)
    slot = datetime(2026, 11, 25, hour, chance.choice((0, 30)), tzinfo=ZoneInfo(zone))
    since, following = ((slot + timedelta(days=days)).isoformat() for days in (-1, 1))
    papers = sum(len(section.hits) + len(section.more) for section in sections)
    return Draft(
        date="2026-11-25", slot=slot.isoformat(), since=since, next=following, zone=zone, sections=sections,
        listed=listed, told=told, outside=max(0, listed - told - papers), oldest=slot.isoformat(),
        asked=f"2026-{chance.randrange(1, 11):02}-{chance.randrange(1, 29):02}", topics=topics,
        schedule=f"{chance.choice(DAYS)}, {slot:%H:%M}",
    )  # fmt: skip
