"""From what matched to what a reader gets: topics as sections, a paper once, threshold, cap and size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from digest.editions.draft import Draft, Hit, Missing, Near, Section
from digest.editions.found import Found, Ranked, Score, Why
from digest.sources.listing import Facts
from subscribers.reader import Interest

MOST_BYTES = 90_000  # of HTML, decoded: mail readers clip a little above


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
    titles: bool = False  # without abstracts


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


class Sizes(NamedTuple):
    """Decoded bytes of HTML."""

    card: Callable[[int], int]  # an upper bound, by change: quick
    hit: Callable[[Hit], int]  # the exact bytes


@dataclass(frozen=True)
class Desk:
    """What composing needs to know of papers and wording."""

    facts: Mapping[int, Facts]  # by change number
    paper: Callable[[int], int]  # by change number; a paper's key may be another than in the digest that is carried
    why: Why
    score: Score
    whole: Sizes  # of cards
    brief: Sizes  # of cards without abstract
    section_bytes: int
    frame_bytes: int
    wording: tuple[int, ...] = ()
    renderer: int = 0


@dataclass(slots=True)
class _Part:
    """A section while it is filled."""

    topic: int
    name: str
    query: str
    hits: Sequence[Hit] = ()
    more: Sequence[int] = ()


@dataclass(slots=True)
class _Fresh:
    """What the topics bring: parts, how many papers they name, and the papers that were told before."""

    parts: list[_Part]
    papers: int
    again: Set[int] = frozenset()


def compose(
    occasion: Occasion, matches: Sequence[Match], told: Mapping[int, int], owed: Owed, desk: Desk
) -> Draft | Silence:
    """A reader's digest, or why there is none.

    `told` gives for each paper the newest change that the reader has had. Topics come by weight, then in the
    order they were added; a paper stands once, under the first topic that shows it, and names the others.
    """
    finding = sorted((match for match in matches if match.found.papers), key=_weight)
    fresh = _apart(finding, told, desk) or _sections(finding, told, desk)
    again = len(fresh.again)
    if not any(part.hits for part in fresh.parts) and not any(draft.sections for draft in owed.carried):
        return Silence(_reason(occasion, matches, fresh), again)
    carried = _carry(fresh.parts, owed.carried, desk) if owed.carried else _Carried(fresh.parts)
    _fit(carried.parts, desk, desk.brief if occasion.titles else desk.whole)
    shown = sum(1 for part in carried.parts for hit in part.hits if hit.carried) if owed.carried else 0
    draft = _begun(occasion, owed, desk)
    return replace(
        draft,
        sections=tuple(Section(p.topic, p.name, p.query, tuple(p.hits), tuple(p.more)) for p in carried.parts),
        told=again + carried.instead,
        outside=occasion.listed - fresh.papers - again,
        carried=shown,
        carried_more=carried.more + carried.hits - shown,
    )


def nothing(occasion: Occasion, silence: Silence, near: Sequence[Near], owed: Owed, desk: Desk) -> Draft:
    """The mail of one who wants to be told when there is nothing, and what came closest."""
    outside = occasion.listed - silence.told
    draft = _begun(occasion, owed, desk)
    return replace(draft, told=silence.told, outside=outside, silence=silence.reason, near=tuple(near))


def _begun(occasion: Occasion, owed: Owed, desk: Desk) -> Draft:
    """A digest without papers."""
    return Draft(
        date=occasion.date,
        slot=occasion.slot,
        since=occasion.since,
        next=occasion.next,
        zone=occasion.zone,
        sections=(),
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
        titles=occasion.titles,
    )


def _weight(match: Match) -> int:
    return -match.interest.weight


def _reason(occasion: Occasion, matches: Sequence[Match], fresh: _Fresh) -> str:
    if not matches:
        return "no topics"
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
        parts.append(_Part(interest.id, interest.name, interest.text, hits, more))
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


def _section(interest: Interest, ranked: Ranked, home: Mapping[int, int], names: Mapping[int, list[str]]) -> _Part:
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
    return _Part(interest.id, interest.name, interest.text, hits, more)


@dataclass(frozen=True, slots=True)
class _Carried:
    """The sections with what did not arrive in front, and how many papers that is."""

    parts: list[_Part]
    hits: int = 0
    more: int = 0
    instead: int = 0  # papers shown as carried that would have been behind "more" by themselves (a revision)


def _carry(parts: list[_Part], drafts: Sequence[Draft], desk: Desk) -> _Carried:
    """Put what did not arrive first. A paper that is shown anyway (a revision) is not carried, one carried twice
    comes once, and one that is behind "more" by itself is shown: it was promised before."""
    shown = {desk.paper(hit.change) for part in parts for hit in part.hits}
    fresh, old = len(shown), [_part_of(section) for draft in reversed(drafts) for section in _dated(draft)]
    for part in old:
        part.hits = [hit for hit in part.hits if _first(hit.change, shown, desk)]
    before = sum(len(part.more) for part in parts)
    for part in parts:
        part.more = [number for number in part.more if desk.paper(number) not in shown]
    instead = before - sum(len(part.more) for part in parts)
    named = shown | {desk.paper(number) for part in parts for number in part.more}
    for part in old:
        part.more = [number for number in part.more if _first(number, named, desk)]
    by_topic = {part.topic: part for part in parts}
    for part in old:
        _join(by_topic, part)
    kept = [part for part in by_topic.values() if part.hits or part.more]
    return _Carried(kept, len(shown) - fresh, sum(len(part.more) for part in old), instead)


def _dated(draft: Draft) -> list[Section]:
    """A draft's sections, each hit with the date of the digest that it first stood in."""
    return [
        replace(section, hits=tuple(replace(hit, carried=hit.carried or draft.date) for hit in section.hits))
        for section in draft.sections
    ]


def _part_of(section: Section) -> _Part:
    return _Part(section.topic, section.name, section.query, section.hits, section.more)


def _first(change: int, here: set[int], desk: Desk) -> bool:
    """Whether this change's paper comes for the first time; it is noted."""
    paper = desk.paper(change)
    if paper in here:
        return False
    here.add(paper)
    return True


def _join(by_topic: dict[int, _Part], part: _Part) -> None:
    """Put a carried section in front of its topic's; a topic that has none now gets its section back."""
    mine = by_topic.setdefault(part.topic, _Part(part.topic, part.name, part.query))
    mine.hits = [*part.hits, *mine.hits]
    mine.more = [*mine.more, *part.more]


def _fit(parts: list[_Part], desk: Desk, sizes: Sizes) -> None:
    """Keep the mail under its size: what doesn't fit goes behind "more".

    Carried papers have the first claim; then each section's best paper, each section's second, and so on, so
    that a topic with few papers is not crowded out by one with many.
    """
    room = MOST_BYTES - desk.frame_bytes - len(parts) * desk.section_bytes
    most = sum([sizes.card(hit.change) for part in parts for hit in part.hits])
    if most <= room:
        return
    ordered = sorted((not hit.carried, j, -hit.score, i) for i, p in enumerate(parts) for j, hit in enumerate(p.hits))
    over: set[tuple[int, int]] = set()
    for _, j, _, i in ordered:
        if room >= 0:  # once it is full, no size matters any more
            hit = parts[i].hits[j]
            most -= sizes.card(hit.change)
            room -= sizes.hit(hit)
        if room < 0:
            over.add((i, j))
        elif most <= room:  # the others fit, whatever their sizes
            break
    for i, part in enumerate(parts):
        cut = [hit.change for j, hit in enumerate(part.hits) if (i, j) in over]
        part.hits = [hit for j, hit in enumerate(part.hits) if (i, j) not in over]
        part.more = [*cut, *part.more]
