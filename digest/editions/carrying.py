"""What did not arrive comes first in the next digest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from digest.editions.draft import Draft, Hit, Section

Paper = Callable[[int], int]  # the paper of a change


@dataclass(slots=True)
class Part:
    """A section while it is filled."""

    topic: int
    name: str
    query: str
    hits: Sequence[Hit] = ()
    more: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """The sections with what did not arrive in front, and how many papers that is."""

    parts: list[Part]
    hits: int = 0
    more: int = 0
    instead: int = 0  # papers shown as carried that would have been behind "more" by themselves (a revision)


def carry(parts: list[Part], drafts: Sequence[Draft], paper: Paper) -> Carried:
    """Put what did not arrive first. A paper that is shown anyway (a revision) is not carried, one carried twice
    comes once, and one that is behind "more" by itself is shown: it was promised before."""
    shown = {paper(hit.change) for part in parts for hit in part.hits}
    fresh, old = len(shown), [_part_of(section) for draft in reversed(drafts) for section in _dated(draft)]
    for part in old:
        part.hits = [hit for hit in part.hits if _first(hit.change, shown, paper)]
    before = sum(len(part.more) for part in parts)
    for part in parts:
        part.more = [number for number in part.more if paper(number) not in shown]
    instead = before - sum(len(part.more) for part in parts)
    named = shown | {paper(number) for part in parts for number in part.more}
    for part in old:
        part.more = [number for number in part.more if _first(number, named, paper)]
    by_topic = {part.topic: part for part in parts}
    for part in old:
        _join(by_topic, part)
    kept = [part for part in by_topic.values() if part.hits or part.more]
    return Carried(kept, len(shown) - fresh, sum(len(part.more) for part in old), instead)


def _dated(draft: Draft) -> list[Section]:
    """A draft's sections, each hit with the date of the digest that it first stood in."""
    return [
        replace(section, hits=tuple(replace(hit, carried=hit.carried or draft.date) for hit in section.hits))
        for section in draft.sections
    ]


def _part_of(section: Section) -> Part:
    return Part(section.topic, section.name, section.query, section.hits, section.more)


def _first(change: int, here: set[int], paper: Paper) -> bool:
    """Whether this change's paper comes for the first time; it is noted."""
    which = paper(change)
    if which in here:
        return False
    here.add(which)
    return True


def _join(by_topic: dict[int, Part], part: Part) -> None:
    """Put a carried section in front of its topic's; a topic that has none now gets its section back."""
    mine = by_topic.setdefault(part.topic, Part(part.topic, part.name, part.query))
    mine.hits = [*part.hits, *mine.hits]
    mine.more = [*mine.more, *part.more]
