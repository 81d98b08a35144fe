from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.listing import Facts
from digest.views.citing import ESCAPED, bibtex, ris

MOSS = Facts(
    "2611.90001",
    "The $\\alpha$-Cache & 50% of {it}: A_B^C #1",
    "What is kept.\nAnd what is not.",
    authors=("Ilka Ørsted", "Fen, and Sons", "Müller"),
    published="2026-11-24",
    arxiv="2611.90001",
    primary="cs.LG",
    keywords=("cache",),
)
KEY = re.compile(r"@(?:misc|article)\{([^,]*),")
texts = st.text(max_size=40)


def entries_of(written: str) -> int:
    """How many entries BibTeX reads: braces are all that it counts, whatever stands before them."""
    depth = entries = 0
    for sign in written:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0, "a brace closes what was never opened"
        entries += sign == "}" and depth == 0
        assert depth or sign in "}\n@" or sign.isalpha(), "something stands between the entries"
    assert depth == 0, "the last entry stays open"
    return entries


def test_a_paper_is_a_bibtex_entry() -> None:
    assert bibtex([MOSS]) == (
        "@misc{orsted2026cache,\n"
        "  title = {{The α-Cache \\& 50\\% of "
        "\\textbraceleft{}it\\textbraceright{}: A\\_B\\textasciicircum{}C \\#1}},\n"
        "  author = {Ilka Ørsted and {Fen, and Sons} and Müller},\n"
        "  year = {2026},\n  month = {11},\n"
        "  eprint = {2611.90001},\n  archiveprefix = {arXiv},\n  primaryclass = {cs.LG},\n"
        "  url = {https://arxiv.org/abs/2611.90001}\n}\n"
    )


def test_what_tex_takes_for_its_own_is_escaped() -> None:
    assert "~^\\{&".translate(ESCAPED) == r"\textasciitilde{}\textasciicircum{}\textbackslash{}\textbraceleft{}\&"


@pytest.mark.parametrize("odd", ["An { opens", "A } closes", "First } then {", r"Set \{x\} and \{y", "At the end \\"])
def test_a_brace_of_a_paper_ends_no_entry(odd: str) -> None:
    papers = [replace(MOSS, title=odd, authors=(odd, f"{odd}, Jr."), journal=odd), MOSS]
    assert entries_of(bibtex(papers)) == 2


def test_somebody_called_others_is_nobody_left_out() -> None:
    assert "  author = {Fen and {Others}},\n" in bibtex([replace(MOSS, authors=("Fen", "Others"))])


def test_a_paper_is_a_ris_record() -> None:
    assert ris([replace(MOSS, title="Moss", doi="10.1000/x", journal="Fen Letters")]) == (
        "TY  - JOUR\r\nID  - 2611.90001\r\nTI  - Moss\r\nAU  - Ørsted, Ilka\r\nAU  - Fen, and Sons\r\nAU  - Müller\r\n"
        "PY  - 2026\r\nDA  - 2026/11/24/\r\nJO  - Fen Letters\r\nAB  - What is kept. And what is not.\r\n"
        "KW  - cache\r\nDO  - 10.1000/x\r\nUR  - https://arxiv.org/abs/2611.90001\r\nER  - \r\n"
    )


def test_papers_of_the_same_name_have_keys_of_their_own() -> None:
    keys = KEY.findall(bibtex([MOSS] * 30))
    assert keys[:3] == ["orsted2026cache", "orsted2026cachea", "orsted2026cacheb"]
    assert len(set(keys)) == 30


@given(
    st.lists(st.builds(Facts, key=texts, title=texts, abstract=texts, authors=st.tuples(texts), link=texts), max_size=4)
)
def test_whatever_a_listing_holds_gives_sound_files(papers: list[Facts]) -> None:
    written = bibtex(papers)
    keys = KEY.findall(written)
    assert len(keys) == len(set(keys)) == len(papers)
    assert all(key.isascii() for key in keys)
    assert entries_of(written) == len(papers)
    assert all(re.fullmatch(r"[A-Z]{2}  - .*", line) for line in ris(papers).split("\r\n")[:-1])
