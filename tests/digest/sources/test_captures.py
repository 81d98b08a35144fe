"""Real captures, where they exist: each must read, and as much must come out as stands in it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from digest.sources import huggingface
from digest.sources.listing import Listing
from digest.sources.reader import read_file
from digest.sources.untrusted import UnreadableListing
from tests.listings import need_listings

pytestmark = pytest.mark.listings
PAGE_DAY = date(2024, 8, 1)
SEVERAL_LINES = re.compile(r"[\x00-\x1f\x7f]|  | $|^ ")


@pytest.fixture(scope="module")
def captures() -> Path:
    return need_listings() / "huggingface"


def page_listing(captures: Path, name: str) -> Listing:
    return read_file((captures / "html" / name).read_bytes(), PAGE_DAY, "huggingface", "hf")


def test_every_captured_answer_of_the_api_gives_as_many_papers_as_it_has_items(captures: Path) -> None:
    files = [*captures.glob("api/*.json"), *captures.glob("captured_twice/*.json")]
    assert len(files) > 40
    for file in files:
        raw, day = file.read_bytes(), date.fromisoformat(file.name[:10])
        listing = read_file(raw, day, "huggingface", "hf")
        items = json.loads(raw)
        assert [entry.keys[0] for entry in listing.entries] == [f"arxiv:{item['paper']['id']}" for item in items]
        assert [len(entry.authors) for entry in listing.entries] == [len(i["paper"]["authors"]) for i in items]
        assert [entry.upvotes for entry in listing.entries] == [item["paper"]["upvotes"] for item in items]
        assert sum(bool(e.code) for e in listing.entries) == sum("githubRepo" in i["paper"] for i in items)
        assert all(entry.abstract and entry.published for entry in listing.entries), file.name
        for entry, said in zip(listing.entries, (i["paper"].get("ai_summary", "") for i in items), strict=True):
            whole = " ".join(said.split())
            assert entry.summary == ("" if whole == entry.abstract else whole)
            assert len(entry.summary) <= 400
        assert (listing.whole, listing.note, listing.shown_day) == (True, "", None)


def test_captured_answers_say_their_day_or_nothing(captures: Path) -> None:
    for file in [*captures.glob("api/*.json"), *captures.glob("captured_twice/*.json")]:
        said = huggingface.day_of([file.read_bytes()])
        assert said in (date.fromisoformat(file.name[:10]), None)
        assert said or file.name.startswith("2025-01"), file.name  # then no item says it


def test_odd_items_have_titles_on_one_line_and_clean_addresses(captures: Path) -> None:
    odd = [json.loads(line) for line in (captures / "odd_items.jsonl").read_text("utf-8").splitlines()]
    assert len(odd) == 70
    for case in odd:
        raw = json.dumps([case["item"]]).encode()
        (entry,) = read_file(raw, date.fromisoformat(case["day"]), "huggingface", "hf").entries
        paper = case["item"]["paper"]
        assert entry.title == " ".join(paper["title"].split())
        assert len(entry.authors) == len(paper["authors"])
        for text in (entry.title, entry.abstract, *entry.authors, *entry.organisations):
            assert not SEVERAL_LINES.search(text), case["why"]
        for name, url in (("githubRepo", entry.code), ("projectPage", entry.project)):
            assert bool(url) == bool(paper.get(name)), case["why"]
            assert not re.search(r"\s", url)


def test_the_captured_page_gives_all_its_papers(captures: Path) -> None:
    listing = page_listing(captures, "2024-08-01.html")
    assert len(listing.entries) == 13
    assert len(listing.entries[0].authors) == 533
    assert listing.whole
    assert listing.shown_day == PAGE_DAY


def test_the_page_and_the_api_agree_on_the_same_papers(captures: Path) -> None:
    raw = (captures / "api" / "2024-08-01.json").read_bytes()
    api = {entry.keys: entry for entry in read_file(raw, PAGE_DAY, "huggingface", "hf").entries}
    page = {entry.keys: entry for entry in page_listing(captures, "2024-08-01.html").entries}
    assert len(api) == 11
    for keys, entry in api.items():
        assert (page[keys].title, page[keys].authors) == (entry.title, entry.authors)


@pytest.mark.parametrize(
    ("name", "papers", "whole"),
    [
        ("data-props_invalid_json.html", 13, False),  # from the cards
        ("no_hydration_div_cards_only.html", 13, False),
        ("duplicate_ids.html", 13, True),  # 15 items, two of them twice
        ("latin1_bytes_declared_utf8.html", 13, True),
        ("missing_fields.html", 13, True),
        ("truncated_after_data-props_no_cards.html", 13, True),  # the data are whole
        ("empty_dailyPapers.html", 0, True),  # for the verdict to doubt
    ],
)
def test_broken_pages_give_what_can_be_saved(captures: Path, name: str, papers: int, whole: bool) -> None:
    listing = page_listing(captures, f"broken/{name}")
    assert (len(listing.entries), listing.whole) == (papers, whole)
    assert listing.shown_day == PAGE_DAY
    good = page_listing(captures, "2024-08-01.html")
    assert [entry.title for entry in listing.entries] == [entry.title for entry in good.entries[:papers]]


def test_a_page_in_the_wrong_encoding_still_spells_its_authors(captures: Path) -> None:
    good, bad = (
        page_listing(captures, "2024-08-01.html"),
        page_listing(captures, "broken/latin1_bytes_declared_utf8.html"),
    )
    assert [entry.authors for entry in bad.entries] == [entry.authors for entry in good.entries]


def test_the_cards_show_the_votes_that_the_data_say(captures: Path) -> None:
    good, cards = (
        page_listing(captures, "2024-08-01.html"),
        page_listing(captures, "broken/no_hydration_div_cards_only.html"),
    )
    assert [(e.upvotes, e.comments) for e in cards.entries] == [(e.upvotes, e.comments) for e in good.entries]
    assert all(entry.authors == () for entry in cards.entries)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing_dailyPapers_key.html", "its DailyPapers data list no papers"),
        ("truncated_mid_data-props.html", "break off"),
        ("truncated_mid_entity.html", "break off"),
    ],
)
def test_broken_pages_without_data_and_cards_are_refused(captures: Path, name: str, why: str) -> None:
    with pytest.raises(UnreadableListing, match=why):
        page_listing(captures, f"broken/{name}")
