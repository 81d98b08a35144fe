"""From what matched to what a reader gets: topics as sections, a paper once, threshold, cap and size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from digest.editions.carrying import Carried, Part, carry
from digest.editions.draft import ABSTRACTS, Draft, Hit, Missing, Near, Section
from digest.editions.fitting import Frame, Sizes, fit
from digest.editions.found import Found, Ranked, Score, Why
from digest.sources.listing import Facts
from subscribers.reader import Interest


class Match(NamedTuple):
    """What one topic matched."""

    interest: Interest
    found: Found


class Occasion(NamedTuple):
    """The slot a digest is for. Instants are ISO texts in the reader's zone."""

    date: str
    slot: str
    since: str
    next: str
    zone: str
    listed: int  # papers with news in the window
    late: bool = False
    first: bool = False
    asked: str = ""  # what the foot says of the reader's order: frozen with the rest
    added: bool = False
    topics: int = 0
    schedule: str = ""
    length: str = ABSTRACTS  # one of LENGTHS


@dataclass(frozen=True, slots=True)
class Owed:
    """What earlier slots still owe: digests that did not arrive, and those nobody knows of."""

    carried: tuple[Draft, ...] = ()  # the oldest first
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """Why there is no mail: the first reason that is true (see DESIGN: silence is explained)."""

    reason: str
    told: int = field(default=0, compare=False)  # papers that matched and were told before


@dataclass(frozen=True)
class Desk:
    """What composing needs to know of papers and wording."""

    facts: Mapping[int, Facts]  # by change number
    paper: Callable[[int], int]  # by change number; a paper's key may be another than in the digest that is carried
    why: Why
    score: Score
    sizes: Mapping[str, Sizes]  # of cards, by the length of the digest
    frame: Frame
    wording: tuple[int, ...] = ()
    renderer: int = 0


@dataclass(slots=True)
class _Fresh:
    """What the topics bring: parts, how many papers they name, and the papers that were told before."""

    parts: list[Part]
    papers: int
    again: Set[int] = frozenset()


def compose(
    occasion: Occasion, matches: Sequence[Match], told: Mapping[int, int], owed: Owed, desk: Desk
) -> Draft | Silence:
    """A reader's digest, or why there is none.

    `told` gives for each paper the newest change that the reader has had. Topics come by weight, then in the
    order they were added; a paper stands once, under the first topic whose threshold it passes, and names the others.
    """
    finding = sorted((match for match in matches if match.found.papers), key=_weight)
    fresh = _apart(finding, told, desk) or _sections(finding, told, desk)
    again = len(fresh.again)
    if not any(part.hits for part in fresh.parts) and not any(draft.sections for draft in owed.carried):
        return Silence(_reason(occasion, matches, fresh), again)
    carried = carry(fresh.parts, owed.carried, desk.paper) if owed.carried else Carried(fresh.parts)
    fit(carried.parts, desk.frame, desk.sizes[occasion.length])
    shown = sum(1 for part in carried.parts for hit in part.hits if hit.carried) if owed.carried else 0
    return _draft(
        occasion,
        owed,
        desk,
        sections=tuple(Section(p.topic, p.name, p.query, tuple(p.hits), tuple(p.more)) for p in carried.parts),
        told=again + carried.instead,
        outside=occasion.listed - fresh.papers - again,
        carried=shown,
        carried_more=carried.more + carried.hits - shown,
    )


def nothing(occasion: Occasion, silence: Silence, near: Sequence[Near], owed: Owed, desk: Desk) -> Draft:
    """The mail of one who wants to be told when there is nothing, and what came closest."""
    outside = occasion.listed - silence.told
    return _draft(occasion, owed, desk, told=silence.told, outside=outside, silence=silence.reason, near=tuple(near))


def _draft(occasion: Occasion, owed: Owed, desk: Desk, sections: tuple[Section, ...] = (), **counted: Any) -> Draft:
    """A digest of this slot."""
    return Draft(
        date=occasion.date,
        slot=occasion.slot,
        since=occasion.since,
        next=occasion.next,
        zone=occasion.zone,
        sections=sections,
        listed=occasion.listed,
        missing=owed.missing,
        oldest=min((occasion.slot, *(d.oldest for d in owed.carried)), key=datetime.fromisoformat),
        late=occasion.late,
        first=occasion.first,
        asked=occasion.asked,
        added=occasion.added,
        topics=occasion.topics,
        schedule=occasion.schedule,
        wording=desk.wording,
        renderer=desk.renderer,
        length=occasion.length,
        **counted,
    )


def _weight(match: Match) -> int:
    return -match.interest.weight


def _reason(occasion: Occasion, matches: Sequence[Match], fresh: _Fresh) -> str:
    if not matches:
        return "no topic due" if occasion.topics else "no topics"
    if any(part.more for part in fresh.parts):
        return "below threshold"
    if fresh.again:
        return "all told before"
    return "nothing matched" if occasion.listed else "source had no listing"


def _apart(finding: Sequence[Match], told: Mapping[int, int], desk: Desk) -> _Fresh | None:
    """The sections of one whose topics have no paper in common, and who has had none: those that others have, too."""
    papers = frozenset[int]().union(*(match.found.papers for match in finding))
    if len(papers) < sum(len(match.found.papers) for match in finding) or not told.keys().isdisjoint(papers):
        return None
    parts = []
    for interest, found in finding:
        hits, more = found.ranked(interest, desk.score, desk.why).cut(interest.threshold, interest.cap)
        parts.append(Part(interest.id, interest.name, interest.text, hits, more))
    return _Fresh(parts, len(papers))


def _sections(finding: Sequence[Match], told: Mapping[int, int], desk: Desk) -> _Fresh:
    """Each paper under the first topic whose threshold it passes, else behind "more" of the first it matched."""
    topics = [(interest, found.ranked(interest, desk.score, desk.why)) for interest, found in finding]
    names: dict[int, list[str]] = {}
    home: dict[int, int] = {}
    lesser: dict[int, int] = {}
    for interest, ranked in topics:
        for c, score in zip(ranked.candidates, ranked.scores, strict=True):
            if c.paper not in told or (interest.revisions and c.revision > told[c.paper]):
                names.setdefault(c.paper, []).append(interest.name)
                (home if score >= interest.threshold else lesser).setdefault(c.paper, interest.id)
    home = lesser | home
    parts = [_section(interest, ranked, home, names) for interest, ranked in topics]
    again = {paper for match in finding for paper in match.found.papers} - names.keys()
    return _Fresh([part for part in parts if part.hits or part.more], len(names), again)


def _section(interest: Interest, ranked: Ranked, home: Mapping[int, int], names: Mapping[int, list[str]]) -> Part:
    """A topic's section of the papers whose home it is; one that two topics find names the other."""
    mine = [place for place, c in enumerate(ranked.candidates) if home.get(c.paper) == interest.id]
    passing = [place for place in mine if ranked.scores[place] >= interest.threshold]
    shown = passing[: interest.cap]
    hits = []
    for place in shown:
        hit, named = ranked.hit(place), names[ranked.candidates[place].paper]
        also = tuple(name for name in named if name != interest.name)
        hits.append(Hit(hit.change, hit.score, hit.marks, also) if also else hit)
    more = [ranked.candidates[place].change for place in mine[len(shown) :]]
    return Part(interest.id, interest.name, interest.text, hits, more)
