"""Quoted-printable pieces."""

from __future__ import annotations

import quopri

from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.mail.quoted import decoded, encoded

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
