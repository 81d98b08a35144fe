"""What a feed holds: the newest stored papers that a person's topics match. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from digest.matching.why import reason, why
from digest.pipeline import kept
from digest.pipeline.browsing import ranked
from digest.sources.listing import Facts
from subscribers.models import Topic
from subscribers.query.errors import QueryError
from subscribers.query.parser import parse

WITHIN = timedelta(days=30)
MOST = 100  # papers in a feed
QUOTES = ("“", "”")


@dataclass(frozen=True, slots=True)
class Item:
    """A paper, the names of the topics that match it, and why the first of them does."""

    facts: Facts
    topics: tuple[str, ...]
    why: str


def items(topics: Iterable[Topic], today: date) -> list[Item]:
    """The papers of the last 30 days that these topics match, the newest day first, in it the most noticed.

    A feed is the whole list of matches: caps, thresholds and what a digest has told say nothing here. A topic whose
    filter can't be read any more brings nothing.
    """
    found: dict[str, tuple[Facts, list[Topic]]] = {}
    for topic in topics:
        for facts in _matched(topic, today):
            found.setdefault(facts.key, (facts, []))[1].append(topic)
    ordered = sorted(ranked(facts for facts, _ in found.values()), key=lambda facts: facts.listed, reverse=True)
    return [_item(facts, found[facts.key][1], today) for facts in ordered[:MOST]]


def _matched(topic: Topic, today: date) -> tuple[Facts, ...]:
    try:
        return kept.matches(parse(topic.text).query, today - WITHIN, today).kept
    except QueryError:
        return ()


def _item(facts: Facts, topics: list[Topic], today: date) -> Item:
    found = why(parse(topics[0].text).query, facts.judged_on(today))
    return Item(facts, tuple(topic.name for topic in topics), reason(found, QUOTES))
