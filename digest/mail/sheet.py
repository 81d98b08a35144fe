"""A form bound to the order in which its values come: what is filled for each letter. Pure.

Values are cells in a tuple, so that those of a slot, a schedule, a topic are made once and only put together for a
letter. The order names them; a name that ends with a format ("topic.txt") is that format's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from digest.mail.form import Each, Form, Getter, getter
from digest.mail.slots import HTML, TEXT

Cells = tuple[Any, ...]  # encoded bytes of slots, bool of conditions
Rows = Mapping[str, Sequence[Cells]]  # of repetitions, by their names
Order = Sequence[str]

NO_ROWS: Rows = {}


def both(*names: str) -> tuple[str, ...]:
    """Each name once for the text part and once for the HTML part."""
    return tuple(f"{name}.{format}" for name in names for format in (TEXT, HTML))


class Sheet:
    """Filling copies a list of pieces and puts the cells in; for each set of conditions the list is made once.

    `rows` gives the order of what each repetition adds. KeyError, at the latest when it is filled, for a name that is
    not in the order.
    """

    def __init__(self, form: Form, format: str, order: Order, rows: Mapping[str, Order]) -> None:
        self.size = form.size
        self._form = form
        self._at = _places(order, format)
        self._hold = getter([self._at[name] for name in form.conditions])
        self._each = [(e.name, Sheet(e.form, format, (*order, *rows[e.name]), rows)) for e in form.repetitions]
        self._behind = {each: len(order) + i for i, each in enumerate(form.repetitions)}
        self._made: dict[Sequence[Any], tuple[list[bytes], Getter]] = {}

    def fill(self, cells: Cells, rows: Rows, out: list[bytes]) -> None:
        """Appends the bytes. A repetition without rows is left out."""
        if self._each:
            cells += tuple([sheet.filled(cells, rows[n], rows) if n in rows else b"" for n, sheet in self._each])
        held = self._hold(cells)
        constant, slots = self._made.get(held) or self._make(held)
        pieces = constant.copy()
        pieces[1::2] = slots(cells)
        out += pieces

    def filled(self, cells: Cells, some: Iterable[Cells], rows: Rows) -> bytes:
        """Filled once for each of some rows, one after another."""
        out: list[bytes] = []
        for row in some:
            self.fill((*cells, *row), rows, out)
        return b"".join(out)

    def _make(self, held: Sequence[bool]) -> tuple[list[bytes], Getter]:
        pieces, slots = self._form.apart(held)
        places = [self._behind[slot] if isinstance(slot, Each) else self._at[slot] for slot in slots]
        made = self._made[held] = pieces, getter(places)
        return made


def _places(order: Order, format: str) -> dict[str, int]:
    """By slot or condition the place of its cell; what a row names goes before what all name."""
    found: dict[str, int] = {}
    for place, name in enumerate(order):
        slot, _, only = name.partition(".")
        if not only or only == format:
            found[slot] = place
    return found
