"""From what matched to what a reader gets: topics as sections, a paper once, threshold, cap and size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from digest.editions.draft import Draft, Hit, Missing, Section
from digest.editions.rank import AN_AGE
from digest.matching.mark import Mark
from digest.sources.listing import Facts
from subscribers.reader import Interest

MOST_BYTES = 90_000  # of HTML, decoded: mail readers clip a little above


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that a reader may hear of: its paper (merged ones as one) and the facts as they were."""

    change: int
    paper: int
    kind: str
    facts: Facts
    hours: float = AN_AGE  # since it was listed, when this change came
    revision: int = 0  # the newest `revised` change of the paper that the topic matched in its window, or 0


@dataclass(frozen=True, slots=True)
class Match:
    """What one topic matched: the newest matching change of each paper, told before or not."""

    interest: Interest
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Occasion:
    """The slot a digest is for. Instants are in the reader's zone."""

    slot: datetime
    since: datetime
    next: datetime
    zone: str
    listed: frozenset[int]  # papers with news in the window
    late: bool = False
    first: bool = False
    asked: str = ""  # what the foot says of the reader's order: frozen with the rest
    added: bool = False
    topics: int = 0
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """What earlier slots still owe: digests that did not arrive, and those nobody knows of."""

    carried: tuple[Draft, ...] = ()  # the oldest first
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """Why there is no mail: the first reason that is true (see DESIGN: silence is explained)."""

    reason: str


@dataclass(frozen=True)
class Desk:
    """What composing needs to know of papers and wording."""

    facts: Mapping[int, Facts]  # by change number
    paper: Callable[[int], int]  # by change number; a paper's key may be another than in the digest that is carried
    why: Callable[[int, int], tuple[Mark, ...]]  # (filter, change): the words that matched
    score: Callable[[Interest, Candidate], int]  # of the paper for this topic, 0 to 100
    card_bytes: Callable[[int], int]  # an upper bound of decoded HTML bytes, by change: quick
    hit_bytes: Callable[[Hit], int]  # the exact bytes
    section_bytes: int
    frame_bytes: int
    wording: tuple[int, ...] = ()
    renderer: int = 0


@dataclass
class _Part:
    """A section while it is filled."""

    topic: int
    name: str
    query: str
    hits: list[Hit] = field(default_factory=list)
    more: list[int] = field(default_factory=list)


def compose(
    occasion: Occasion, matches: Sequence[Match], told: Mapping[int, int], owed: Owed, desk: Desk
) -> Draft | Silence:
    """A reader's digest, or why there is none.

    `told` gives for each paper the newest change that the reader has had. Topics come by weight, then in the
    order they were added; a paper stands once, under the first topic that shows it, and names the others.
    """
    ordered = sorted(matches, key=lambda match: -match.interest.weight)
    fresh = [(match.interest, _fresh(match, told)) for match in ordered]
    again = {c.paper for match in matches for c in match.candidates} - {c.paper for _, some in fresh for c in some}
    parts = _sections(fresh, desk)
    shown = sum(len(part.hits) for part in parts)
    if not shown and not owed.carried:
        return Silence(_reason(occasion, matches, again, parts))
    found = {c.paper for _, some in fresh for c in some}
    carried = _carry(parts, owed.carried, desk)
    _fit(carried.parts, desk)
    shown_carried = sum(1 for part in carried.parts for hit in part.hits if hit.carried)
    return Draft(
        date=occasion.slot.date().isoformat(),
        slot=occasion.slot.isoformat(),
        since=occasion.since.isoformat(),
        next=occasion.next.isoformat(),
        zone=occasion.zone,
        sections=tuple(Section(p.topic, p.name, p.query, tuple(p.hits), tuple(p.more)) for p in carried.parts),
        listed=len(occasion.listed),
        told=len(again) + carried.instead,
        outside=len(occasion.listed) - len(found) - len(again),
        carried=shown_carried,
        carried_more=carried.more + carried.hits - shown_carried,
        missing=owed.missing,
        oldest=min((occasion.slot.isoformat(), *(d.oldest for d in owed.carried)), key=datetime.fromisoformat),
        late=occasion.late,
        first=occasion.first,
        asked=occasion.asked,
        added=occasion.added,
        topics=occasion.topics,
        schedule=occasion.schedule,
        wording=desk.wording,
        renderer=desk.renderer,
    )


def _fresh(match: Match, told: Mapping[int, int]) -> list[Candidate]:
    """Without papers told before; a revision is told again to a topic that asks for revisions."""
    return [c for c in match.candidates if c.paper not in told or _is_new_revision(match.interest, c, told[c.paper])]


def _is_new_revision(interest: Interest, candidate: Candidate, told: int) -> bool:
    return interest.revisions and candidate.revision > told


def _reason(occasion: Occasion, matches: Sequence[Match], again: set[int], parts: list[_Part]) -> str:
    if not matches:
        return "no topics"
    if any(part.more for part in parts):
        return "below threshold"
    if again:
        return "all told before"
    return "nothing matched" if occasion.listed else "source had no listing"


def _sections(fresh: list[tuple[Interest, list[Candidate]]], desk: Desk) -> list[_Part]:
    """Each paper under the first topic whose threshold it passes, else behind "more" of the first it matched."""
    home: dict[int, int] = {}
    for passing in (True, False):
        for interest, candidates in fresh:
            for c in candidates:
                if (desk.score(interest, c) >= interest.threshold) is passing:
                    home.setdefault(c.paper, interest.id)
    names: dict[int, list[str]] = {}
    for interest, candidates in fresh:
        for c in candidates:
            names.setdefault(c.paper, []).append(interest.name)
    parts = [_section(i, [c for c in some if home[c.paper] == i.id], names, desk) for i, some in fresh]
    return [part for part in parts if part.hits or part.more]


def _section(interest: Interest, mine: list[Candidate], names: Mapping[int, list[str]], desk: Desk) -> _Part:
    scores = {c.change: desk.score(interest, c) for c in mine}
    ranked = sorted(mine, key=lambda c: (-scores[c.change], c.facts.key))
    passing = [c for c in ranked if scores[c.change] >= interest.threshold]
    shown = passing[: interest.cap]
    hits = [_hit(c, interest, scores[c.change], names[c.paper], desk) for c in shown]
    more = [c.change for c in passing[len(shown) :]] + [c.change for c in ranked if c not in passing]
    return _Part(interest.id, interest.name, interest.text, hits, more)


def _hit(c: Candidate, interest: Interest, score: int, names: Sequence[str], desk: Desk) -> Hit:
    also = tuple(name for name in names if name != interest.name)
    return Hit(c.change, score, desk.why(interest.filter, c.change), also)


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
    return _Part(section.topic, section.name, section.query, list(section.hits), list(section.more))


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
    mine.hits[:0] = part.hits
    mine.more.extend(part.more)


def _fit(parts: list[_Part], desk: Desk) -> None:
    """Keep the mail under its size: what doesn't fit goes behind "more".

    Carried papers have the first claim; then each section's best paper, each section's second, and so on, so
    that a topic with few papers is not crowded out by one with many.
    """
    room = MOST_BYTES - desk.frame_bytes - len(parts) * desk.section_bytes
    if sum(desk.card_bytes(hit.change) for part in parts for hit in part.hits) <= room:
        return
    ordered = sorted((not hit.carried, j, -hit.score, i) for i, p in enumerate(parts) for j, hit in enumerate(p.hits))
    over: set[tuple[int, int]] = set()
    for _, j, _, i in ordered:
        room -= desk.hit_bytes(parts[i].hits[j])
        if room < 0:
            over.add((i, j))
    for i, part in enumerate(parts):
        cut = [hit.change for j, hit in enumerate(part.hits) if (i, j) in over]
        part.hits = [hit for j, hit in enumerate(part.hits) if (i, j) not in over]
        part.more[:0] = cut
