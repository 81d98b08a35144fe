"""Lines of the text part."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.mail.foreign import clean
from digest.mail.wrap import WIDTH, columns, wrap


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


def by_words(text: str, indent: int) -> str:
    """Lines filled word by word."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH - indent:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return f"\n{' ' * indent}".join(lines)


@given(st.lists(st.text("ab-", min_size=1, max_size=90), min_size=1, max_size=20).map(" ".join), st.integers(0, 9))
@example("a" * 63 + " b", 8)
@example("a" * 62 + " b", 9)
def test_plain_text_is_filled_word_by_word(text: str, indent: int) -> None:
    assert wrap(text, indent) == by_words(text, indent)
