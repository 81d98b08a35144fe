from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from digest.sources.listing import Entry, Facts, arxiv_key, doi_key, merged
from subscribers.query import names

MOSS = Facts("2611.00001", "Moss", version=1, announce="new", primary="cs.LG")
AGAIN = Entry(("arxiv:2611.00001",), "Moss", version=1)


@pytest.mark.parametrize(
    ("entry", "announce"),
    [
        (replace(AGAIN, announce="cross"), "cross"),
        (replace(AGAIN, announce="replace", version=2), "replace"),
        (replace(AGAIN, announce="cross", version=None), "cross"),
        (AGAIN, "new"),
        (replace(AGAIN, version=None), "new"),
        (replace(AGAIN, version=2), ""),
    ],
)
def test_the_last_announcement_of_the_newest_version_counts(entry: Entry, announce: str) -> None:
    assert merged(MOSS, entry, own=False).announce == announce


def test_an_older_version_announces_nothing() -> None:
    newer = replace(MOSS, version=2, announce="replace")
    assert merged(newer, replace(AGAIN, announce="new"), own=True).announce == "replace"


def test_the_texts_of_the_newest_version_stand_whoever_said_them() -> None:
    second = replace(MOSS, title="Moss, revised", abstract="It grows.", version=2)
    assert merged(second, AGAIN, own=True) == second
    assert merged(replace(second, abstract=""), replace(AGAIN, abstract="Old."), own=True).abstract == "Old."
    unsaid = replace(AGAIN, version=None, code="https://code.example.org/moss", keywords=("moss",))
    told = merged(second, unsaid, own=True)
    assert told == replace(second, code="https://code.example.org/moss", keywords=("moss",))
    assert merged(second, replace(AGAIN, title="Mosses", version=2), own=True).title == "Mosses"


def test_who_says_no_version_shows_the_first() -> None:
    unsaid = Facts("2611.00001", "Moss")
    assert merged(unsaid, replace(AGAIN, title="Moss!"), own=False) == replace(unsaid, version=1)
    assert merged(unsaid, replace(AGAIN, title="Moss!", version=2), own=False).title == "Moss!"
    shown = replace(AGAIN, title="Moss!", link="https://arxiv.org/abs/2611.00001", version=2)
    assert merged(replace(unsaid, link="https://j.example/1"), shown, own=False).link == "https://j.example/1"
    assert merged(MOSS, replace(AGAIN, title="Moss!", version=None), own=True).title == "Moss!"


def test_the_primary_category_is_filled_in_and_left_to_the_first_source() -> None:
    stat = replace(AGAIN, primary="stat.ML")
    assert merged(MOSS, stat, own=False).primary == "cs.LG"
    assert merged(replace(MOSS, primary=""), stat, own=False).primary == "stat.ML"


@pytest.mark.parametrize("own", [True, False])
def test_the_last_summary_counts_whoever_gave_it_and_who_gives_none_leaves_it(own: bool) -> None:
    first = merged(MOSS, replace(AGAIN, summary="Moss grows."), own=own)
    assert first.summary == "Moss grows."
    again = merged(replace(first, version=2), replace(AGAIN, version=None, summary="Moss grows slowly."), own=own)
    assert again.summary == "Moss grows slowly."
    assert merged(again, replace(AGAIN, version=3, title="Mosses"), own=own).summary == "Moss grows slowly."


def test_a_summary_alone_makes_no_other_paper_but_is_kept() -> None:
    told = merged(MOSS, replace(AGAIN, summary="Moss grows."), own=True)
    assert told == MOSS
    assert Facts.from_json(told.to_json()).summary == "Moss grows."
    assert "summary" not in MOSS.to_json()


def test_an_announcement_alone_makes_no_other_paper() -> None:
    assert merged(MOSS, replace(AGAIN, announce="cross"), own=True) == MOSS


def test_facts_are_kept_without_the_day_on_which_they_are_judged() -> None:
    kept = MOSS.judged_on(date(2026, 11, 25)).to_json()
    assert kept["announce"] == "new"
    assert "judged" not in kept
    assert Facts.from_json(kept).judged == ""
    assert Facts.from_json(kept, date(2026, 11, 26)).judged == "2026-11-26"


def test_facts_that_were_kept_before_they_had_more_fields_are_read() -> None:
    assert Facts.from_json({"key": "2611.00001", "title": "Moss"}) == Facts("2611.00001", "Moss")


@pytest.mark.parametrize(
    "text",
    [
        "2401.01234", "2401.01234v12", "arXiv:2401.01234", "math.GT/0309136", "math/0309136v2", "hep-th/9901001", "x",
        "2401.123456", "cs.LG", "",
    ],
)  # fmt: skip
def test_filters_and_listings_name_papers_of_arxiv_alike(text: str) -> None:
    assert names.arxiv_id(text) == arxiv_key(text).removeprefix("arxiv:")


@pytest.mark.parametrize(
    "text", ["10.1000/ABC", "doi:10.1000/abc", "https://doi.org/10.1000/a(b)", "10.48550/arXiv.2401.01234v2", "10.1000"]
)
def test_filters_and_listings_name_dois_alike(text: str) -> None:
    assert names.paper_key(text) == doi_key(text).partition(":")[2]
