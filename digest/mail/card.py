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
from digest.mail.form import Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.sheet import Cells, Rows, Sheet, both
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
KNOWN_MOST = 4_096  # places of one paper whose words are kept
BECAUSE_KEPT = 65_536  # reasons

QUOTES = ("“", "”")  # of the reason in HTML

ORDER = ("number", "score", "has_score", *both("why"), "reason", "date", "has_carried")
ROWS = {"also": both("topic")}


class Because(NamedTuple):
    """Why a paper is there, as cells: those of ORDER behind the score, and rows for the text part and for HTML."""

    cells: Cells
    text: Rows
    html: Rows


class Card:
    """A paper's part of a digest, in both formats, encoded.

    `failed` says why the card is only title and link, "" when it is whole. `lead` is the title for a slot.
    """

    def __init__(self, facts: Facts, wording: Wording, site_url: str) -> None:
        self.title = paper_title(facts)
        self.lead = pair(bounded(self.title, LEAD_BYTES))
        self._abstract = cut(readable(facts.abstract), ABSTRACT_MOST)
        self._words = {"title": words(self.title), "abstract": words(self._abstract)}
        self._edges = {field: ([p[0] for p in places], [p[1] for p in places]) for field, places in self._words.items()}
        self._mark_bytes = len("".join(wording.marks[HTML]).encode())
        self._known: dict[str, Run | None] = {}
        page = page_url(site_url, facts.key)
        self.failed = ""
        try:
            parts = {format: self._rendered(facts, wording, page, format) for format in (TEXT, HTML)}
        except Exception as error:  # whatever a template does, the digest goes out with title and link
            self.failed = f"{facts.key}: {error}"
            parts = _title_and_link(self.title, page)
        self._text, self._html = _bound(parts, TEXT), _bound(parts, HTML)

    def write(self, score: str, places: str, rest: str, number: int, text: list[bytes], html: list[bytes]) -> None:
        """Appends the bytes of the card to a text part and an HTML part, as the paper with this number in the mail.

        `score`, `places` and `rest` are those of the hit's line (`digest.editions.line`).
        """
        runs = self._runs(places) if places else ()
        why = because(rest)
        cells = (numbered(number), *_scored(score), *why.cells)
        for part in self._text:
            if isinstance(part, Span):
                part.write(runs, text)
            else:
                part.fill(cells, why.text, text)
        for part in self._html:
            if isinstance(part, Span):
                part.write(runs, html)
            else:
                part.fill(cells, why.html, html)

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
        for part in self._html:
            if isinstance(part, Sheet):
                total += part.size(bounds)
            else:
                total += len(part.text.replace("\n", "\r\n").encode()) + MARKS_MOST * self._mark_bytes
        return total

    def _rendered(self, facts: Facts, wording: Wording, page: str, format: str) -> list[Form | Span]:
        paper = plain(facts, page) | self._texts(format)
        rendered = wording.fragment("card", format, {"paper": paper})
        return cut_at_words(rendered, wording.marks[format], lined=format == TEXT)

    def _texts(self, format: str) -> dict[str, str]:
        """Title and abstract with their words between private characters."""
        fields = {"title": (TITLE, self.title), "abstract": (ABSTRACT, self._abstract)}
        if format == HTML:
            escaped = {name: bracketed(t, self._words[name], field, html) for name, (field, t) in fields.items()}
            return {name: Markup(text) for name, text in escaped.items()}  # noqa: S704 (escaped word by word)
        return {name: bracketed(*_apart(t), field, str) for name, (field, t) in fields.items()}

    def _runs(self, places: str) -> Sequence[Run]:
        """Marked places as runs of whole words; what lies beyond the text shown is left out. Only the first 16 of many,
        those of the title first."""
        known = self._known
        found = []
        for place in places.split(" "):
            run = known[place] if place in known else self._new_run(place)
            if run is not None:
                found.append(run)
        if len(found) <= MARKS_MOST:
            return found
        return sorted(set(found), key=lambda run: (run[0] != "title", *run))[:MARKS_MOST]

    def _new_run(self, place: str) -> Run | None:
        run = None
        field, start, end = line.place_of(place)
        if field in self._edges and start < end:
            starts, ends = self._edges[field]
            first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
            run = (field, first, last) if first <= last else None
        if len(self._known) >= KNOWN_MOST:
            self._known.clear()
        self._known[place] = run
        return run


@lru_cache(maxsize=BECAUSE_KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    said = line.because(rest)
    text = html = b""
    if said.ways:
        text = pair(bounded(reason(said.ways), WHY_BYTES), WHY_INDENT)[0]
        html = pair(bounded(reason(said.ways, QUOTES), WHY_BYTES))[1]
    date = encoded(days.without_year(said.carried)) if said.carried else b""
    rows: tuple[Rows, Rows] = ({}, {})
    if said.also:
        rows = _also(said.also)
    return Because((text, html, bool(text), date, bool(said.carried)), *rows)


@lru_cache(maxsize=256)
def _scored(score: str) -> Cells:
    return encoded(score), int(score) > 0


def _bound(parts: dict[str, list[Form | Span]], format: str) -> list[Sheet | Span]:
    return [part if isinstance(part, Span) else Sheet(part, format, ORDER, ROWS) for part in parts[format]]


def _apart(text: str) -> tuple[str, tuple[Place, ...]]:
    """The text with its URLs apart, and the places of its words (which must stay the same words)."""
    spaced, before = apart(text), words(text)
    after = words(spaced)
    return (spaced, after) if len(after) == len(before) else (text, before)


def _also(names: Sequence[str]) -> tuple[Rows, Rows]:
    """The other topics of a reader that match: in text one row for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    text = pair(", ".join(shown), WHY_INDENT)[0]
    return {"also": [(text, b"")]}, {"also": [(b"", pair(name)[1]) for name in shown]}


def _title_and_link(title: str, page: str) -> dict[str, list[Form | Span]]:
    """A card without its template."""
    link = f'<p style="margin:0;padding:12px 0"><a dir="auto" href="{html(page)}">{html(title)}</a></p>\n'
    text = ("number", encoded(". "), pair(title, 3)[0], encoded(f"\n   {page}\n\n\n"))
    return {HTML: [Form([encoded(link)])], TEXT: [Form(text)]}
