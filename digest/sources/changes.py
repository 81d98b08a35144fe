"""What a look teaches us: the changes between what is stored and what a listing shows. Pure.

Compared is with what is stored (appearances, facts), never with the previous look: so a look that is repeated,
or that comes late, finds nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from digest.sources.listing import Entry, Facts, Listing, public_key, said
from digest.sources.recognise import Known, Seen, joined, placed, recognised

LISTED, ELSEWHERE, ROSE, ENRICHED, REVISED = "listed", "listed elsewhere", "rose", "enriched", "revised"
SETTLED, CORRECTED, UNLISTED = "settled", "corrected", "unlisted"
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # always worth a `rose`, whatever filters name
NOTHING = Facts(key="", title="")
UNSEEN = Seen("", date.min)
NEWS_FOR = timedelta(days=14)  # how long after the first listing that was news a rise is news
ENRICHING = ("code", "project", "abstract")
TEXTS = ("title", "abstract", "authors", "organisations", "code", "project", "categories", "keywords", "published",
         "journal", "remarks")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """The circumstances of a look."""

    source: str  # short name
    day: date
    at: datetime
    first_look: date  # UTC date of the source's first look
    backfill: bool = False  # or a replay: never news
    settled: bool = False  # the day was settled before
    milestones: Mapping[str, Sequence[int]] = field(default_factory=dict)  # numbers that filters name, by field
    feeds_first: bool = False  # a feed's first look: its entries without any date may be of any age


@dataclass(frozen=True, slots=True)
class Finding:
    """A change before it has a number."""

    kind: str
    day: date
    news: bool
    facts: Facts


@dataclass(frozen=True, slots=True)
class Found:
    """What a look says of one paper: what to store and what has changed."""

    paper: int | None  # None: a new paper
    entry: Entry
    day: date
    facts: Facts
    findings: tuple[Finding, ...]
    appears: bool  # a new appearance (source, day)
    merges: tuple[int, ...] = ()  # younger papers that turn out to be this one
    former: str = ""  # its public key until now, where it gets a stronger one


def changes(known: Mapping[str, Known], listing: Listing, look: Look) -> list[Found]:
    """What each entry teaches, given the known papers by their identity keys and aliases.

    A feed's entry stays on the day of its first look, however often its publisher dates it anew.
    """
    found: list[Found] = []
    for papers, entry in recognised(known, listing.entries, look.source):
        found.append(_found(papers, placed(papers, entry, look.source) if listing.rolling else entry, look))
    return found


def gone(here: Iterable[Known], found: Iterable[Found], listing: Listing, look: Look) -> list[tuple[Known, Finding]]:
    """The papers of this source and day that a whole look no longer shows. `found` is what it shows: a paper may be
    shown by any of its keys, also by one that its facts don't name.
    """
    if not listing.whole or listing.rolling:
        return []
    shown = {number for item in found for number in (item.paper, *item.merges)}
    missing = [known for known in here if known.paper not in shown and _live(known, look)]
    return [(known, Finding(UNLISTED, look.day, False, known.facts)) for known in missing]


def milestones_between(old: int, new: int, named: Sequence[int]) -> bool:
    """Whether a rise from `old` to `new` reaches a step or a number that a filter names."""
    return new > old and any(old < number <= new for number in (*STEPS, *named))


def _live(known: Known, look: Look) -> bool:
    return any(s.source == look.source and s.day == look.day and not s.gone for s in known.seen)


def _found(papers: list[Known], entry: Entry, look: Look) -> Found:
    if not papers:
        return _new(entry, look)
    known, day = joined(papers), entry.day or look.day
    here = next((s for s in known.seen if s.source == look.source and s.day == day), None)
    facts = _facts(known, entry, look, day)
    first_news = _first_news(known, here, day, entry, look)
    kinds = list(_kinds(known, here, facts, look))
    findings = [Finding(kind, day, is_news(kind, first_news, day, entry, look), facts) for kind in kinds]
    if here is None and look.settled:
        findings.append(replace(findings[0], kind=SETTLED))
    merges, former = tuple(paper.paper for paper in papers[1:]), known.facts.key
    former = former if former != facts.key else ""
    return Found(known.paper, entry, day, facts, tuple(findings), here is None, merges, former)


def _new(entry: Entry, look: Look) -> Found:
    day = entry.day or look.day
    facts = Facts(
        **{
            "key": public_key(entry.keys),
            "title": "",
            "upvotes": entry.upvotes or 0,
            "comments": entry.comments or 0,
            "sources": (look.source,),
            "listed": day.isoformat(),
            **_identity(entry.keys),
            **said(NOTHING, entry, own=True),
        }
    )
    finding = Finding(LISTED, day, is_news(LISTED, None, day, entry, look), facts)
    findings = (finding, replace(finding, kind=SETTLED)) if look.settled else (finding,)
    return Found(None, entry, day, facts, findings, True)


def _identity(keys: Iterable[str]) -> dict[str, Any]:
    """The arXiv id and DOI among identity keys, as facts."""
    named = dict(key.split(":", 1) for key in keys)
    return {name: named[name] for name in ("arxiv", "doi") if name in named}


def _facts(known: Known, entry: Entry, look: Look, day: date) -> Facts:
    """The paper's facts after this look: texts merged, counts the highest of its listings' last, the strongest key."""
    old = known.facts
    counted = [s for s in known.seen if not (s.source == look.source and s.day == day)]
    now_here = next((s for s in known.seen if s.source == look.source and s.day == day), UNSEEN)
    counts = {
        "upvotes": _highest(entry.upvotes, now_here.upvotes, [s.upvotes for s in counted]),
        "comments": _highest(entry.comments, now_here.comments, [s.comments for s in counted]),
    }
    updates = said(old, entry, own=look.source == old.sources[0])
    updates.update((name, value) for name, value in counts.items() if value != getattr(old, name))
    updates.update((name, value) for name, value in _identity(entry.keys).items() if not getattr(old, name))
    if look.source not in old.sources:
        updates["sources"] = (*old.sources, look.source)
    facts = replace(old, **updates) if updates else old
    strongest = facts.arxiv or facts.doi or facts.key
    return facts if facts.key == strongest else replace(facts, key=strongest)


def _highest(now: int | None, before: int | None, elsewhere: list[int | None]) -> int:
    """The highest count of a paper's listings: of this one the count that it shows, else the one that it showed."""
    return max((before if now is None else now) or 0, *(count or 0 for count in elsewhere), 0)


def _kinds(known: Known, here: Seen | None, facts: Facts, look: Look) -> Iterable[str]:
    """Which kinds of change the look makes for a known paper, in the order they are numbered."""
    old = known.facts
    if here is None:
        yield ELSEWHERE
    if any(
        milestones_between(getattr(old, name), getattr(facts, name), look.milestones.get(name, ()))
        for name in ("upvotes", "comments")
    ):
        yield ROSE
    enriched = {name for name in ENRICHING if getattr(facts, name) and not getattr(old, name)}
    if enriched:
        yield ENRICHED
    if old.version and facts.version > old.version:
        yield REVISED
    compared = () if facts is old else (name for name in TEXTS if name not in enriched)
    differs = any(getattr(facts, name) != getattr(old, name) for name in compared)
    if (here is not None and here.gone) or (differs and facts.version == old.version):
        yield CORRECTED


def _first_news(known: Known, here: Seen | None, day: date, entry: Entry, look: Look) -> date | None:
    """The day of the paper's first listing that was news, this one included."""
    days = [seen.day for seen in known.seen if seen.news]
    if here is None and is_news(ELSEWHERE, None, day, entry, look):
        days.append(day)
    return min(days, default=None)


def is_news(kind: str, first_news: date | None, day: date, entry: Entry, look: Look) -> bool:
    """Whether a change may be told: fixed for ever when it is written.

    `first_news` is the day of the paper's first listing that was news, `day` that of this entry. What no list ever
    brought as news (a back-fill, what a new source had already, an arXiv replacement) can't rise or be revised as news
    either: a replacement lists nothing anew, it only tells us that the paper exists.
    """
    if look.backfill or (look.feeds_first and not entry.dated):
        return False
    if kind in (LISTED, ELSEWHERE):
        return not entry.announce.startswith("replace") and day >= look.first_look - timedelta(days=1)
    if kind in (ROSE, ENRICHED):
        return first_news is not None and look.at.date() <= first_news + NEWS_FOR
    return kind == REVISED and first_news is not None
