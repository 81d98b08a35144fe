"""What a card shows of an abstract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.editions.draft import ABSTRACTS, SHORT, TITLES
from digest.mail.abstract import SHORT_MOST, Abstract, beginning
from digest.sources.listing import Facts
from subscribers.query.tex import readable

WHOLE = "Moss grows slowly. We watch $2^{6}$ gardens for a year and measure how moss spreads between stones."
SUMMED = Facts("2611.90412", "On Moss", abstract=WHOLE, summary="A year in 64 gardens: how moss spreads by stones.")
PLAIN = Facts("2611.90413", "On Moss", abstract=WHOLE)


def marked(shown: Abstract, words: str) -> str:
    """What stands in the text where these words of the abstract are to be marked."""
    start = readable(WHOLE).index(words)
    first, end = shown.place(start, start + len(words))
    return shown.text[first:end]


def test_a_short_digest_shows_the_summary_where_there_is_one_and_says_that_it_is_one() -> None:
    assert (Abstract(SUMMED, SHORT).text, Abstract(SUMMED, SHORT).summed) == (SUMMED.summary, True)
    assert (Abstract(PLAIN, SHORT).text, Abstract(PLAIN, SHORT).summed) == (readable(WHOLE), False)


@pytest.mark.parametrize("nothing", ["\u202e\u2066", " ", "\x00\x07", "\ufeff"])
def test_a_summary_that_nobody_can_see_is_none(nothing: str) -> None:
    shown = Abstract(replace(SUMMED, summary=nothing), SHORT)
    assert (shown.text, shown.summed) == (readable(WHOLE), False)


def test_whole_abstracts_and_titles_alone_have_no_summary() -> None:
    assert (Abstract(SUMMED, ABSTRACTS).text, Abstract(SUMMED, ABSTRACTS).summed) == (readable(WHOLE), False)
    assert (Abstract(SUMMED, TITLES).text, Abstract(SUMMED, TITLES).summed) == ("", False)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("gardens", "gardens"),
        ("Moss", "moss"),
        ("moss spreads", "moss spreads"),
        ("a year", "A year"),
        ("stones", "stones"),
    ],
)
def test_marked_words_are_found_in_the_summary_by_their_stems(words: str, found: str) -> None:
    assert marked(Abstract(SUMMED, SHORT), words) == found


@pytest.mark.parametrize("words", ["slowly", "watch", "spreads between", " "])
def test_words_that_the_summary_does_without_are_not_marked(words: str) -> None:
    assert marked(Abstract(SUMMED, SHORT), words) == ""


def test_in_the_abstract_itself_every_place_is_its_own() -> None:
    assert marked(Abstract(PLAIN, SHORT), "gardens for") == "gardens for"


def test_a_beginning_ends_with_a_sentence_or_between_words() -> None:
    sentence = "Nothing grew here before. "
    assert beginning(sentence * 40, SHORT_MOST) == (sentence * 13).strip() + " …"
    cut = beginning("word " * 200, SHORT_MOST)
    assert len(cut) <= SHORT_MOST
    assert cut.endswith("word…")
    assert beginning("苔は静かに育つ。" * 80, SHORT_MOST).endswith("。 …")
    assert beginning("short.", SHORT_MOST) == "short."
