"""One paper as it stands in a digest: made once, then only joined for each reader. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from markupsafe import Markup

from digest.editions import line
from digest.mail import days
from digest.mail.cells import bounded, html, html_cell, pair, text_cell
from digest.mail.cells import number as numbered
from digest.mail.foreign import apart, clean, cut, cut_to_bytes, words
from digest.mail.form import Each, Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.sheet import NO_ROWS, Cells, Sheet, both
from digest.mail.slots import HTML, TEXT
from digest.mail.span import ABSTRACT, TITLE, Patch, Place, Run, Span, bracketed
from digest.matching.why import reason
from digest.sources.listing import Facts
from subscribers.query.tex import readable

ABSTRACT_MOST = 2_000  # characters
SHORT_MOST = 130  # characters of a title in a subject that says more
MARKS_MOST = 16  # runs of marked words in one card: more would be paint, not a reason
ALSO_MOST = 2  # other topics named
WHY_BYTES, ALSO_BYTES, NAME_BYTES, DATE_BYTES, LEAD_BYTES = 400, 150, 300, 30, 300  # most bytes of these slots in HTML
WHY_INDENT = 8  # columns before a second line of the reason in the text part
BECAUSE_KEPT = 65_536  # reasons

QUOTES = ("“", "”")  # of the reason in HTML

REASON, CARRIED = "reason ", "carried "
ORDER = ("number", *both("why"), "date", "reason", "has_carried", "score", "has_score")
CELLS = {TEXT: {"why": 1, "date": 3}, HTML: {"why": 2, "date": 3}}  # places in ORDER
NUMBER = bytes(bytearray(b"the number of a paper"))  # told apart by identity, not by its letters
ROWS = {"also": both("topic")}
WAYS_KEPT, MARKED_KEPT = 256, 512  # of one paper: by conditions and score; by places

Patches = tuple[Patch, ...]
Changed = tuple[Patches, Patches]  # in the text part, in the HTML part


class Shown(NamedTuple):
    """A card as it stands in a mail, but for its number: what many readers share who asked for the same."""

    text: tuple[bytes, ...]
    html: tuple[bytes, ...]
    text_numbers: tuple[int, ...]  # where the number stands among the pieces
    html_numbers: tuple[int, ...]


class Way(NamedTuple):
    """A card of one format for some conditions and a score: its pieces, and what goes where among them."""

    pieces: tuple[bytes, ...]
    numbers: tuple[int, ...]  # where the number stands
    slots: tuple[tuple[int, int], ...]  # place among the pieces, place among the cells
    blocks: tuple[int, ...]  # where the blocks stand whose words can be marked
    rows: tuple[tuple[int, Sheet], ...]  # where `also` stands


class Because(NamedTuple):
    """Why a paper is there: the cells up to `has_carried`, and the rows of `also` by format."""

    holds: str  # which of the conditions
    cells: Cells
    text: Sequence[Cells]
    html: Sequence[Cells]


class Card:
    """A paper's part of a digest, in both formats, encoded.

    `failed` says why the card is only title and link, "" when it is whole. `lead` is the title for a slot, `plain` and
    `short` are the title for the subject, `page` the address of the paper's page.
    """

    def __init__(self, facts: Facts, wording: Wording, site_url: str) -> None:
        self.title = paper_title(facts)
        self.plain = clean(self.title)
        self.short = cut(self.plain, SHORT_MOST)
        self.lead = pair(bounded(self.title, LEAD_BYTES))
        self._abstract = cut(readable(facts.abstract), ABSTRACT_MOST)
        self._words = {"title": words(self.title), "abstract": words(self._abstract)}
        self._edges = {
            field: (array("L", [start for start, _ in places]), array("L", [end for _, end in places]))
            for field, places in self._words.items()
        }
        self._mark_bytes = len("".join(wording.marks[HTML]).encode())
        self._ways: dict[str, tuple[Way, Way]] = {}
        self._marked: dict[str, Changed] = {}
        self.page = page_url(site_url, facts.key)
        self.failed = ""
        try:
            self._parts = {format: self._rendered(facts, wording, self.page, format) for format in (TEXT, HTML)}
        except Exception as error:  # whatever a template does, the digest goes out with title and link
            self.failed = f"{facts.key}: {error}"
            self._parts = _title_and_link(self.title, self.page)

    def shown(self, score: str, places: str, rest: str) -> Shown:
        """The card for a hit, given by fields of its line (`digest.editions.line`)."""
        why = because(rest)
        ways = self._ways.get(why.holds + score) or self._new_ways(why.holds, score)
        marked = self._marked.get(places) or self._new_marked(places)
        text, html = _filled(ways[0], why.cells, marked[0]), _filled(ways[1], why.cells, marked[1])
        if not why.html:
            return Shown(tuple(text), tuple(html), ways[0].numbers, ways[1].numbers)
        cells = (*why.cells, *_scored(score))
        _fill_rows(ways[0], cells, why.text, text)
        _fill_rows(ways[1], cells, why.html, html)
        return Shown(tuple(text), tuple(html), _numbers(text), _numbers(html))

    def bytes_of(self, hit: str) -> int:
        """The decoded bytes of HTML that the card takes with this hit."""
        _, score, places, _, rest = hit.split("|", 4)
        shown = self.shown(score, places, rest)
        number = len(shown.html_numbers) * len(decoded(numbered(1)))
        return len(decoded(b"".join(shown.html))) + number

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
                total += part.size + MARKS_MOST * self._mark_bytes
        return total

    def _rendered(self, facts: Facts, wording: Wording, page: str, format: str) -> list[Form | Span]:
        paper = plain(facts, page) | self._texts(format)
        rendered = wording.fragment("card", format, {"paper": paper})
        mark = wording.marks[format]
        return cut_at_words(rendered, lambda text: Span(text, mark, format == TEXT))

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

    def _new_ways(self, holds: str, score: str) -> tuple[Way, Way]:
        if len(self._ways) >= WAYS_KEPT:
            self._ways.clear()
        made = _way(self._parts[TEXT], TEXT, holds, score), _way(self._parts[HTML], HTML, holds, score)
        self._ways[holds + score] = made
        return made

    def _new_marked(self, places: str) -> Changed:
        """What the marks at these places change in the blocks of the text part and of the HTML part."""
        named = places.split(" ") if places else []
        made = self._together(named) if 1 < len(named) <= MARKS_MOST else None
        if made is None:
            runs = {run for place in named if (run := self._run(place)) is not None}
            first = sorted(runs, key=lambda run: (run[0] != "title", *run))[:MARKS_MOST]
            made = _changes(self._parts[TEXT], first), _changes(self._parts[HTML], first)
        if len(self._marked) >= MARKED_KEPT:
            self._marked.clear()
        self._marked[places] = made
        return made

    def _together(self, places: Sequence[str]) -> Changed | None:
        """What each of the places changes alone, when all are in blocks of their own: no line stands in two of them."""
        each = [self._marked.get(place) or self._new_marked(place) for place in places]
        found = tuple(dict(chain(*(changed[format] for changed in each))) for format in (0, 1))
        if any(len(found[format]) < sum(len(changed[format]) for changed in each) for format in (0, 1)):
            return None
        return tuple(found[0].items()), tuple(found[1].items())


def _changes(parts: Sequence[Form | Span], runs: Sequence[Run]) -> Patches:
    """Patches of the blocks of all spans, numbered one after another."""
    found: list[Patch] = []
    first = 0
    for part in parts:
        if isinstance(part, Span):
            found += [(first + block, piece) for block, piece in part.patches(runs)]
            first += len(part.blocks)
    return tuple(found)


def _way(parts: Sequence[Form | Span], format: str, holds: str, score: str) -> Way:
    said = {"reason": REASON in holds, "has_carried": CARRIED in holds, "has_score": int(score) > 0}
    pieces: list[bytes] = []
    slots: list[tuple[int, int]] = []
    blocks: list[int] = []
    rows: list[tuple[int, Sheet]] = []
    for part in parts:
        if isinstance(part, Span):
            blocks += range(len(pieces), len(pieces) + len(part.blocks))
            pieces += part.blocks
            continue
        constant, named = part.apart([said[name] for name in part.conditions])
        fixed = constant[0]
        for piece, slot in zip(constant[2::2], named, strict=True):
            if slot == "score":
                fixed += encoded(score) + piece
                continue
            pieces += [fixed] if fixed else []
            fixed = piece
            if isinstance(slot, Each):
                rows.append((len(pieces), Sheet(slot.form, format, (*ORDER, *ROWS[slot.name]), ROWS)))
            elif slot != "number":
                slots.append((len(pieces), CELLS[format][slot]))
            pieces.append(NUMBER if slot == "number" else b"")
        pieces += [fixed] if fixed else []
    return Way(tuple(pieces), _numbers(pieces), tuple(slots), tuple(blocks), tuple(rows))


def _numbers(pieces: Sequence[bytes]) -> tuple[int, ...]:
    return tuple([place for place, piece in enumerate(pieces) if piece is NUMBER])


def _filled(way: Way, cells: Cells, marked: Patches) -> list[bytes]:
    pieces = list(way.pieces)
    for at, cell in way.slots:
        pieces[at] = cells[cell]
    for block, piece in marked:
        pieces[way.blocks[block]] = piece
    return pieces


def _fill_rows(way: Way, cells: Cells, also: Sequence[Cells], pieces: list[bytes]) -> None:
    """The other topics."""
    for at, sheet in reversed(way.rows):
        written: list[bytes] = []
        for row in also:
            sheet.fill((*cells, *row), NO_ROWS, written)
        pieces[at : at + 1] = written


@lru_cache(maxsize=BECAUSE_KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    said = line.because(rest)
    text = in_html = b""
    if said.ways:
        text = text_cell(cut_to_bytes(clean(reason(said.ways)), WHY_BYTES, html), WHY_INDENT)
        in_html = html_cell(cut_to_bytes(clean(reason(said.ways, QUOTES)), WHY_BYTES, html))
    date = encoded(days.without_year(said.carried)) if said.carried else b""
    holds = REASON * bool(text) + CARRIED * bool(said.carried)
    return Because(holds, (NUMBER, text, in_html, date, bool(text), bool(said.carried)), *_also(said.also))


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
    if not shown:
        return [], []
    return [(text_cell(", ".join(shown), WHY_INDENT), b"")], [(b"", html_cell(name)) for name in shown]


def _title_and_link(title: str, page: str) -> dict[str, list[Form | Span]]:
    """A card without its template."""
    link = f'<p style="margin:0;padding:12px 0"><a dir="auto" href="{html(page)}">{html(title)}</a></p>\n'
    text = ("number", encoded(". "), pair(title, 3)[0], encoded(f"\n   {page}\n\n\n"))
    return {HTML: [Form([encoded(link)])], TEXT: [Form(text)]}
