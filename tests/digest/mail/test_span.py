"""Texts whose words can be marked."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.foreign import clean, words
from digest.mail.quoted import decoded
from digest.mail.span import ABSTRACT, TITLE, Run, Span, bracketed
from digest.mail.wrap import MARKED_WIDTH, columns, wrap

HTML_MARK = ("<b>", "</b>")


def span(title: str, abstract: str = "", mark: tuple[str, str] = HTML_MARK, lined: bool = False) -> Span:
    parts = [bracketed(text, words(text), field, str) for text, field in ((title, TITLE), (abstract, ABSTRACT))]
    return Span("\n".join(wrap(part, 3, MARKED_WIDTH) if lined else part for part in parts), mark, lined)


def shown(span: Span, *runs: Run) -> str:
    pieces = [piece for run in runs for piece in span.pieces(run)]
    joined = b"".join(span.parted(pieces))
    assert max(map(len, joined.split(b"\r\n"))) <= 76
    assert joined[-2:] == b"\r\n"
    return decoded(joined).decode().replace("\r\n", "\n")


def test_nothing_marked_is_the_text_itself() -> None:
    assert shown(span("Cache eviction", "It works.")) == "Cache eviction\nIt works."


def test_words_are_marked_by_field_and_number() -> None:
    made = span("Long cache eviction", "A cache.")
    assert shown(made, ("title", 1, 2), ("abstract", 1, 1)) == "Long <b>cache eviction</b>\nA <b>cache</b>."


def test_one_text_serves_readers_with_other_marks() -> None:
    one = span("a b c")
    assert [shown(one, ("title", i, i)) for i in range(3)] == ["<b>a</b> b c\n", "a <b>b</b> c\n", "a b <b>c</b>\n"]


def test_runs_that_overlap_or_lie_beyond_the_text_are_left_out() -> None:
    assert shown(span("a b c"), ("title", 0, 1), ("title", 1, 2), ("title", 2, 5), ("org", 0, 0)) == "<b>a b</b> c\n"


def test_a_title_that_stands_there_twice_is_marked_twice() -> None:
    title = bracketed("Moss", words("Moss"), TITLE, str)
    other = bracketed("x", words("x"), ABSTRACT, str)
    assert shown(Span(f"{title} {other} {title}", HTML_MARK, False), ("title", 0, 0)) == "<b>Moss</b> x <b>Moss</b>"


texts = st.lists(st.text(st.sampled_from("abcé苔-, "), min_size=1, max_size=12), max_size=40).map(" ".join).map(clean)


@settings(max_examples=60, deadline=None)
@given(texts, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=30))
def test_stars_never_push_a_line_over_72_columns_nor_change_the_text(text: str, marks: list[tuple[int, int]]) -> None:
    made = span(text, mark=("*", "*"), lined=True)
    lines = shown(made, *(("title", start, start + more) for start, more in marks))
    assert lines.replace("*", "") == wrap(text, 3, MARKED_WIDTH) + "\n"
    assert lines.count("*") % 2 == 0
    for line in lines.split("\n"):
        assert columns(line) <= 72 or " " not in line.strip()
