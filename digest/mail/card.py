"""One paper as it stands in a digest: made once, then only joined for each reader. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from digest.editions import line
from digest.mail import days
from digest.mail.cells import bounded, html, pair
from digest.mail.cells import number as numbered
from digest.mail.foreign import apart, cut, words
from digest.mail.form import Each, Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.sheet import NO_ROWS, Cells, Sheet, both
from digest.mail.slots import HTML, TEXT
from digest.mail.span import ABSTRACT, TITLE, Place, Run, Span, bracketed
from digest.matching.why import reason
from digest.sources.listing import Facts
from subscribers.query.tex import readable

ABSTRACT_MOST = 2_000  # characters
MARKS_MOST = 16  # runs of marked words in one card: more would be paint, not a reason
ALSO_MOST = 2  # other topics named
WHY_BYTES, ALSO_BYTES, NAME_BYTES, DATE_BYTES, LEAD_BYTES = 400, 150, 300, 30, 300  # most bytes of these slots in HTML
WHY_INDENT = 8  # columns before a second line of the reason in the text part
BECAUSE_KEPT = 65_536  # reasons

QUOTES = ("“", "”")  # of the reason in HTML

REASON, CARRIED = "reason ", "carried "
ORDER = ("number", *both("why"), "date", "reason", "has_carried", "score", "has_score")
CELLS = {TEXT: {"number": 0, "why": 1, "date": 3}, HTML: {"number": 0, "why": 2, "date": 3}}  # places in ORDER
ROWS = {"also": both("topic")}
WAYS_KEPT = 256  # of one paper: by conditions and score


class Way(NamedTuple):
    """A card for some conditions and a score: its pieces, and what goes where among them."""

    pieces: tuple[bytes, ...]
    slots: tuple[tuple[int, int], ...]  # place among the pieces, place among the cells
    spans: tuple[tuple[int, Span], ...]  # where the blocks of a text begin
    rows: tuple[tuple[int, Sheet], ...]  # of `also`


class Because(NamedTuple):
    """Why a paper is there: the cells behind the number up to `has_carried`, and the rows of `also` by format."""

    holds: str  # which of the conditions
    cells: Cells
    text: Sequence[Cells]
    html: Sequence[Cells]


class Card:
    """A paper's part of a digest, in both formats, encoded.

    `failed` says why the card is only title and link, "" when it is whole. `lead` is the title for a slot, `page` the
    address of the paper's page.
    """

    def __init__(self, facts: Facts, wording: Wording, site_url: str) -> None:
        self.title = paper_title(facts)
        self.lead = pair(bounded(self.title, LEAD_BYTES))
        self._abstract = cut(readable(facts.abstract), ABSTRACT_MOST)
        self._words = {"title": words(self.title), "abstract": words(self._abstract)}
        self._edges = {field: ([p[0] for p in places], [p[1] for p in places]) for field, places in self._words.items()}
        self._mark_bytes = len("".join(wording.marks[HTML]).encode())
        self._ways: dict[str, tuple[Way, Way]] = {}
        self.page = page_url(site_url, facts.key)
        self.failed = ""
        try:
            self._parts = {format: self._rendered(facts, wording, self.page, format) for format in (TEXT, HTML)}
        except Exception as error:  # whatever a template does, the digest goes out with title and link
            self.failed = f"{facts.key}: {error}"
            self._parts = _title_and_link(self.title, self.page)

    def write(self, score: str, places: str, rest: str, number: int, text: list[bytes], html: list[bytes]) -> None:
        """Appends the bytes of the card to a text part and an HTML part, as the paper with this number in the mail.

        `score`, `places` and `rest` are those of the hit's line (`digest.editions.line`).
        """
        why = because(rest)
        ways = self._ways.get(why.holds + score) or self._new_ways(why.holds, score)
        if places.count(" ") >= MARKS_MOST:
            places = self._first(places.split(" "))
        cells = (numbered(number), *why.cells, *_scored(score)) if why.html else (numbered(number), *why.cells)
        _write(ways[0], cells, places, why.text, text)
        _write(ways[1], cells, places, why.html, html)

    def bytes_of(self, hit: str) -> int:
        """The decoded bytes of HTML that the card takes with this hit."""
        out: list[bytes] = []
        _, score, places, _, rest = hit.split("|", 4)
        self.write(score, places, rest, 1, [], out)
        return len(decoded(b"".join(out)))

    def most_bytes(self) -> int:
        """An upper bound of the decoded bytes of HTML, with all marks and every line of the reason."""
        bounds = {
            "number": 8,
            "score": 3,
            "why": WHY_BYTES,
            "topic": ALSO_BYTES,
            "date": DATE_BYTES,
            "also": ALSO_MOST + 1,
        }
        total = 0
        for part in self._parts[HTML]:
            if isinstance(part, Form):
                total += part.size(bounds)
            else:
                total += len(part.text.replace("\n", "\r\n").encode()) + MARKS_MOST * self._mark_bytes
        return total

    def _rendered(self, facts: Facts, wording: Wording, page: str, format: str) -> list[Form | Span]:
        paper = plain(facts, page) | self._texts(format)
        rendered = wording.fragment("card", format, {"paper": paper})
        mark = wording.marks[format]
        return cut_at_words(rendered, lambda text: Span(text, mark, format == TEXT, self._run))

    def _texts(self, format: str) -> dict[str, str]:
        """Title and abstract with their words between private characters."""
        fields = {"title": (TITLE, self.title), "abstract": (ABSTRACT, self._abstract)}
        if format == HTML:
            escaped = {name: bracketed(t, self._words[name], field, html) for name, (field, t) in fields.items()}
            return {name: Markup(text) for name, text in escaped.items()}  # noqa: S704 (escaped word by word)
        return {name: bracketed(*_apart(t), field, str) for name, (field, t) in fields.items()}

    def _run(self, place: str) -> Run | None:
        """A marked place as a run of whole words; None for one beyond the text shown."""
        field, start, end = line.place_of(place)
        if field not in self._edges or start >= end:
            return None
        starts, ends = self._edges[field]
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        return (field, first, last) if first <= last else None

    def _first(self, places: Sequence[str]) -> str:
        """Of many places the first 16 that mark something, those of the title first."""
        runs = {run: place for place in places if (run := self._run(place)) is not None}
        return " ".join([runs[run] for run in sorted(runs, key=lambda run: (run[0] != "title", *run))[:MARKS_MOST]])

    def _new_ways(self, holds: str, score: str) -> tuple[Way, Way]:
        if len(self._ways) >= WAYS_KEPT:
            self._ways.clear()
        made = _way(self._parts[TEXT], TEXT, holds, score), _way(self._parts[HTML], HTML, holds, score)
        self._ways[holds + score] = made
        return made


def _write(way: Way, cells: Cells, places: str, also: Sequence[Cells], out: list[bytes]) -> None:
    begin = len(out)
    out += way.pieces
    for at, cell in way.slots:
        out[begin + at] = cells[cell]
    for at, span in way.spans:
        for block, piece in span.patches(places):
            out[begin + at + block] = piece
    if also:
        for at, sheet in way.rows:
            out[begin + at] = sheet.filled(cells, also, NO_ROWS)


def _way(parts: Sequence[Form | Span], format: str, holds: str, score: str) -> Way:
    said = {"reason": REASON in holds, "has_carried": CARRIED in holds, "has_score": int(score) > 0}
    pieces: list[bytes] = []
    slots, spans, rows = [], [], []
    for part in parts:
        if isinstance(part, Span):
            spans.append((len(pieces), part))
            pieces += part.blocks
            continue
        constant, named = part.apart([said[name] for name in part.conditions])
        begin, constant[1::2] = len(pieces), [encoded(score) if slot == "score" else b"" for slot in named]
        pieces += constant
        for at, slot in enumerate(named):
            place = begin + 2 * at + 1
            if isinstance(slot, Each):
                rows.append((place, Sheet(slot.form, format, (*ORDER, *ROWS[slot.name]), ROWS)))
            elif slot != "score":
                slots.append((place, CELLS[format][slot]))
    return Way(tuple(pieces), tuple(slots), tuple(spans), tuple(rows))


@lru_cache(maxsize=BECAUSE_KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    said = line.because(rest)
    text = html = b""
    if said.ways:
        text = pair(bounded(reason(said.ways), WHY_BYTES), WHY_INDENT)[0]
        html = pair(bounded(reason(said.ways, QUOTES), WHY_BYTES))[1]
    date = encoded(days.without_year(said.carried)) if said.carried else b""
    holds = REASON * bool(text) + CARRIED * bool(said.carried)
    return Because(holds, (text, html, date, bool(text), bool(said.carried)), *_also(said.also))


@lru_cache(maxsize=256)
def _scored(score: str) -> Cells:
    return encoded(score), int(score) > 0


def _apart(text: str) -> tuple[str, tuple[Place, ...]]:
    """The text with its URLs apart, and the places of its words (which must stay the same words)."""
    spaced, before = apart(text), words(text)
    after = words(spaced)
    return (spaced, after) if len(after) == len(before) else (text, before)


def _also(names: Sequence[str]) -> tuple[list[Cells], list[Cells]]:
    """The other topics of a reader that match: in text one row for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    text = pair(", ".join(shown), WHY_INDENT)[0]
    return [(text, b"")] if shown else [], [(b"", pair(name)[1]) for name in shown]


def _title_and_link(title: str, page: str) -> dict[str, list[Form | Span]]:
    """A card without its template."""
    link = f'<p style="margin:0;padding:12px 0"><a dir="auto" href="{html(page)}">{html(title)}</a></p>\n'
    text = ("number", encoded(". "), pair(title, 3)[0], encoded(f"\n   {page}\n\n\n"))
    return {HTML: [Form([encoded(link)])], TEXT: [Form(text)]}
