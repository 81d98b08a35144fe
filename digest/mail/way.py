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
    """A card of one format for some conditions and a score (see `because.holds`)."""

    def __init__(self, parts: Sequence[Form | Span], format: str, holds: str, score: str) -> None:
        self._said = {"reason": REASON in holds, "has_carried": CARRIED in holds, "has_score": int(score) > 0}
        self._score = encoded(score)
        self._format = format
        self._pieces: list[bytes] = []
        self._slots: list[tuple[int, int]] = []  # place among the pieces, place among the cells
        self._spans: list[tuple[int, int, Span]] = []  # place among the pieces, which of the card; the last first
        self._rows: list[tuple[int, Sheet]] = []  # where `also` stands
        self.numbers: list[int] = []  # where the paper's number stands among the pieces
        spans = 0
        for part in parts:
            if isinstance(part, Span):
                self._spans.insert(0, (len(self._pieces), spans, part))
                self._pieces.append(part.data)
                spans += 1
            else:
                self._take(part)
        self._apart = not self.numbers or not self._spans or self.numbers[-1] < self._spans[-1][0]

    def filled(self, why: Because, marked: Marked) -> list[bytes]:
        """The pieces, with these words marked; the places of the number are empty."""
        pieces = self._pieces.copy()
        cells = why.cells
        for at, cell in self._slots:
            pieces[at] = cells[cell]
        if why.html:
            self._fill_rows(why, pieces)
        for at, number, span in self._spans:
            if marked[number]:
                parted = span.parted(marked[number])
                pieces[at : at + 1] = parted if self._apart else [b"".join(parted)]
        return pieces

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
                self.numbers.append(len(self._pieces))
            else:
                self._slots.append((len(self._pieces), CELLS[self._format][slot]))
            self._pieces.append(b"")
        self._pieces += [fixed] if fixed else []
