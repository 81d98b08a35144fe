"""A card for some conditions and a score: pieces that all mails share, and where something is put among them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from digest.mail.because import CARRIED, NUMBER, REASON
from digest.mail.form import Each, Form
from digest.mail.quoted import encoded
from digest.mail.sheet import NO_ROWS, Cells, Sheet, both
from digest.mail.slots import HTML, TEXT
from digest.mail.span import Patch, Span

ORDER = ("number", *both("why"), "date", "reason", "has_carried", "score", "has_score")
CELLS = {TEXT: {"why": 1, "date": 3}, HTML: {"why": 2, "date": 3}}  # places in ORDER
ROWS = {"also": both("topic")}

Patches = Sequence[Patch]


class Way(NamedTuple):
    """A card of one format for some conditions and a score: its pieces, and what goes where among them."""

    pieces: tuple[bytes, ...]
    numbers: tuple[int, ...]  # where the number stands
    slots: tuple[tuple[int, int], ...]  # place among the pieces, place among the cells
    blocks: tuple[int, ...]  # where the blocks stand whose words can be marked
    rows: tuple[tuple[int, Sheet], ...]  # where `also` stands

    def filled(self, cells: Cells, marked: Patches) -> list[bytes]:
        """The pieces with cells and marked words, but without the rows."""
        pieces = list(self.pieces)
        for at, cell in self.slots:
            pieces[at] = cells[cell]
        for block, piece in marked:
            pieces[self.blocks[block]] = piece
        return pieces

    def fill_rows(self, cells: Cells, also: Sequence[Cells], pieces: list[bytes]) -> None:
        """Put the other topics into filled pieces."""
        for at, sheet in reversed(self.rows):
            written: list[bytes] = []
            for row in also:
                sheet.fill((*cells, *row), NO_ROWS, written)
            pieces[at : at + 1] = written


def way(parts: Sequence[Form | Span], format: str, holds: str, score: str) -> Way:
    """The card that these parts make."""
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
    return Way(tuple(pieces), numbers(pieces), tuple(slots), tuple(blocks), tuple(rows))


def numbers(pieces: Sequence[bytes]) -> tuple[int, ...]:
    """Where the paper's number stands among pieces."""
    return tuple([place for place, piece in enumerate(pieces) if piece is NUMBER])


@lru_cache(maxsize=256)
def scored(score: str) -> Cells:
    """The cells of ORDER behind those of a reason."""
    return encoded(score), int(score) > 0
