from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.matching import readers
from digest.matching.columns import Columns
from digest.matching.engine import Engine, indexes
from digest.matching.readers import Interests
from digest.sources.listing import Facts
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.digest.matching.brute import matches
from tests.digest.matching.captured import captured_facts, invented_filter
from tests.digest.matching.invented import facts
from tests.listings import need_listings
from tests.subscribers.query.invented import queries

Topic = tuple[int, int]  # filter, window
people = st.lists(st.tuples(st.integers(1, 60), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1)),
                  min_size=1, max_size=20, unique_by=lambda one: one[0]).map(sorted)  # fmt: skip


def as_interests(some: list[tuple[int, list[Topic]]]) -> Interests:
    sizes = [len(topics) for _, topics in some]
    return Interests(
        np.array([number for number, _ in some], dtype=np.int64),
        np.cumsum([0, *sizes[:-1]]),
        np.array([filter_id for _, topics in some for filter_id, _ in topics], dtype=np.int64),
        np.array([window for _, topics in some for _, window in topics], dtype=np.uint16),
    )


def bits_of(columns: int) -> list[int]:
    return [place for place in range(columns.bit_length()) if columns >> place & 1]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(queries, min_size=6, max_size=6), st.lists(facts, max_size=9), st.sampled_from([1, 9, 40]), people,
    st.lists(st.integers(0), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0), st.lists(st.integers(1, 60), unique=True)), max_size=5), st.booleans(),
)  # fmt: skip
def test_each_reader_gets_what_their_topics_match_in_their_windows_and_was_not_told(
    some: list[Query], papers: list[Facts], times: int, readers_: list[tuple[int, list[Topic]]], windows: list[int],
    had: list[tuple[int, list[int]]], far_apart: bool,
) -> None:  # fmt: skip
    far, papers = 1_000 if far_apart else 1, papers * times
    columns = Columns(list(enumerate(papers)))
    windows, had = [one & columns.all for one in windows], [(one & columns.all, ids) for one, ids in had]
    interests = as_interests([(number * far, topics) for number, topics in readers_])
    bits = Engine(dict(enumerate(some))).match(columns)
    rows = readers.matched(bits, bits.places(interests.filters), interests, readers.windowed(windows, columns.planes))
    told = readers.told(
        interests.readers, [(one, np.array(sorted(ids), dtype=np.int64) * far) for one, ids in had], columns.planes
    )
    for place, (number, topics) in enumerate(readers_):
        wanted = {
            column
            for filter_id, window in topics
            for column in bits_of(windows[window])
            if matches(some[filter_id], papers[column])
        }
        before = {column for one, ids in had if number in ids for column in bits_of(one)}
        assert indexes(rows[place] & ~told[place]) == sorted(wanted - before)


def test_readers_come_out_the_same_however_many_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [Facts(str(place), "moss" if place % 3 else "fern", upvotes=place) for place in range(70)]
    bits = Engine({1: parse("moss").query, 2: parse("fern OR upvotes:>=60").query}).match(Columns([*enumerate(papers)]))
    interests = as_interests([(place, [(1 + (place + k) % 2, k) for k in range(1 + place % 3)]) for place in range(20)])
    windows = readers.windowed([bits.columns.all, 0b1011, bits.columns.all >> 60 << 60], 2)
    whole = readers.matched(bits, bits.places(interests.filters), interests, windows)
    assert whole.any(axis=1).all()
    for together in (1, 3, 20):
        monkeypatch.setattr(readers, "TOGETHER", together)
        assert (readers.matched(bits, bits.places(interests.filters), interests, windows) == whole).all()


def test_nobody_is_told_nothing() -> None:
    nobody = np.empty(0, dtype=np.int64)
    assert readers.told(nobody, [(1, np.array([5]))], 1).shape == (0, 1)


@pytest.mark.listings
def test_readers_of_captured_papers_get_what_the_definition_says() -> None:
    """Real papers; invented readers with windows of their own, some of whom were told some papers before."""
    chance = random.Random(8)
    papers = captured_facts(need_listings(), days=2)
    some = [parse(invented_filter(chance, papers)).query for _ in range(40)]
    columns = Columns(list(enumerate(papers)))
    bits = Engine(dict(enumerate(some))).match(columns)
    defined = [{place for place, one in enumerate(papers) if matches(query, one)} for query in some]
    windows = [columns.all, columns.all >> 30 << 30, columns.all & 0x5555 << 40]
    people = [(n, [(chance.randrange(40), chance.randrange(3)) for _ in range(4)]) for n in range(100, 300)]
    had = [(1 << place, chance.sample(range(100, 300), 50)) for place in range(len(papers))]
    interests = as_interests(people)
    places, limits = bits.places(interests.filters), readers.windowed(windows, columns.planes)
    told = readers.told(interests.readers, [(one, np.array(sorted(ids))) for one, ids in had], columns.planes)
    left = readers.matched(bits, places, interests, limits) & ~told
    for place, (number, topics) in enumerate(people):
        wanted = {one for filter_id, window in topics for one in defined[filter_id] if windows[window] >> one & 1}
        assert indexes(left[place]) == sorted(one for one in wanted if number not in had[one][1])
    assert left.any()
