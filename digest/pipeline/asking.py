"""Why a reader got what they got: the result of a slot, why a paper is or is not in it, the closest misses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from digest.editions.draft import Draft, Hit, Section
from digest.matching.why import reason, why_not
from digest.models import Appearance, Change, Copy, Identity, Told
from digest.pipeline.again import TOO_SOON, Again
from digest.pipeline.misses import Miss, Misses, below
from digest.pipeline.window import unpacked
from subscribers.models import Letter, Subscriber
from subscribers.reader import Interest

A_SECOND = timedelta(seconds=1)  # as exactly as links name slots
# what can be said of a paper that a topic did not bring, the nearest to its coming first
OUTCOMES = ("changed since", "waiting", "below threshold", "not matched")


@dataclass(frozen=True)
class Answer:
    """`result` is letter, silent, failed, or none; for a paper: shown, more, told before, not matched ..."""

    result: str
    reason: str
    closest: tuple[dict[str, object], ...] = ()
    changed: datetime | None = None  # when the reader's topics were changed since: it is judged by those of now


def copies(person: Subscriber, when: date | datetime) -> list[Copy]:
    """A reader's slots of a date (where they lived then), the oldest first; of an instant the one slot there."""
    mine = Copy.objects.filter(subscriber=person).select_related("letter", "edition").order_by("slot")
    if isinstance(when, datetime):
        second = when.replace(microsecond=0)  # only an old first digest's slot has a fraction
        return list(mine.filter(slot__gte=second, slot__lt=second + A_SECOND))
    return list(mine.filter(edition__date=when))


def why_none(person: Subscriber, when: date | datetime) -> Answer:
    """What there is to say where no slot was served."""
    due = f"the next is due {person.due:%Y-%m-%d %H:%M} UTC" if person.due else f"the reader is {person.state}"
    return Answer("none", f"no slot of this reader's has been served on {when}; {due}")


def why(person: Subscriber, copy: Copy) -> Answer:
    """What came of a reader's slot, with the closest misses when it was silent, or had a mail that says so."""
    if copy.letter is not None:
        return _of_letter(person, copy, copy.letter)
    if copy.result != Copy.Result.SILENT or copy.reason == TOO_SOON:
        return Answer(copy.result, copy.reason)
    then = Again(person, copy)
    return Answer(copy.result, copy.reason, _closest(person, copy, then), then.changed)


def _of_letter(person: Subscriber, copy: Copy, letter: Letter) -> Answer:
    nothing = letter.content.get("silence", "")
    what = f"a mail that there is nothing ({nothing})" if nothing else "a digest"
    state = letter.state + (f" ({letter.reason})" if letter.reason else "")
    said = f"{what} was posted at {letter.posted_at:%Y-%m-%d %H:%M} UTC: {state}"
    return Answer("letter", said, _closest(person, copy, Again(person, copy)) if nothing else ())


def why_paper(person: Subscriber, copy: Copy, key: str) -> Answer:
    """Why a paper is, or is not, in the digest of a reader's slot."""
    paper = known(key)
    if paper is None:
        return unknown(key)
    changes = set(Change.objects.filter(_of("paper", paper)).values_list("number", flat=True))
    if copy.letter is not None and copy.letter.content:
        placed = _placed(Draft.from_json(copy.letter.content), changes)
        if placed is not None:
            return placed
    return _absent(person, copy, paper)


def known(key: str) -> int | None:
    """The paper that an arXiv id, a DOI, a guid or one of our keys names."""
    names = (key, f"arxiv:{key}", f"doi:{key.lower()}", f"guid:{key}")
    return Identity.objects.filter(key__in=names).values_list("paper_id", flat=True).first()


def unknown(key: str) -> Answer:
    """What there is to say of a paper that nobody has listed."""
    return Answer("unknown paper", f"no paper {key} has been listed; write an arXiv id, a DOI or source:guid")


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


def _absent(person: Subscriber, copy: Copy, paper: int) -> Answer:
    told = next((of for _, of in _tellings(person, paper) if of.slot < copy.slot), None)
    if told is not None:
        return Answer("told before", f"it was in the digest of {_named(told)}")
    if not Appearance.objects.filter(paper=paper, first_seen__lte=copy.at).exists():
        return Answer("not listed", "no source had listed it when this digest was made")
    if copy.result == Copy.Result.FAILED:
        return Answer("failed", f"nothing was matched, since this failed: {copy.reason}; the next one covers this time")
    if copy.reason == TOO_SOON:
        return Answer("waiting", f"nothing was matched, {TOO_SOON} digest; the next one covers this time")
    return _judged(person, copy, paper)


def _tellings(person: Subscriber, paper: int) -> Iterator[tuple[int, Copy]]:
    """The digests that told the reader of a paper, the oldest first, and by which change."""
    rows = Told.objects.filter(_of("change__paper", paper)).order_by("id")
    for row in rows:
        if person.pk in unpacked(row.readers):
            mine = Copy.objects.filter(subscriber=person, edition=row.edition_id, letter__isnull=False)
            for copy in mine.select_related("letter", "edition").order_by("slot"):
                content = copy.letter.content if copy.letter else {}
                if not content or row.change_id in Draft.from_json(content).changes():
                    yield row.change_id, copy


def _named(copy: Copy) -> str:
    return f"{copy.edition.date} ({copy.slot:%H:%M} UTC)"


def _judged(person: Subscriber, copy: Copy, paper: int) -> Answer:
    """What each topic, as it is now, says of a paper that is not in a digest."""
    then = Again(person, copy)
    root = then.window.roots.get(paper, paper)
    if not any(c.paper == root for c in then.window.candidates):
        return Answer("no news", "nothing new was seen about it in the period that this digest covers")
    said = {topic.name: _verdict(then, topic, root) for topic in (*then.served, *then.waiting)}
    result = min((outcome for outcome, _ in said.values()), key=OUTCOMES.index, default="not matched")
    parts = [f"topic {name}: {words}" for name, (_, words) in said.items()] or ["the reader has no topics"]
    if then.changed:
        parts.append(f"these are the topics of now: they were changed at {then.changed:%Y-%m-%d %H:%M} UTC")
    later = next((of for _, of in _tellings(person, paper) if of.slot > copy.slot), None)
    if later is not None:
        parts.append(f"it came later, in the digest of {_named(later)}")
    return Answer(result, "; ".join(parts), changed=then.changed)


def _verdict(then: Again, topic: Interest, paper: int) -> tuple[str, str]:
    """One of OUTCOMES, and what to say of it."""
    window = then.window
    if topic.filter not in window.queries:
        return "not matched", "its filter can't be read"
    judged = Misses(window).judged(topic, then.low) if topic in then.served else ()
    score = next((one.score for one in judged if one.candidate.paper == paper), None)
    if score is not None:
        if score < topic.threshold:
            return "below threshold", below(score, topic.threshold)
        return "changed since", "matches as it is now: it was added or changed after this digest was made"
    newest = [c for c in window.candidates if c.paper == paper][-1]
    lacks = why_not(window.queries[topic.filter], newest.facts)
    return ("not matched", lacks) if lacks else _unserved(then, topic, newest.kind)


def _unserved(then: Again, topic: Interest, kind: str) -> tuple[str, str]:
    """Why a topic did not bring a paper that it matches: it was not asked about it."""
    if topic in then.waiting:
        return "waiting", f"matches, and waits for the first digest of the {topic.cadence.removesuffix('ly')}"
    if topic.settled:
        return "waiting", "matches, and waits until its votes are settled"
    if kind == "settled":
        return "not matched", "matches, and all that was new is that its votes were settled: no news for this topic"
    return "not matched", "matches, and had no news in the period that this topic covered"


def _closest(person: Subscriber, copy: Copy, then: Again) -> tuple[dict[str, object], ...]:
    def told(paper: int) -> int | None:
        return max((change for change, of in _tellings(person, paper) if of.slot < copy.slot), default=None)

    return tuple(_miss(one) for one in Misses(then.window).of(then.served, then.low, told, then.waiting))


def _miss(one: Miss) -> dict[str, object]:
    facts = one.candidate.facts
    return {"paper": facts.key, "title": facts.title, "score": one.score, "failed": one.failed}
