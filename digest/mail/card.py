"""One paper as it stands in a digest: made once, then only joined for each reader. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from markupsafe import Markup

from digest.editions import line
from digest.mail.because import ALSO_BYTES, ALSO_MOST, WHY_BYTES, because
from digest.mail.cells import bounded, html, pair
from digest.mail.cells import number as numbered
from digest.mail.foreign import apart, clean, cut, words
from digest.mail.form import Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.slots import HTML, TEXT
from digest.mail.span import ABSTRACT, TITLE, Patch, Place, Run, Span, bracketed
from digest.mail.way import Patches, Way, numbers, scored, way
from digest.sources.listing import Facts
from subscribers.query.tex import readable

ABSTRACT_MOST = 2_000  # characters
SHORT_MOST = 130  # characters of a title in a subject that says more
MARKS_MOST = 16  # runs of marked words in one card: more would be paint, not a reason
NAME_BYTES, DATE_BYTES, LEAD_BYTES = 300, 30, 300  # most bytes of these slots in HTML


WAYS_KEPT, MARKED_KEPT = 256, 512  # of one paper: by conditions and score; by places

Changed = tuple[Patches, Patches]  # in the text part, in the HTML part


class Shown(NamedTuple):
    """A card as it stands in a mail, but for its number: what many readers share who asked for the same."""

    text: tuple[bytes, ...]
    html: tuple[bytes, ...]
    text_numbers: tuple[int, ...]  # where the number stands among the pieces
    html_numbers: tuple[int, ...]


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
        text, html = ways[0].filled(why.cells, marked[0]), ways[1].filled(why.cells, marked[1])
        if not why.html:
            return Shown(tuple(text), tuple(html), ways[0].numbers, ways[1].numbers)
        cells = (*why.cells, *scored(score))
        ways[0].fill_rows(cells, why.text, text)
        ways[1].fill_rows(cells, why.html, html)
        return Shown(tuple(text), tuple(html), numbers(text), numbers(html))

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
        made = way(self._parts[TEXT], TEXT, holds, score), way(self._parts[HTML], HTML, holds, score)
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


def _apart(text: str) -> tuple[str, tuple[Place, ...]]:
    """The text with its URLs apart, and the places of its words (which must stay the same words)."""
    spaced, before = apart(text), words(text)
    after = words(spaced)
    return (spaced, after) if len(after) == len(before) else (text, before)


def _title_and_link(title: str, page: str) -> dict[str, list[Form | Span]]:
    """A card without its template."""
    link = f'<p style="margin:0;padding:12px 0"><a dir="auto" href="{html(page)}">{html(title)}</a></p>\n'
    text = ("number", encoded(". "), pair(title, 3)[0], encoded(f"\n   {page}\n\n\n"))
    return {HTML: [Form([encoded(link)])], TEXT: [Form(text)]}
