"""Quoted-printable pieces."""

from __future__ import annotations

import quopri

from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.mail.quoted import ROOM, SOFT, decoded, encoded, laid_out

texts = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_characters="\r"), st.sampled_from("= .\n\t")), max_size=300
)


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=6))
@example(["x" * 75, "y"])
@example(["x" * 76, "y"])
@example(["x" * 74 + "=", "ä" * 40])
@example(["trailing ", " leading", "\t", ".", "From here\n", "\n.\n"])
def test_joined_pieces_read_as_their_texts_and_keep_their_lines_short(parts: list[str]) -> None:
    joined = b"".join(map(encoded, parts))
    expected = "".join(parts).replace("\n", "\r\n").encode()
    assert decoded(joined) == expected
    assert quopri.decodestring(joined) == expected
    assert all(len(line) <= 76 for line in joined.split(b"\r\n"))
    assert joined.replace(b"\r\n", b"").isascii()
    assert b"\n" not in joined.replace(b"\r\n", b"")


@settings(max_examples=100, deadline=None)
@given(texts)
def test_every_piece_ends_at_the_beginning_of_a_line(text: str) -> None:
    assert encoded(text)[-2:] in (b"", b"\r\n")


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=12), st.sets(st.integers(0, 11)))
@example(["x" * 71, "y" * 71, "", "z"], {1})
@example(["a ", "\n", "b", ".\n   ", "\n"], {2, 4})
@example(["=" * 23, "===", "苔" * 9, "\n   "], {1, 2})
def test_a_text_that_was_laid_out_can_be_cut_where_its_parts_end(parts: list[str], cuts: set[int]) -> None:
    data, places = laid_out(parts)
    out, last = [], 0
    for cut, (begin, end) in enumerate(places):
        if cut in cuts:
            out += [data[last : places[cut - 1][1] if cut else 0], SOFT, b"*", data[begin:end], b"*" * (ROOM - 1)]
            last = end
    joined = b"".join([*out, data[last:] or SOFT])
    marked = [f"*{part}***" if cut in cuts else part for cut, part in enumerate(parts)]
    assert decoded(joined) == "".join(marked).replace("\n", "\r\n").encode()
    assert all(len(line) <= 76 for line in joined.split(b"\r\n"))
    assert joined[-2:] in (b"", b"\r\n")
