"""One paper as it stands in a digest: made once, then only joined for each reader. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from markupsafe import Markup

from digest.editions.draft import Hit, Mark
from digest.mail import days
from digest.mail.cells import Cell, bounded, html, number, pair
from digest.mail.foreign import apart, cut, words
from digest.mail.form import Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.slots import HTML, TEXT
from digest.mail.span import ABSTRACT, TITLE, Place, Run, Span, bracketed
from digest.matching.why import reason
from digest.sources.listing import Facts
from subscribers.query.tex import readable

ABSTRACT_MOST = 2_000  # characters
MARKS_MOST = 16  # runs of marked words in one card: more would be paint, not a reason
ALSO_MOST = 2  # other topics named
WHY_BYTES, ALSO_BYTES, NAME_BYTES, DATE_BYTES, LEAD_BYTES = 400, 150, 300, 30, 300  # most bytes of these slots in HTML
SHOWN_KEPT = 2_000  # ways of showing one card that are kept
WHY_INDENT = 8  # columns before a second line of the reason in the text part

QUOTES = ("“", "”")  # of the reason in HTML

_NUMBER = bytes(bytearray(b"the number of a paper"))  # told apart by identity, not by its letters
_marking = attrgetter("clause", "field", "start", "end", "shown", "by_stem")

Shown = tuple[list[bytes], list[int]]  # pieces, and where among them the paper's number stands


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
        self._shown: dict[Any, tuple[Shown, Shown]] = {}
        page = page_url(site_url, facts.key)
        self.failed = ""
        try:
            self._parts = {format: self._rendered(facts, wording, page, format) for format in (TEXT, HTML)}
        except Exception as error:  # whatever a template does, the digest goes out with title and link
            self.failed = f"{facts.key}: {error}"
            self._parts = _title_and_link(self.title, page)

    def write(self, hit: Hit, place: int, text: list[bytes], html: list[bytes]) -> None:
        """Appends the bytes of the card to a text part and an HTML part; `place` is the paper's number there."""
        key = (tuple(map(_marking, hit.marks)), hit.also, hit.carried, hit.score)
        shown = self._shown.get(key) or self._keep(key, hit)
        text += _numbered(shown[0], place)
        html += _numbered(shown[1], place)

    def bytes_of(self, hit: Hit) -> int:
        """The decoded bytes of HTML that the card takes with this hit."""
        out: list[bytes] = []
        self.write(hit, 1, [], out)
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
        return cut_at_words(rendered, wording.marks[format], lined=format == TEXT)

    def _texts(self, format: str) -> dict[str, str]:
        """Title and abstract with their words between private characters."""
        fields = {"title": (TITLE, self.title), "abstract": (ABSTRACT, self._abstract)}
        if format == HTML:
            escaped = {name: bracketed(t, self._words[name], field, html) for name, (field, t) in fields.items()}
            return {name: Markup(text) for name, text in escaped.items()}  # noqa: S704 (escaped word by word)
        return {name: bracketed(*_apart(t), field, str) for name, (field, t) in fields.items()}

    def _keep(self, key: Any, hit: Hit) -> tuple[Shown, Shown]:
        if len(self._shown) >= SHOWN_KEPT:
            self._shown.clear()
        runs = _runs(hit.marks, self._edges)
        text_why = pair(bounded(reason(hit.marks), WHY_BYTES), WHY_INDENT)[0] if hit.marks else b""
        html_why = pair(bounded(reason(hit.marks, QUOTES), WHY_BYTES))[1] if hit.marks else b""
        also = _also(hit.also)
        made = self._show(TEXT, runs, text_why, also[0], hit), self._show(HTML, runs, html_why, also[1], hit)
        self._shown[key] = made
        return made

    def _show(self, format: str, runs: Sequence[Run], why: Cell, also: Sequence[Cell], hit: Hit) -> Shown:
        values = {
            "number": _NUMBER,
            "why": why,
            "reason": bool(why),
            "score": encoded(str(hit.score)),
            "has_score": hit.score > 0,
            "also": [{"topic": name} for name in also],
            "has_carried": bool(hit.carried),
            "date": encoded(days.without_year(hit.carried)) if hit.carried else b"",
        }
        pieces: list[bytes] = []
        for part in self._parts[format]:
            if isinstance(part, Form):
                part.fill(values, pieces)
            else:
                pieces += part.pieces(runs)
        return pieces, [at for at, piece in enumerate(pieces) if piece is _NUMBER]


def _numbered(shown: Shown, place: int) -> list[bytes]:
    pieces, places = shown
    if places:
        pieces = pieces.copy()
        for at in places:
            pieces[at] = number(place)
    return pieces


def _runs(marks: Sequence[Mark], places: Mapping[str, tuple[Sequence[int], Sequence[int]]]) -> tuple[Run, ...]:
    """Marks as runs of whole words, those of the title first; what lies beyond the text shown is left out.

    `places` gives by field where its words begin and where they end.
    """
    found = set()
    for mark in marks:
        if mark.end > mark.start and mark.field in places:
            starts, ends = places[mark.field]
            first, last = bisect_right(ends, mark.start), bisect_left(starts, mark.end) - 1
            if first <= last:
                found.add((mark.field, first, last))
    return tuple(sorted(found, key=lambda run: (run[0] != "title", *run)))[:MARKS_MOST]


def _apart(text: str) -> tuple[str, tuple[Place, ...]]:
    """The text with its URLs apart, and the places of its words (which must stay the same words)."""
    spaced, before = apart(text), words(text)
    after = words(spaced)
    return (spaced, after) if len(after) == len(before) else (text, before)


def _also(names: Sequence[str]) -> tuple[list[Cell], list[Cell]]:
    """Cells for the other topics of a reader that match: in text one for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    return ([pair(", ".join(shown), WHY_INDENT)[0]] if shown else []), [pair(name)[1] for name in shown]


def _title_and_link(title: str, page: str) -> dict[str, list[Form | Span]]:
    """A card without its template."""
    link = f'<p style="margin:0;padding:12px 0"><a dir="auto" href="{html(page)}">{html(title)}</a></p>\n'
    text = ("number", encoded(". "), pair(title, 3)[0], encoded(f"\n   {page}\n\n\n"))
    return {HTML: [Form([encoded(link)])], TEXT: [Form(text)]}
