"""One paper as it stands in a digest: made once, then only joined for each reader. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain

from markupsafe import Markup

from digest.editions import line
from digest.mail.abstract import Abstract
from digest.mail.because import ALSO_BYTES, ALSO_MOST, WHY_BYTES, because
from digest.mail.cells import bounded, html, pair
from digest.mail.foreign import apart, clean, cut, words
from digest.mail.form import Form, cut_at_words
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.parts import Wording
from digest.mail.quoted import decoded, encoded
from digest.mail.slots import HTML, TEXT
from digest.mail.span import ABSTRACT, TITLE, Place, Run, Span, bracketed
from digest.mail.way import Marked, Way
from digest.sources.listing import Facts

SHORT_MOST = 130  # characters of a title in a subject that says more
MARKS_MOST = 16  # runs of marked words in one card: more would be paint, not a reason
NAME_BYTES, DATE_BYTES, LEAD_BYTES = 300, 30, 300  # most bytes of these slots in HTML


NO_EDGES = array("L"), array("L")
WAYS_KEPT, PLACES_KEPT = 256, 1_024  # of one paper: by conditions and score; marked words by their place


# A card as it stands in a mail: pieces of its text part and where its number stands among them (these are empty), and
# the same of its HTML part.
Shown = tuple[list[bytes], Sequence[int], list[bytes], Sequence[int]]


class Card:
    """A paper's part of a digest, in both formats, encoded.

    `failed` says why the card is only title and link, "" when it is whole. `lead` is the title for a slot, `plain` and
    `short` are the title for the subject, `page` the address of the paper's page.
    """

    def __init__(self, facts: Facts, wording: Wording, site_url: str, length: str) -> None:
        self.title = paper_title(facts)
        self.plain = clean(self.title)
        self.short = cut(self.plain, SHORT_MOST)
        self.lead = pair(bounded(self.title, LEAD_BYTES))
        self._abstract = Abstract(facts, length)
        self._words = {"title": words(self.title), "abstract": words(self._abstract.text)}
        self._edges = {
            field: (array("L", [start for start, _ in places]), array("L", [end for _, end in places]))
            for field, places in self._words.items()
        }
        self._mark_bytes = len("".join(wording.marks[HTML]).encode())
        self._ways: dict[str, tuple[Way, Way]] = {}
        self._places: dict[str, tuple[Marked, Marked]] = {}
        self._most: dict[tuple[int, int, int], int] = {}
        self.page = page_url(site_url, facts.key)
        self.failed = ""
        try:
            self._parts = {format: self._rendered(facts, wording, self.page, format) for format in (TEXT, HTML)}
        except Exception as error:  # whatever a template does, the digest goes out with title and link
            self.failed = f"{facts.key}: {error}"
            self._parts = _title_and_link(self.title, self.page)
        self._spans = [[part for part in self._parts[format] if isinstance(part, Span)] for format in (TEXT, HTML)]
        self._nothing: tuple[Marked, Marked] = [()] * len(self._spans[0]), [()] * len(self._spans[1])

    def shown(self, hit: str) -> Shown:
        """The card for a hit, given by its line (`digest.editions.line`)."""
        _, score, places, _, rest = hit.split("|", 4)
        why = because(rest)
        text, in_html = self._ways.get(why.holds + score) or self._new_ways(why.holds, score)
        in_text, marked = self._places.get(places) or self._marked(places)
        return text.filled(why, in_text), text.numbers, in_html.filled(why, marked), in_html.numbers

    def bytes_of(self, hit: str) -> int:
        """The decoded bytes of HTML that the card takes with this hit."""
        _, _, pieces, numbers = self.shown(hit)
        return len(decoded(b"".join(pieces))) + len(numbers)

    def most_bytes(self, marks: int = MARKS_MOST, also: int = ALSO_MOST + 1, why: int = WHY_BYTES) -> int:
        """An upper bound of the decoded bytes of HTML, with so many marks and other topics and a reason of at most so
        many bytes."""
        counts = min(marks, MARKS_MOST), min(also, ALSO_MOST + 1), why
        return self._most.get(counts) or self._new_most(*counts)

    def _new_most(self, marks: int, also: int, why: int) -> int:
        bounds = {
            "number": 8,
            "score": 3,
            "why": why,
            "topic": ALSO_BYTES,
            "date": DATE_BYTES,
            "also": also,
        }
        total = 0
        for part in self._parts[HTML]:
            if isinstance(part, Form):
                total += part.size(bounds)
            else:
                total += part.size + marks * part.times * self._mark_bytes
        self._most[marks, also, why] = total
        return total

    def _rendered(self, facts: Facts, wording: Wording, page: str, format: str) -> list[Form | Span]:
        paper = plain(facts, page) | self._texts(format) | {"summed": self._abstract.summed}
        rendered = wording.fragment("card", format, {"paper": paper})
        mark = wording.marks[format]
        return cut_at_words(rendered, lambda text: Span(text, mark, format == TEXT))

    def _texts(self, format: str) -> dict[str, str]:
        """Title and abstract with their words between private characters."""
        fields = {"title": (TITLE, self.title), "abstract": (ABSTRACT, self._abstract.text)}
        if format == HTML:
            escaped = {name: bracketed(t, self._words[name], field, html) for name, (field, t) in fields.items()}
            return {name: Markup(text) for name, text in escaped.items()}  # noqa: S704 (escaped word by word)
        return {name: bracketed(*_apart(t), field, str) for name, (field, t) in fields.items()}

    def _run(self, place: str) -> Run | None:
        """A marked place as a run of whole words; None for one beyond the text shown."""
        field, start, end = line.place_of(place)
        if field == "abstract" and self._abstract.summed:
            start, end = self._abstract.place(start, end)
        starts, ends = self._edges.get(field, NO_EDGES)
        if start >= end or not ends or start >= ends[-1]:
            return None
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        return (field, first, last) if first <= last else None

    def _new_ways(self, holds: str, score: str) -> tuple[Way, Way]:
        if len(self._ways) >= WAYS_KEPT:
            self._ways.clear()
        made = Way(self._parts[TEXT], TEXT, holds, score), Way(self._parts[HTML], HTML, holds, score)
        self._ways[holds + score] = made
        return made

    def _marked(self, places: str) -> tuple[Marked, Marked]:
        """The words at these places as they stand in the text part and in the HTML part when they are marked."""
        named = places.split(" ")
        if len(named) == 1:
            return self._new_place(places)
        if len(named) > MARKS_MOST:
            runs = sorted({run for place in named if (run := self._run(place)) is not None}, key=_in_order)
            each = [self._pieces(run) for run in runs[:MARKS_MOST]]
        else:
            known, nothing = self._places, self._nothing
            each = [one for place in named if (one := known.get(place) or self._new_place(place)) is not nothing]
        if len(each) < 2:
            return each[0] if each else self._nothing
        return _together([one[0] for one in each]), _together([one[1] for one in each])

    def _new_place(self, place: str) -> tuple[Marked, Marked]:
        if len(self._places) >= PLACES_KEPT:
            self._places.clear()
        run = self._run(place) if place else None
        made = self._places[place] = self._pieces(run) if run else self._nothing
        return made

    def _pieces(self, run: Run) -> tuple[Marked, Marked]:
        text, in_html = self._spans
        return [span.pieces(run) for span in text], [span.pieces(run) for span in in_html]


def _together(each: Sequence[Marked]) -> Marked:
    """What stands in each span."""
    if len(each[0]) == 1:  # nearly always
        together = list(each[0][0])
        for (pieces,) in each[1:]:
            together += pieces
        return (together,)
    return [list(chain.from_iterable(spans)) for spans in zip(*each, strict=True)]


def _in_order(run: Run) -> tuple[bool, Run]:
    """The title first, then as they stand."""
    return run[0] != "title", run


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
