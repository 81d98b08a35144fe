"""Which stored paper an entry is: identity across looks and sources. Pure.

A false split shows a paper twice, a false merge hides one for ever: where it is doubtful, it is another paper.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

from digest.sources.keys import spelled
from digest.sources.listing import Entry, Facts


@dataclass(frozen=True, slots=True)
class Seen:
    """An appearance as stored: the counts are those that this listing last showed."""

    source: str  # short name
    day: date
    upvotes: int | None = None
    comments: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A paper as stored."""

    paper: int
    facts: Facts
    first_day: date
    seen: tuple[Seen, ...] = ()


def known_as(
    known: Mapping[str, Known], entry: Entry, source: str, others: Collection[int] = ()
) -> tuple[list[Known], Entry]:
    """The papers that the entry is, the oldest first, and the entry with the keys that can be believed of it.

    Two arXiv ids are two papers, whatever DOI they share. A feed's own name for a paper is not believed against
    both link and title, and the link only together with the title: a false split shows a paper twice, a false
    merge hides one for ever. Link and title of one paper outweigh the name of another, and don't make an entry one of
    the papers that `others` of the same look are by their names: what was two papers at one look must not be one at
    the next, only because a title has changed meanwhile.
    """
    linked = [known[key] for key in entry.aliases if key in known and known[key].facts.title == entry.title]
    linked = [paper for paper in linked if paper.paper not in others]
    papers = {paper.paper for paper in linked}
    own = [key for key in entry.keys if key in known and key.startswith("guid:")]
    reused = [
        key for key in own if _means_another(known[key], entry, source) or (papers and known[key].paper not in papers)
    ]
    if reused:
        rest = tuple(key for key in entry.keys if key not in reused)
        entry = replace(entry, keys=rest or entry.aliases, aliases=entry.aliases if rest else ())
    same = [known[key] for key in entry.keys if key in known] + (linked if entry.aliases else [])
    found = {paper.paper: paper for paper in same}
    return _of_one_id([found[number] for number in sorted(found)], entry), entry


def named_by(known: Mapping[str, Known], entry: Entry, source: str) -> set[int]:
    """The papers that the entry is by its keys alone, without names that were given to another."""
    keys = (key for key in entry.keys if key in known)
    return {
        known[key].paper for key in keys if not (key.startswith("guid:") and _means_another(known[key], entry, source))
    }


def _means_another(known: Known, entry: Entry, source: str) -> bool:
    """Whether a feed uses for this entry a name that it gave to another: link and title are both different."""
    facts = known.facts
    if not entry.aliases or facts.title == entry.title or facts.sources[:1] != (source,):
        return False
    link = spelled(facts.link)
    return bool(link) and all(alias.split(":", 2)[-1] != link for alias in entry.aliases)


def _of_one_id(papers: list[Known], entry: Entry) -> list[Known]:
    """The papers without those that have another arXiv id than the entry, or than the oldest that has one."""
    own = next((key.removeprefix("arxiv:") for key in entry.keys if key.startswith("arxiv:")), "")
    own = own or next((known.facts.arxiv for known in papers if known.facts.arxiv), "")
    return [known for known in papers if known.facts.arxiv in ("", own)]


def placed(papers: list[Known], entry: Entry, source: str) -> Entry:
    """A feed's entry on the day on which the feed first had it."""
    days = [seen.day for paper in papers for seen in paper.seen if seen.source == source]
    return replace(entry, day=min(days)) if days and min(days) != entry.day else entry


def joined(papers: list[Known]) -> Known:
    """The oldest of papers that turn out to be one, with what was seen of the others, and their ids."""
    oldest, *younger = papers
    if not younger:
        return oldest
    seen = {(s.source, s.day): s for paper in reversed(papers) for s in paper.seen}
    sources = dict.fromkeys(name for paper in papers for name in paper.facts.sources)
    first = min(paper.first_day for paper in papers)
    facts = replace(
        oldest.facts,
        sources=tuple(sources),
        listed=first.isoformat(),
        arxiv=next((paper.facts.arxiv for paper in papers if paper.facts.arxiv), ""),
        doi=next((paper.facts.doi for paper in papers if paper.facts.doi), ""),
    )
    return Known(oldest.paper, facts, first, tuple(seen.values()))
