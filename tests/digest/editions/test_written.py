"""Drafts are written as `to_json` says, however many hits and frames they share."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions.draft import Draft, Hit, Mark, Missing, Section
from digest.editions.written import Writer, kept

text = st.text(max_size=6)
marks = st.builds(Mark, text, st.sampled_from(["title", "abstract", "any"]), st.integers(0, 9), st.integers(0, 9), text)
hits = st.builds(Hit, st.integers(1, 9), st.integers(0, 100), st.lists(marks, max_size=2).map(tuple),
                 st.lists(text, max_size=2).map(tuple), text)  # fmt: skip
shared = st.shared(st.lists(hits, min_size=1, max_size=4), key="hits")
sections = shared.flatmap(
    lambda some: st.builds(
        Section,
        st.integers(1, 9),
        text,
        text,
        st.lists(st.sampled_from(some), max_size=3).map(tuple),
        st.lists(st.integers(1, 9), max_size=2).map(tuple),
    )
)
drafts = st.builds(
    Draft,
    *[text] * 5,
    st.lists(sections, max_size=3).map(tuple),
    listed=st.integers(0, 9),
    told=st.integers(0, 9),
    outside=st.integers(0, 9),
    missing=st.lists(st.builds(Missing, text, text), max_size=2).map(tuple),
    oldest=text,
    late=st.booleans(),
    asked=text,
    schedule=text,
    wording=st.lists(st.integers(1, 9), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(st.lists(st.lists(drafts, max_size=4), max_size=3))
def test_what_is_written_is_the_plain_data_of_each_draft(runs: list[list[Draft]]) -> None:
    write = Writer()
    for some in runs:
        assert [json.loads(one) for one in write(some)] == [json.loads(json.dumps(one.to_json())) for one in some]


def test_a_hit_is_asked_about_once_as_long_as_it_is_the_same_one() -> None:
    asked: list[Hit] = []

    def size(hit: Hit) -> int:
        asked.append(hit)
        return hit.change

    measured, one = kept(size), Hit(3)
    assert [measured(one), measured(one), measured(Hit(3)), measured(Hit(4))] == [3, 3, 3, 4]
    assert asked == [one, Hit(3), Hit(4)]
