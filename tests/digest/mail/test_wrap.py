"""Lines of the text part."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.foreign import clean
from digest.mail.wrap import columns, wrap


def test_lines_break_at_spaces_and_are_indented() -> None:
    assert wrap("aa bb cc dd", indent=2, width=7) == "aa bb\n  cc dd"


def test_a_web_address_stays_whole() -> None:
    address = "https://papers.example.org/" + "x" * 80
    assert wrap(f"see {address} there", width=20) == f"see\n{address}\nthere"


def test_a_script_without_spaces_breaks_between_its_letters_but_not_before_a_full_stop() -> None:
    assert wrap("苔は静かに育つ。", width=14).split("\n") == ["苔は静かに育", "つ。"]


def test_wide_letters_take_two_columns_and_accents_none() -> None:
    assert columns("苔e\u0301x") == 4


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.integers(0, 8))
def test_no_line_is_wider_than_asked_unless_it_is_one_word(text: str, indent: int) -> None:
    text = clean(text)
    wrapped = wrap(text, indent, 30)
    assert "".join(wrapped.split()) == "".join(text.split())
    first, *further = wrapped.split("\n")
    for line in [" " * indent + first, *further]:
        assert columns(line) <= 30 or " " not in line.strip()
