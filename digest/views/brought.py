"""What a filter tried as a topic would have brought, as the pages show it: counts, a chart, both lists in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digest.mail.foreign import clean, cut, fit
from digest.mail.paper import TITLE_MOST, page_url
from digest.matching.mark import Mark
from digest.matching.why import reason
from digest.pipeline.nearness import unwanted_marks
from digest.pipeline.one_paper import Verdict
from digest.pipeline.trying import Dropped, Kept, Trial
from digest.sources.listing import Facts
from digest.views.cards import QUOTES
from subscribers.query.nodes import Query
from subscribers.query.tex import readable

WANTED, UNWANTED = "wanted", "unwanted"
STEP, WIDE, HIGH, BASE = 10, 7, 42, 46  # of the chart, in its own units: 30 bars in 300 by 48
AROUND = 44  # characters shown on either side of a marked word of an abstract

Shades = tuple[tuple[str, str], ...]  # (text, WANTED, UNWANTED or "")


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart: its place and size, and whether it is today."""

    x: int
    y: int
    height: int
    now: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A paper in a list: `said` why it is in it, `quoted` the words in the abstract where none is in the title."""

    url: str
    title: Shades
    upvotes: int
    said: str
    quoted: Shades = ()
    score: int = 0
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """Of a `Trial` what the page says. The counts add up: listed = kept + dropped, kept = mailed + behind."""

    trial: Trial
    counts: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]
    chart: str
    expected: str
    best: tuple[Line, ...]
    closest: tuple[Line, ...]

    @property
    def dropped(self) -> int:
        """Listed, and not wanted."""
        return self.trial.listed - self.trial.kept

    @property
    def behind(self) -> int:
        """Wanted, but not in the mail itself: behind its "more"."""
        return self.trial.kept - self.trial.mailed

    @property
    def unshown(self) -> int:
        """Kept papers that are not in the list."""
        return self.trial.kept - len(self.best)


def brought(trial: Trial) -> Brought:
    """A trial in words and shapes."""
    names = ("today", *(f"{span} days" for span, _ in trial.counts[1:]))
    return Brought(
        trial,
        tuple(zip(names, (count for _, count in trial.counts), strict=True)),
        bars([count for _, count in trial.daily]),
        chart_words([count for _, count in trial.daily]),
        expected(trial.a_week),
        tuple(_best(one) for one in trial.best),
        tuple(_closest(one) for one in trial.closest),
    )


def bars(counts: Sequence[int]) -> tuple[Bar, ...]:
    """A bar a day, the tallest as high as the chart; a day with few papers still shows."""
    most = max(counts, default=0) or 1
    heights = [max(2, round(HIGH * count / most)) if count else 0 for count in counts]
    return tuple(Bar(STEP * n, BASE - high, high, n == len(counts) - 1) for n, high in enumerate(heights))


def chart_words(counts: Sequence[int]) -> str:
    """The chart for those who don't see it."""
    return (
        f"Matches a day over the last {len(counts)} days: from {min(counts)} to {max(counts)}, "
        f"{sum(counts)} in all, today {counts[-1]}"
    )


def expected(a_week: float) -> str:
    """`about 19 a week`; below one a week, how seldom."""
    if a_week >= 1:
        return f"about {a_week:,.0f} a week"
    if a_week * 4 >= 1:
        return f"about {round(a_week * 4)} in four weeks"
    return "less than one a month" if a_week else "none"


def _best(one: Kept) -> Line:
    title = _title(one.facts, one.marks)
    return _line(one.facts, title, reason(one.marks, QUOTES), _quoted(one.facts, one.marks), one.score, one.behind)


def _closest(one: Dropped) -> Line:
    return _line(one.facts, _title(one.facts, one.wanted, one.unwanted), one.failed)


def _line(facts: Facts, title: Shades, said: str, quoted: Shades = (), score: int = 0, behind: str = "") -> Line:
    return Line(page_url("", facts.key), title, facts.upvotes, clean(said), quoted, score, behind)


def _title(facts: Facts, wanted: Iterable[Mark], unwanted: Iterable[Mark] = ()) -> Shades:
    title = cut(readable(facts.title), TITLE_MOST)
    if not fit(title).strip():
        return ((clean(facts.key), ""),)
    kinds = [(mark, WANTED) for mark in wanted] + [(mark, UNWANTED) for mark in unwanted]
    return shades(title, [(mark.start, mark.end, kind) for mark, kind in kinds if mark.field == "title"])


def shades(text: str, places: Iterable[tuple[int, int, str]]) -> Shades:
    """The text cut at these places (start, end, kind); of two that overlap what is unwanted counts, then the first."""
    found: list[tuple[str, str]] = []
    taken: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(places, key=lambda one: (one[2] != UNWANTED, one[0], -one[1])):
        if 0 <= start < end <= len(text) and all(end <= low or high <= start for low, high, _ in taken):
            taken.append((start, end, kind))
    last = 0
    for start, end, kind in sorted(taken):
        found += [(text[last:start], ""), (text[start:end], kind)]
        last = end
    found.append((text[last:], ""))
    return tuple((fit(piece), kind) for piece, kind in found if piece)


def _quoted(facts: Facts, marks: Sequence[Mark]) -> Shades:
    """The first marked words of the abstract with what stands around them, where no word of the title is marked."""
    first = next((mark for mark in marks if mark.field == "abstract"), None)
    if first is None or any(mark.field == "title" for mark in marks):
        return ()
    text = readable(facts.abstract)
    start, end = _word_start(text, first.start - AROUND), _word_end(text, first.end + AROUND)
    inside = shades(text[start:end], [(first.start - start, first.end - start, WANTED)])
    return (*((("… ", ""),) if start else ()), *inside, *(((" …", ""),) if end < len(text) else ()))


def _word_start(text: str, place: int) -> int:
    return 0 if place <= 0 else text.find(" ", place) + 1


def _word_end(text: str, place: int) -> int:
    return len(text) if place >= len(text) else max(text.rfind(" ", 0, place), 0)


def verdict(found: Verdict, meant: Query) -> dict[str, object]:
    """One paper explained: does it match, by what, and which clause fails."""
    unwanted = unwanted_marks(meant, found.facts) if found.failed else ()
    return {
        "matches": not found.failed,
        "url": page_url("", found.facts.key),
        "title": _title(found.facts, found.marks, unwanted),
        "said": clean(reason(found.marks, QUOTES)) if found.marks else "",
        "failed": clean(found.failed),
        "quoted": _quoted(found.facts, found.marks),
        "score": found.score,
    }
