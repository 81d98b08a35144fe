"""The invented days of the demonstration must show what they are there to show."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files

from digest import sample
from digest.sources.huggingface import day_of
from digest.sources.listing import Entry
from digest.sources.reader import read_file

FIRST, SECOND = date(2026, 11, 24), date(2026, 11, 25)


def entries(name: str, day: date) -> dict[str, Entry]:
    raw = (files(sample) / f"{name}.json").read_bytes()
    listing = read_file(raw, day, "huggingface", "hf")
    assert (listing.whole, listing.note) == (True, "")
    assert day_of([raw]) == day
    return {entry.keys[0]: entry for entry in listing.entries}


MORNING, EVENING = entries("day-1-morning", FIRST), entries("day-1-evening", FIRST)
NEXT_DAY = entries("day-2", SECOND)
ALL = {**MORNING, **EVENING, **NEXT_DAY}


def test_each_look_has_twelve_to_sixteen_papers_with_everything_to_show() -> None:
    assert [len(look) for look in (MORNING, EVENING, NEXT_DAY)] == [12, 15, 13]
    for entry in ALL.values():
        assert re.fullmatch(r"arxiv:2611\.9\d{4}", entry.keys[0])
        assert 60 <= len(entry.abstract.split()) <= 150
        assert entry.authors
        assert entry.organisations
        assert entry.keywords
        assert entry.published is not None
        assert entry.published < SECOND
        assert all(".example.org/" in url for url in (entry.code, entry.project) if url)


def test_votes_rise_between_morning_and_evening_and_papers_are_added() -> None:
    both = MORNING.keys() & EVENING.keys()
    assert len(both) == 11
    assert all((EVENING[key].upvotes or 0) > (MORNING[key].upvotes or 0) for key in both)
    assert len(EVENING.keys() - MORNING.keys()) == 4


def test_code_appears_in_the_evening_for_two_papers() -> None:
    late = [key for key in MORNING.keys() & EVENING.keys() if EVENING[key].code and not MORNING[key].code]
    assert len(late) == 2


def test_one_paper_moves_to_the_second_day_and_texts_stay_as_they_were() -> None:
    (moved,) = MORNING.keys() - EVENING.keys()
    assert moved in NEXT_DAY
    assert MORNING.keys() & NEXT_DAY.keys() == {moved}
    assert (NEXT_DAY[moved].upvotes or 0) > (MORNING[moved].upvotes or 0)
    for key in MORNING.keys() & EVENING.keys():
        assert (MORNING[key].title, MORNING[key].abstract) == (EVENING[key].title, EVENING[key].abstract)


def test_one_title_has_tex_and_some_have_uncommon_letters() -> None:
    titles = [entry.title for entry in ALL.values()]
    assert sum("$" in title for title in titles) == 1
    assert sum(not title.isascii() for title in titles) >= 3


def test_half_of_the_papers_have_a_summary_which_is_shorter_than_the_abstract_and_in_other_words() -> None:
    said = [entry for entry in ALL.values() if entry.summary]
    assert len(said) * 2 == len(ALL)
    for entry in said:
        assert 100 < len(entry.summary) < len(entry.abstract) / 2
        assert entry.summary[:40] not in entry.abstract
    for look in (MORNING, EVENING, NEXT_DAY):
        assert 0 < sum(bool(entry.summary) for entry in look.values()) < len(look)
    assert all(MORNING[key].summary == EVENING[key].summary for key in MORNING.keys() & EVENING.keys())
