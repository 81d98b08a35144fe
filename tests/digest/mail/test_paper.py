"""What a card sees of a paper."""

from __future__ import annotations

from dataclasses import replace

from digest.mail.paper import links, page_url, paper_title, plain
from digest.sources.listing import Facts
from tests.digest.mail.invented import PAPERS


def test_links_are_those_that_exist_each_once() -> None:
    assert [(link["name"], link["url"]) for link in links(PAPERS[101])] == [
        ("arXiv", "https://arxiv.org/abs/2611.90512"),
        ("PDF", "https://arxiv.org/pdf/2611.90512"),
        ("Code", "https://code.example.org/undo"),
        ("Hugging Face", "https://huggingface.co/papers/2611.90512"),
    ]
    assert [link["name"] for link in links(PAPERS[104])] == ["Source"]
    same = replace(PAPERS[101], link="https://arxiv.org/abs/2611.90512", project=PAPERS[101].code)
    assert [link["name"] for link in links(same)] == ["arXiv", "PDF", "Code"]


def test_a_link_that_is_no_web_address_is_left_out() -> None:
    assert links(Facts("x", "y", code="javascript:alert(1)", project="file:///etc/passwd", link="//x.example")) == []


def test_the_page_of_a_paper_has_its_key_in_it() -> None:
    assert page_url("https://p.example", "10.5555/a<b>&c?d#e") == "https://p.example/p/10.5555/a%3Cb%3E%26c%3Fd%23e"
    assert page_url("https://p.example", "hep-th/9901001") == "https://p.example/p/hep-th/9901001"


def test_a_title_that_can_not_be_seen_becomes_the_key() -> None:
    assert paper_title(Facts("2611.90512", " \u202e\u0007 ")) == "2611.90512"


def test_tex_in_a_title_is_read() -> None:
    assert paper_title(Facts("x", r"$\nu<a$ at \$5 \& more")) == "ν<a at $5 & more"


def test_authors_beyond_three_are_counted() -> None:
    seen = plain(PAPERS[101], "https://p.example/p/x")
    assert (seen["authors"], seen["more_authors"]) == (["Ilka Quorndal", "Tovi Marrash", "Okeme Vantor"], 2)
    assert (seen["organisations"], seen["more_organisations"]) == (["Harrow Fen Laboratory"], 0)
    assert seen["date"] == "24 Nov 2026"


def test_names_are_clean_and_short() -> None:
    seen = plain(Facts("x", "y", authors=("\u202eeviL\u202c\r\nBcc: x", "n" * 500)), "")
    assert seen["authors"][0] == "eviL Bcc: x"
    assert len(seen["authors"][1]) == 100
