"""Which stored paper an entry is: identity across looks and sources. Pure.

A false split shows a paper twice, a false merge hides one for ever: where it is doubtful, it is another paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from digest.sources.keys import own_key, spelled
from digest.sources.listing import TOLD_BY_ENTRY, Entry, Facts, merged

OWN, ARXIV, DOI = "guid:", "arxiv:", "doi:"  # how keys begin: a source's own names, and ids
LINKED, NAMED, UNDISPUTED = range(3)  # a claim by link together with title; by a name of the source's own; of no rival


@dataclass(frozen=True, slots=True)
class Seen:
    """An appearance as stored: the counts are those that this listing last showed."""

    source: str  # short name
    day: date
    upvotes: int | None = None
    comments: int | None = None
    gone: bool = False
    news: bool = True  # the listing was news


@dataclass(frozen=True, slots=True)
class Known:
    """A paper as stored."""

    paper: int
    facts: Facts
    first_day: date
    seen: tuple[Seen, ...] = ()


class _Claim(NamedTuple):
    """What an entry may be, and the entry with the keys that can be believed of it if it is that."""

    entry: Entry
    paper: Known | None  # None: none but those of its ids, or a new one
    force: int


def names(entry: Entry) -> tuple[str, ...]:
    """All keys under which `recognised` looks for an entry's paper."""
    bare = _without_doi(entry)
    return (*entry.keys, *entry.aliases, *(() if _ids(bare) or not bare.keys else (_last_name(bare),)))


def recognised(known: Mapping[str, Known], entries: Sequence[Entry], source: str) -> list[tuple[list[Known], Entry]]:
    """The papers that each entry of a look is, the oldest first, and the entry with the keys that can be believed.

    Two arXiv ids are two papers, whatever DOI they share; and a DOI that a source gives to another title under other
    names is a volume's, here as within one look. A feed's own name for a paper is not believed against
    both link and title, and the link only together with the title, unless the entry has no other name; link and title
    of one paper outweigh the name of another.

    Two entries that no id joins are two papers: so each claims what it would best be, and of rivals for a paper that
    one has it whose claim is better (see `_weight`), while the other claims what it would be next. This way an entry
    that has a paper has it at the next look, too: by then the paper's title and link are its own.
    """
    entries = [_without_doi(entry) if _is_volumes(known, entry, source) else entry for entry in entries]
    firm = [_by_ids(known, entry) for entry in entries]
    own = [{paper.paper for paper in papers} for papers in firm]
    taken = set().union(*own)
    claims = [_claims(known, entry, source, papers) for entry, papers in zip(entries, firm, strict=True)]
    made: dict[int, _Claim] = {}
    holders: dict[int, int] = {}  # by paper
    waiting = list(range(len(entries)))[::-1]
    while waiting:
        place = waiting.pop()
        claim = made[place] = next(claims[place])
        paper = claim.paper
        if paper is None or claim.force == UNDISPUTED or paper.paper in own[place]:
            continue
        rival = holders.get(paper.paper)
        if paper.paper in taken or (
            rival is not None and _weight(made[rival], paper, rival) > _weight(claim, paper, place)
        ):
            waiting.append(place)
        else:
            holders[paper.paper] = place
            waiting += [] if rival is None else [rival]
    return [(_together(papers, made[place].paper), made[place].entry) for place, papers in enumerate(firm)]


def _claims(known: Mapping[str, Known], entry: Entry, source: str, papers: Sequence[Known]) -> Iterator[_Claim]:
    """What an entry may be, the best first; `papers` are those of its ids. The last is undisputed."""
    ids = _ids(entry)
    name = next((key for key in entry.keys if key not in ids), "")
    named = known.get(name)
    linked = [known[key] for key in entry.aliases if key in known and known[key].facts.title == entry.title]
    for paper in linked:
        own = named is None or named.paper == paper.paper
        if _of_one_id(paper, entry, papers):
            yield _Claim(entry if own else _nameless(entry, ids), paper, NAMED if own and named else LINKED)
    if named is None:
        yield _Claim(entry, None, UNDISPUTED)
    elif not _means_another(named, entry, source) and _of_one_id(named, entry, papers):
        yield _Claim(entry, named, NAMED)
    nameless = _nameless(entry, ids)
    if ids:
        yield _Claim(nameless, None, UNDISPUTED)
    for key in nameless.keys:
        yield _Claim(nameless, known.get(key), NAMED if key in known else UNDISPUTED)
    last = _last_name(entry)
    yield _Claim(replace(entry, keys=(last,), aliases=()), known.get(last), UNDISPUTED)


def _weight(claim: _Claim, paper: Known, place: int) -> tuple[bool, bool, bool, int]:
    """How much a claim on a paper counts against those of other entries."""
    entry, facts = claim.entry, paper.facts
    same_link = bool(entry.link) and spelled(entry.link) == spelled(facts.link)
    return claim.force == NAMED, entry.title == facts.title, same_link, -place


def _nameless(entry: Entry, ids: tuple[str, ...]) -> Entry:
    """The entry without the name that its source has for it: then its link is one, as of an entry that has no other."""
    return replace(entry, keys=ids or entry.aliases, aliases=entry.aliases if ids else ())


def _ids(entry: Entry) -> tuple[str, ...]:
    """The keys that are no name of the source's own, of which an entry has one: the first."""
    own = next((key for key in entry.keys if key.startswith(OWN)), "")
    return tuple(key for key in entry.keys if key != own)


def _without_doi(entry: Entry) -> Entry:
    """The entry by its other keys; its link is one when there is no other."""
    keys = tuple(key for key in entry.keys if not key.startswith(DOI))
    return replace(entry, keys=keys or entry.aliases, aliases=entry.aliases if keys else ())


def _is_volumes(known: Mapping[str, Known], entry: Entry, source: str) -> bool:
    """Whether the entry's DOI is that of a paper of this source which has another guid, another link and another title.

    An arXiv id that they share says that they are one, whatever the rest.
    """
    paper = next((known[key] for key in entry.keys if key.startswith(DOI) and key in known), None)
    if paper is None or not entry.aliases or paper.facts.title == entry.title:
        return False
    own = [key for key in (*entry.keys, *entry.aliases) if not key.startswith(DOI)]
    shared = any(key in known and known[key].paper == paper.paper for key in own)
    return not shared and any(seen.source == source for seen in paper.seen)


def _last_name(entry: Entry) -> str:
    """The key of an entry whose names are all another's: its own name together with its title."""
    source, _, name = entry.keys[0].removeprefix(OWN).partition(":")
    return own_key(source, f"{name} {entry.title}")


def _by_ids(known: Mapping[str, Known], entry: Entry) -> list[Known]:
    """The papers that have the entry's ids, the oldest first; of two arXiv ids those with its own, or the oldest's."""
    found = {known[key].paper: known[key] for key in _ids(entry) if key in known}
    papers: list[Known] = []
    for number in sorted(found):
        papers += [found[number]] if _of_one_id(found[number], entry, papers) else []
    return papers


def _of_one_id(paper: Known, entry: Entry, papers: Sequence[Known]) -> bool:
    """Whether a paper has no other arXiv id than the entry, or than the papers that the entry is."""
    own = next((key.removeprefix(ARXIV) for key in entry.keys if key.startswith(ARXIV)), "")
    own = own or next((known.facts.arxiv for known in papers if known.facts.arxiv), "")
    return not own or paper.facts.arxiv in ("", own)


def _together(papers: Sequence[Known], paper: Known | None) -> list[Known]:
    found = {known.paper: known for known in (*papers, *([paper] if paper else []))}
    return [found[number] for number in sorted(found)]


def _means_another(known: Known, entry: Entry, source: str) -> bool:
    """Whether a feed uses for this entry a name that it gave to another: link and title are both different."""
    facts = known.facts
    if not entry.aliases or facts.title == entry.title or facts.sources[:1] != (source,):
        return False
    link = spelled(facts.link)
    return bool(link) and all(alias.split(":", 2)[-1] != link for alias in entry.aliases)


def placed(papers: list[Known], entry: Entry, source: str) -> Entry:
    """A feed's entry on the day on which the feed first had it."""
    days = [seen.day for paper in papers for seen in paper.seen if seen.source == source]
    return replace(entry, day=min(days)) if days and min(days) != entry.day else entry


def joined(papers: list[Known]) -> Known:
    """The oldest of papers that turn out to be one, with what was seen of the others, their ids, and what they say as
    another source would: what it leaves empty, and the texts of a newer version.
    """
    oldest, *younger = papers
    if not younger:
        return oldest
    seen = {(s.source, s.day): s for paper in reversed(papers) for s in paper.seen}
    sources = dict.fromkeys(name for paper in papers for name in paper.facts.sources)
    first = min(paper.first_day for paper in papers)
    facts = oldest.facts
    for paper in younger:
        facts = merged(facts, _entry_of(paper.facts), own=False)
    facts = replace(
        facts,
        sources=tuple(sources),
        listed=first.isoformat(),
        arxiv=next((paper.facts.arxiv for paper in papers if paper.facts.arxiv), ""),
        doi=next((paper.facts.doi for paper in papers if paper.facts.doi), ""),
        summary=next((paper.facts.summary for paper in papers if paper.facts.summary), ""),
    )
    return Known(oldest.paper, facts, first, tuple(seen.values()))


def _entry_of(facts: Facts) -> Entry:
    said = {name: getattr(facts, name) for name in TOLD_BY_ENTRY}
    published = date.fromisoformat(facts.published) if facts.published else None
    return Entry((), published=published, version=facts.version or None, announce=facts.announce, **said)
