"""A card for some conditions and a score: pieces that all mails share, and where something is put among them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from digest.mail.because import CARRIED, REASON, Because
from digest.mail.form import Each, Form
from digest.mail.quoted import encoded
from digest.mail.sheet import NO_ROWS, Sheet, both
from digest.mail.slots import HTML, TEXT
from digest.mail.span import Piece, Span

ORDER = (*both("why"), "date", "reason", "has_carried", "score", "has_score")
CELLS = {TEXT: {"why": 0, "date": 2}, HTML: {"why": 1, "date": 2}}  # places in ORDER
ROWS = {"also": both("topic")}

Marked = Sequence[Sequence[Piece]]  # of each span the words that are marked


class Way:
    """A card of one format for some conditions and a score."""

    def __init__(self, parts: Sequence[Form | Span], format: str, holds: str, score: str) -> None:
        self._said = {"reason": REASON in holds, "has_carried": CARRIED in holds, "has_score": int(score) > 0}
        self._score = encoded(score)
        self._format = format
        self._pieces: list[bytes] = []
        self._slots: list[tuple[int, int]] = []  # place among the pieces, place among the cells
        self._numbers: list[int] = []  # where the paper's number stands
        self._spans: list[tuple[int, Span]] = []
        self._rows: list[tuple[int, Sheet]] = []  # where `also` stands
        for part in parts:
            if isinstance(part, Span):
                self._spans.append((len(self._pieces), part))
                self._pieces.append(part.data)
            else:
                self._take(part)

    def filled(self, why: Because, marked: Marked) -> tuple[bytes, ...]:
        """The bytes, cut where the number of the paper stands."""
        pieces = self._pieces.copy()
        for at, cell in self._slots:
            pieces[at] = why.cells[cell]
        for (at, span), words in zip(self._spans, marked, strict=True):
            if words:
                pieces[at] = span.joined(words)
        if why.html:
            self._fill_rows(why, pieces)
        first = 0
        parts = []
        for at in self._numbers:
            parts.append(b"".join(pieces[first:at]))
            first = at + 1
        return (*parts, b"".join(pieces[first:]))

    def _fill_rows(self, why: Because, pieces: list[bytes]) -> None:
        """The reader's other topics."""
        cells = (*why.cells, *why.conditions, self._score, self._said["has_score"])
        for at, sheet in self._rows:
            written: list[bytes] = []
            for row in why.html if self._format == HTML else why.text:
                sheet.fill((*cells, *row), NO_ROWS, written)
            pieces[at] = b"".join(written)

    def _take(self, form: Form) -> None:
        """What stands before, between and behind the spans."""
        constant, named = form.apart([self._said[name] for name in form.conditions])
        fixed = constant[0]
        for piece, slot in zip(constant[2::2], named, strict=True):
            if slot == "score":
                fixed += self._score + piece
                continue
            self._pieces += [fixed] if fixed else []
            fixed = piece
            if isinstance(slot, Each):
                order = (*ORDER, *ROWS[slot.name])
                self._rows.append((len(self._pieces), Sheet(slot.form, self._format, order, ROWS)))
            elif slot == "number":
                self._numbers.append(len(self._pieces))
            else:
                self._slots.append((len(self._pieces), CELLS[self._format][slot]))
            self._pieces.append(b"")
        self._pieces += [fixed] if fixed else []
