"""Why a reader got what they got: the result of a day, why a paper is or is not in it, the closest misses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from digest.editions.draft import Draft, Hit, Section
from digest.editions.rank import score
from digest.matching.why import reason, why_not
from digest.models import Appearance, Change, Copy, Identity, Told
from digest.pipeline.misses import Misses
from digest.pipeline.window import Window, unpacked
from digest.sources.listing import Facts
from subscribers import roll
from subscribers.models import Subscriber
from subscribers.reader import Reader


@dataclass(frozen=True)
class Answer:
    """`result` is letter, silent, failed, or none; for a paper: shown, more, told before, not matched ..."""

    result: str
    reason: str
    closest: tuple[dict[str, object], ...] = ()


def why_day(person: Subscriber, day: date, now: datetime) -> Answer:
    """What came of a reader's digest of a date, with the closest misses when it was silent."""
    copy = _copy(person, day)
    if copy is None:
        due = f"; the next is due {person.due:%Y-%m-%d %H:%M} UTC" if person.due else f"; the reader is {person.state}"
        return Answer("none", f"no slot of this reader's has been served on {day}{due}")
    if copy.letter is not None:
        state = copy.letter.state + (f" ({copy.letter.reason})" if copy.letter.reason else "")
        return Answer("letter", f"a digest was posted at {copy.letter.posted_at:%Y-%m-%d %H:%M} UTC: {state}")
    return Answer(copy.result, copy.reason, _closest(person, copy, now) if copy.result == "silent" else ())


def why_paper(person: Subscriber, day: date, key: str, now: datetime) -> Answer:
    """Why a paper is, or is not, in a reader's digest of a date."""
    paper = _paper(key)
    if paper is None:
        return Answer("unknown paper", f"no paper {key} has been listed; write an arXiv id, a DOI or source:guid")
    copy = _copy(person, day)
    if copy is None:
        return why_day(person, day, now)
    changes = set(Change.objects.filter(_of("paper", paper)).values_list("number", flat=True))
    if copy.letter is not None and copy.letter.content:
        placed = _placed(Draft.from_json(copy.letter.content), changes)
        if placed is not None:
            return placed
    return _absent(person, copy, paper, now)


def _copy(person: Subscriber, day: date) -> Copy | None:
    return Copy.objects.filter(subscriber=person, edition__date=day).select_related("letter").order_by("-slot").first()


def _paper(key: str) -> int | None:
    names = (key, f"arxiv:{key}", f"doi:{key.lower()}", f"guid:{key}")
    return Identity.objects.filter(key__in=names).values_list("paper_id", flat=True).first()


def _of(field: str, paper: int) -> Q:
    """What belongs to a paper, or to one that was merged into it: a digest may have told that one."""
    return Q(**{field: paper}) | Q(**{f"{field}__merged_into": paper})


def _placed(draft: Draft, changes: set[int]) -> Answer | None:
    """The paper's place in a letter, if it has one."""
    for section in draft.sections:
        for hit in section.hits:
            if hit.change in changes:
                return Answer("shown", _because(section, hit))
        if changes.intersection(section.more):
            more = f"behind “{len(section.more)} more on the web” (cap, threshold or size)"
            return Answer("more", f"topic {section.name}: {more}")
    return None


def _because(section: Section, hit: Hit) -> str:
    carried = f"; carried from the digest of {hit.carried}, which did not arrive" if hit.carried else ""
    return f"topic {section.name}: {reason(hit.marks) or 'everything'}; score {hit.score}{carried}"


def _absent(person: Subscriber, copy: Copy, paper: int, now: datetime) -> Answer:
    told = _told_in(person, paper, copy)
    if told:
        return Answer("told before", f"it was in the digest of {told}")
    if not Appearance.objects.filter(paper=paper, first_seen__lte=copy.slot).exists():
        return Answer("not listed", "no source had listed it when this digest was made")
    (reader,) = roll.readers([person.pk], copy.slot)
    window = _window(reader, copy, now)
    mine = [c for c in window.candidates if c.paper == window.roots.get(paper, paper)]
    if not mine:
        return Answer("no news", "nothing new was seen about it in the period that this digest covers")
    misses = _misses(reader, window, mine[-1].facts)
    said = "; ".join(f"topic {name}: {failed}" for name, failed in misses.items())
    return Answer("not matched", said or "the reader has no topics")


def _told_in(person: Subscriber, paper: int, copy: Copy) -> date | None:
    """The date of the digest that told the reader of the paper, before this copy."""
    rows = Told.objects.filter(_of("change__paper", paper), change__number__lte=copy.high).select_related("edition")
    return next((row.edition.date for row in rows.order_by("id") if person.pk in unpacked(row.readers)), None)


def _window(reader: Reader, copy: Copy, now: datetime) -> Window:
    at = now if copy.low is not None else copy.slot
    return Window(copy.high, [copy.low], (topic.filter for topic in reader.topics), at)


def _closest(person: Subscriber, copy: Copy, now: datetime) -> tuple[dict[str, object], ...]:
    """The most interesting papers of the period that none of the reader's topics wanted, and which clause failed."""
    (reader,) = roll.readers([person.pk], copy.slot)
    window = _window(reader, copy, now)
    return tuple(_miss(one.candidate.facts, one.failed) for one in Misses(window).of(reader.topics, copy.low))


def _miss(facts: Facts, failed: dict[str, str]) -> dict[str, object]:
    return {"paper": facts.key, "title": facts.title, "score": score(facts), "failed": failed}


def _misses(reader: Reader, window: Window, facts: Facts) -> dict[str, str]:
    """For each topic the clause that failed ("" when none did)."""
    return {t.name: why_not(window.queries[t.filter], facts) for t in reader.topics if t.filter in window.queries}
