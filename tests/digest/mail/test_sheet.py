"""Forms bound to the order of their cells."""

from __future__ import annotations

import pytest

from digest.mail.form import DONE, EACH, END, SLOT, WHEN, cut
from digest.mail.quoted import decoded, encoded
from digest.mail.sheet import NO_ROWS, Cells, Rows, Sheet, both

ORDER = ("late", "name", *both("topic"))
ROWS = {"rows": ("count", "last", "name"), "others": ("count",)}


def slot(name: str) -> str:
    return f"{SLOT}{name}{END}"


def block(kind: str, name: str, inside: str) -> str:
    return f"{kind}{name}{END}{inside}{DONE}{END}"


def filled(rendered: str, cells: Cells, rows: Rows = NO_ROWS, format: str = "txt") -> str:
    out: list[bytes] = []
    Sheet(cut(rendered), format, ORDER, ROWS).fill(cells, rows, out)
    return decoded(b"".join(out)).decode()


def cells(late: bool = False) -> Cells:
    return late, encoded("Ada"), encoded("R&D"), encoded("R&amp;D")


def test_cells_stand_where_the_form_names_them() -> None:
    assert filled(f"Dear {slot('name')}, {slot('name')}!", cells()) == "Dear Ada, Ada!"


def test_a_name_of_one_format_is_that_format_s_alone() -> None:
    assert [filled(slot("topic"), cells(), format=format) for format in ("txt", "html")] == ["R&D", "R&amp;D"]


@pytest.mark.parametrize(("late", "expected"), [(True, "a late b"), (False, "a b")])
def test_a_condition_stands_there_or_not(late: bool, expected: str) -> None:
    assert filled(f"a {block(WHEN, 'late', 'late ')}b", cells(late)) == expected


def test_a_row_s_own_cells_come_first_and_those_of_all_are_known_in_it() -> None:
    row = f"{slot('count')} {slot('name')} {slot('topic')}{block(WHEN, 'last', '.')} "
    rows: Rows = {"rows": [(encoded("1"), False, encoded("Bo")), (encoded("2"), True, encoded("Cy"))]}
    assert filled(f"[{block(EACH, 'rows', row)}]{slot('name')}", cells(), rows) == "[1 Bo R&D 2 Cy R&D. ]Ada"


def test_two_repetitions_stand_side_by_side_and_one_without_rows_is_left_out() -> None:
    form = block(EACH, "others", slot("count")) + block(EACH, "rows", slot("count") + slot("name"))
    both_there: Rows = {"others": [(encoded("7"),)], "rows": [(encoded("1"), False, encoded("Bo"))]}
    assert filled(form, cells(), both_there) == "71Bo"
    assert filled(form, cells(), {"others": both_there["others"]}) == "7"


def test_a_spread_slot_takes_pieces_as_they_are() -> None:
    sheet = Sheet(cut(f"<{slot('cards')}|{slot('cards')}>"), "txt", ("cards",), spread="cards")
    out: list[bytes] = []
    sheet.fill(([encoded("a"), encoded("b")],), NO_ROWS, out)
    assert decoded(b"".join(out)) == b"<ab|ab>"
    assert out.count(encoded("a")) == 2


def test_a_name_that_is_not_in_the_order_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled(slot("page"), cells())
