"""Forms: a rendered wording, to be filled for each reader."""

from __future__ import annotations

import pytest

from digest.mail.form import DONE, EACH, END, SLOT, WHEN, Values, cut
from digest.mail.quoted import decoded, encoded


def slot(name: str) -> str:
    return f"{SLOT}{name}{END}"


def block(kind: str, name: str, inside: str) -> str:
    return f"{kind}{name}{END}{inside}{DONE}{END}"


def filled(rendered: str, values: Values) -> str:
    cells = {name: encoded(value) if isinstance(value, str) else value for name, value in values.items()}
    return decoded(cut(rendered).filled(cells)).decode()


def test_slots_are_filled_and_the_rest_stays() -> None:
    assert filled(f"100 % of {slot('name')} = {slot('name')}!", {"name": "Zoë"}) == "100 % of Zoë = Zoë!"


@pytest.mark.parametrize(("late", "expected"), [(True, "a late b"), (False, "a b")])
def test_a_condition_stands_there_or_not(late: bool, expected: str) -> None:
    assert filled(f"a {block(WHEN, 'late', 'late ')}b", {"late": late}) == expected


def test_a_repetition_stands_there_for_each_row_with_its_values_first() -> None:
    row = f"{slot('name')}{slot('mark')}{block(WHEN, 'last', '.')}"
    values: Values = {"mark": "!", "name": "x", "last": False}
    values["rows"] = [{"name": encoded("a"), "last": False}, {"name": encoded("b"), "last": True}]
    assert filled(f"[{block(EACH, 'rows', row)}]{slot('name')}", values) == "[a!b!.]x"
    assert filled(f"[{block(EACH, 'rows', row)}]", values | {"rows": []}) == "[]"


def test_blocks_in_html_are_comments_that_leave_no_trace() -> None:
    rendered = f"<table><!--{EACH}rows{END}--><tr>{slot('name')}</tr><!--{DONE}{END}--></table><!-- kept -->"
    values: Values = {"rows": [{"name": encoded("a")}, {"name": encoded("b")}]}
    assert filled(rendered, values) == "<table><tr>a</tr><tr>b</tr></table><!-- kept -->"


def test_one_form_serves_readers_for_whom_other_conditions_hold() -> None:
    form = cut(f"{block(WHEN, 'one', '1' + block(WHEN, 'two', '2'))}{slot('end')}")
    ways = [(True, True, b"12."), (True, False, b"1."), (False, True, b"."), (True, True, b"12.")]
    for one, two, expected in ways:
        assert decoded(form.filled({"one": one, "two": two, "end": b".=\r\n"})) == expected


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        cut(slot("name")).filled({})


def test_a_block_that_is_not_closed_is_named() -> None:
    with pytest.raises(ValueError, match="late"):
        cut(f"a{WHEN}late{END}b")


def test_the_size_counts_every_block_and_slot_at_its_most() -> None:
    form = cut(f"äb\n{block(WHEN, 'late', 'late')}{block(EACH, 'rows', '-' + slot('name'))}")
    assert form.size({"rows": 3, "name": 10}) == len("äb\r\n".encode()) + 4 + 3 * 11
