"""What a letter freezes of a digest, and reads again for ever."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.editions import line
from digest.editions.draft import Draft, Hit, Mark, Missing, Section
from tests.digest.mail.invented import DRAFT

ROBOTS = (
    Mark("robot*", "title", 12, 18, "Robots"),
    Mark("robot*", "abstract", 88, 93, "robot"),
    Mark("robot*", "abstract", 120, 125, "robot"),
    Mark("upvotes:>=20", "upvotes", shown="25 upvotes"),
)
FIRST_FORM = {
    "date": "2026-11-25", "slot": "2026-11-25T07:30:00+01:00", "since": "2026-11-24T07:30:00+01:00",
    "next": "2026-11-26T07:30:00+01:00", "zone": "Europe/Berlin", "listed": 61, "told": 2, "outside": 58, "carried": 1,
    "carried_more": 0, "oldest": "2026-11-24T07:30:00+01:00", "late": False, "first": False, "asked": "2026-08-03",
    "added": False, "topics": 3, "schedule": "Monday to Friday, 07:30", "wording": [1, 2, 3], "renderer": 1,
    "sections": [
        {"topic": 7, "name": "Robots", "query": "robot*", "more": [103],
         "hits": [{"change": 101, "score": 90, "marks": [["robot*", "title", 12, 18, "Robots", False]]},
                  {"change": 102, "score": 80, "marks": [], "also": ["Moss"], "carried": "2026-11-24"}]}
    ],
    "missing": [{"date": "2026-11-20", "key": "20261120T063000"}],
}  # fmt: skip

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
fields = st.sampled_from(("title", "abstract", "author", "upvotes", "any"))
places = st.tuples(st.integers(0, 2_000), st.integers(0, 2_000))
marks = st.builds(
    lambda clause, field, place, shown, by_stem: Mark(clause, field, *place, shown, by_stem),
    texts, fields, st.one_of(st.just((0, 0)), places), texts, st.booleans(),
)  # fmt: skip
hits = st.builds(
    Hit,
    st.integers(1, 10**9),
    st.integers(0, 100),
    st.lists(marks, max_size=6).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    st.sampled_from(("", "2026-11-24")),
)
sections = st.builds(
    Section,
    st.integers(1, 10**9),
    texts,
    texts,
    st.lists(hits, max_size=3).map(tuple),
    st.lists(st.integers(1, 10**9), max_size=3).map(tuple),
)
drafts = st.builds(
    Draft,
    date=st.just("2026-11-25"),
    slot=st.just("2026-11-25T07:30:00+01:00"),
    since=texts,
    next=st.sampled_from(("", "2026-11-26T07:30:00+01:00")),
    zone=texts,
    sections=st.lists(sections, max_size=3).map(tuple),
    listed=st.integers(0, 99),
    told=st.integers(0, 99),
    outside=st.integers(0, 99),
    carried=st.integers(0, 9),
    carried_more=st.integers(0, 9),
    missing=st.lists(st.builds(Missing, texts, texts), max_size=2).map(tuple),
    oldest=st.sampled_from(("", "2026-11-25T07:30:00+01:00", "2026-11-24T07:30:00+01:00")),
    late=st.booleans(),
    first=st.booleans(),
    asked=st.sampled_from(("", "2026-08-03")),
    added=st.booleans(),
    topics=st.integers(0, 99),
    schedule=texts,
    wording=st.lists(st.integers(1, 99), max_size=10).map(tuple),
    renderer=st.integers(0, 9),
)


@given(drafts)
def test_whatever_a_draft_says_comes_back_from_what_the_letter_keeps(draft: Draft) -> None:
    assert Draft.from_json(json.loads(json.dumps(draft.to_json()))) == draft


def test_a_hit_is_kept_as_one_line() -> None:
    hit = Hit(101, 90, ROBOTS)
    kept = "101|90|t12+6 a88+5 a120+5 -|0112||0|robot*|t|Robots|robot*|a|robot|upvotes:>=20|upvotes|25 upvotes"
    assert hit.line() == kept
    assert line.change_of(kept) == 101
    assert line.marks(kept) == ROBOTS


def test_a_bar_in_a_name_parts_no_fields() -> None:
    hit = Hit(101, 90, (Mark('"a|b"', "title", 0, 3, "a|b"),), also=("R|D", "a\\"), carried="2026-11-24")
    assert hit.line() == '101|90|t0+3|0|2026-11-24|2|R\\!D|a\\\\|"a\\!b"|t|a\\!b'
    assert line.because(hit.line().split("|", 4)[4]).also == ("R|D", "a\\")


def test_papers_that_are_there_for_one_reason_share_what_is_kept_of_it() -> None:
    one, other = Hit(101, 90, ROBOTS), Hit(102, 10, tuple(replace(mark, start=mark.start + 9) for mark in ROBOTS))
    assert one.line().split("|", 4)[4] == other.line().split("|", 4)[4]


def test_a_usual_digest_is_kept_in_less_than_a_kilobyte() -> None:
    hits = tuple(Hit(number, 50, ROBOTS[:3]) for number in range(100_000, 100_008))
    section = Section(1_234_567, "Robot learning", 'robot* OR "diffusion policy"', hits, (100_008, 100_009))
    draft = replace(DRAFT, sections=(section,), missing=(), oldest=DRAFT.slot, wording=tuple(range(101, 111)))
    assert len(json.dumps(draft.to_json())) < 1_000


def test_letters_of_the_first_form_are_read_for_ever() -> None:
    assert Draft.from_json(FIRST_FORM) == Draft(
        date="2026-11-25",
        slot="2026-11-25T07:30:00+01:00",
        since="2026-11-24T07:30:00+01:00",
        next="2026-11-26T07:30:00+01:00",
        zone="Europe/Berlin",
        sections=(
            Section(
                7, "Robots", "robot*", (Hit(101, 90, ROBOTS[:1]), Hit(102, 80, (), ("Moss",), "2026-11-24")), (103,)
            ),
        ),
        listed=61,
        told=2,
        outside=58,
        carried=1,
        missing=(Missing("2026-11-20", "20261120T063000"),),
        oldest="2026-11-24T07:30:00+01:00",
        asked="2026-08-03",
        topics=3,
        schedule="Monday to Friday, 07:30",
        wording=(1, 2, 3),
        renderer=1,
    )


@pytest.mark.parametrize("content", [{}, {"v": 2}, {"nothing": "of it"}, {**DRAFT.to_json(), "when": "2026"}])
def test_what_is_no_content_of_ours_is_an_error(content: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Draft.from_json(content)
