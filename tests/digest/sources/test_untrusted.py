"""The quick ways through texts and addresses lead where the long ones lead."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.sources import keys, people, untrusted
from digest.sources.keys import arxiv_named, doi_named, spelled
from digest.sources.listing import one_line
from digest.sources.people import AND, COLLABORATION, ET_AL
from digest.sources.untrusted import UNPRINTABLE, line, web_url

NEVER = re.compile(r"(?!)")
ALWAYS = re.compile("")
TEXTS = st.text(
    st.sampled_from("ab \n\t\x00\x1c\x85\xa0\u200b\u200e\u202e\u3000\ud800\ufeff\uffff\U0001f1f5é") | st.characters()
)
NAMES = st.lists(
    st.sampled_from(["Ann", "Ortega", "Collaboration", "collaborations", "CONSORTIUM", "ı", "İ", "ſ", "et", "al", ".",
                     " ", " ", " ", "and", "And", "&", "others", "Peter", "Ali", "Jr.", "III"])
).map("".join)  # fmt: skip
ADDRESSES = st.lists(
    st.sampled_from(["http", "HTTPS", "s", "://", "//", "/", "a.example", "A.EXAMPLE", "arxiv.org", "www.", "hf.co",
                     "abs", "papers", "2611.00001", "v2", "doi.org", "10.5555", "10.48550", "arXiv.", "%2F", "%61", "@",
                     ":", "80", "?", "utm_source=x", "q=1", "&", "#", "[", "]", "\\", " ",
                     "\n", ".", "-", "_", "~", "+", "é"])
).map("".join)  # fmt: skip


@given(TEXTS, st.integers(1, 30))
@example("a" * 31 + " b", 30)
def test_a_line_is_folded_and_has_no_character_that_cannot_be_shown(text: str, limit: int) -> None:
    read_as = line(text, limit)
    whole = one_line(UNPRINTABLE.sub("", text))
    assert read_as == (whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…")


@given(ADDRESSES)
@example("http://a.example/" + "a" * 2_000)
def test_plain_addresses_are_read_as_the_long_way_reads_them(text: str) -> None:
    quick = web_url(text), spelled(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(untrusted, "PLAIN_URL", NEVER)
        patch.setattr(keys, "PLAIN_WEB", NEVER)
        assert (web_url(text), spelled(text)) == quick


@given(ADDRESSES)
@example("http://doi.org/10.48550/%61rxiv.2611.00001")
@example("https://hf.co/papers/2611.00001")
@example("https://www.ar5iv.org/abs/2611.00001v2")
def test_no_paper_is_overlooked_by_asking_first_whether_one_may_be_named(text: str) -> None:
    quick = arxiv_named(text), doi_named(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "MAY_NAME_ARXIV", ALWAYS)
        assert (arxiv_named(text), doi_named(text)) == quick


@given(NAMES)
@example("The Beacon Collaboration")
@example("Moss CONSORTİUM")
@example("Ann Bee and others")
def test_names_are_told_apart_as_by_searching_each_of_them(text: str) -> None:
    assert people._is_collaboration(text) == bool(COLLABORATION.fullmatch(text))
    assert people._without_et_al(text, ",") == ET_AL.sub(",", text)
    is_one = COLLABORATION.fullmatch(text)
    assert not text or people._and(text) == ([text] if is_one else [name for name in AND.split(text) if name])
