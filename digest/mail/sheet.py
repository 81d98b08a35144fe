"""A form bound to the order in which its values come: what is filled for each letter. Pure.

Values are cells in a tuple, so that those of a slot, a schedule, a topic are made once and only put together for a
letter. The order names them; a name that ends with a format ("topic.txt") is that format's alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from digest.mail.form import Each, Form, Getter
from digest.mail.slots import HTML, TEXT

Cells = tuple[Any, ...]  # encoded bytes of slots, bool of conditions
Rows = Mapping[str, Sequence[Cells]]  # of repetitions, by their names
Order = Sequence[str]

NO_ROWS: Rows = {}
NO_ORDERS: Mapping[str, Order] = {}


def both(*names: str) -> tuple[str, ...]:
    """Each name once for the text part and once for the HTML part."""
    return tuple(f"{name}.{format}" for name in names for format in (TEXT, HTML))


class Sheet:
    """Filling copies a list of pieces and puts the cells in; for each set of conditions the list is made once.

    `rows` gives the order of what each repetition adds. The cell of the slot `spread` is a list of pieces. KeyError, at
    the latest when it is filled, for a name that is not in the order.
    """

    def __init__(
        self, form: Form, format: str, order: Order, rows: Mapping[str, Order] = NO_ORDERS, spread: str = ""
    ) -> None:
        self.size = form.size
        self._form, self._spread = form, spread
        self._at = _places(order, format)
        self._hold = _taken([self._at[name] for name in form.conditions])
        self._each = [(e.name, *_of_rows(e, format, order, rows)) for e in form.repetitions]
        self._behind = {each: len(order) + i for i, each in enumerate(form.repetitions)}
        self._made: dict[Sequence[Any], tuple[list[bytes], Getter, Sequence[int]]] = {}

    def fill(self, cells: Cells, rows: Rows, out: list[bytes]) -> None:
        """Appends the bytes. A repetition without rows is left out."""
        if self._each:
            cells += tuple([_written(sheet, () if alone else cells, rows, name) for name, sheet, alone in self._each])
        held = self._hold(cells)
        constant, slots, spread = self._made.get(held) or self._make(held)
        pieces: list[Any] = constant.copy()
        pieces[1::2] = slots(cells)
        for place in spread:
            pieces[place : place + 1] = pieces[place]
        out += pieces

    def _make(self, held: Sequence[bool]) -> tuple[list[bytes], Getter, Sequence[int]]:
        pieces, slots = self._form.apart(held)
        places = [self._behind[slot] if isinstance(slot, Each) else self._at[slot] for slot in slots]
        spread = [2 * i + 1 for i, slot in enumerate(slots) if isinstance(slot, Each) or slot == self._spread]
        made = self._made[held] = pieces, _taken(places), spread[::-1]
        return made


def _of_rows(each: Each, format: str, order: Order, rows: Mapping[str, Order]) -> tuple[Sheet, bool]:
    """What is filled for each row, and whether a row alone is enough for it."""
    mine = rows[each.name]
    alone = each.form.names <= _places(mine, format).keys()
    return Sheet(each.form, format, mine if alone else (*order, *mine), rows), alone


def _written(sheet: Sheet, cells: Cells, rows: Rows, name: str) -> list[bytes]:
    """The pieces of all rows of a repetition."""
    out: list[bytes] = []
    for row in rows.get(name, ()):
        sheet.fill(cells + row, rows, out)
    return out


def _taken(places: Sequence[int]) -> Getter:
    """What takes the cells at these places, as a tuple."""
    keys: list[Any] = list(places) if len(places) > 1 else [slice(place, place + 1) for place in places] or [slice(0)]
    return itemgetter(*keys)


def _places(order: Order, format: str) -> dict[str, int]:
    """By slot or condition the place of its cell; what a row names goes before what all name."""
    found: dict[str, int] = {}
    for place, name in enumerate(order):
        slot, _, only = name.partition(".")
        if not only or only == format:
            found[slot] = place
    return found
