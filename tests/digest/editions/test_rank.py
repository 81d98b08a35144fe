from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.editions.rank import AN_AGE, boosted, hours_listed, score
from digest.sources.listing import Facts

MOSS = Facts("2611.90001", "Moss on stone", "A quiet cache.", authors=("Ada Moss",), listed="2026-11-25", upvotes=25)


@pytest.mark.parametrize(
    ("upvotes", "comments", "hours", "points"),
    [(0, 0, 1, 3), (0, 0, 80, 0), (25, 0, AN_AGE, 50), (25, 0, 1, 69), (100, 0, AN_AGE, 80), (15, 5, AN_AGE, 50)],
)
def test_the_score_is_the_documented_formula(upvotes: int, comments: int, hours: float, points: int) -> None:
    assert score(replace(MOSS, upvotes=upvotes, comments=comments), hours=hours) == points


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.floats(0, 10**6), st.integers(-100, 100))
def test_a_score_is_from_0_to_100_and_never_falls_with_a_vote(
    votes: int, comments: int, hours: float, boost: int
) -> None:
    less, more = (replace(MOSS, upvotes=number, comments=comments) for number in (votes, votes + 1))
    assert 0 <= score(less, hours=hours, boost=boost) <= score(more, hours=hours, boost=boost) <= 100


def test_the_same_votes_count_more_in_the_first_hours() -> None:
    assert [score(MOSS, hours=hours) for hours in (2, 6, 12, 23, 24, 48, 200)] == [69, 69, 63, 58, 57, 53, 50]


def test_boosts_lift_and_lower_what_has_them() -> None:
    plain = boosted((), MOSS, AN_AGE)
    assert boosted(("+2 cache", "-1 title:moss", "+5 fern"), MOSS, AN_AGE) == plain + 8
    assert boosted(("-5 cache", "-5 moss"), MOSS, AN_AGE) == 0


def test_a_pinned_author_stands_first_whatever_else_is_said() -> None:
    assert boosted(("pin author:moss", "-5 cache"), MOSS, AN_AGE) == 100
    assert boosted(("pin author:fern",), MOSS, AN_AGE) == 50


@pytest.mark.parametrize(
    ("listed", "hours"), [("2026-11-25", 30.5), ("2026-11-26", 6.5), ("2026-11-27", 0), ("", AN_AGE), ("soon", AN_AGE)]
)
def test_hours_are_counted_from_the_day_of_the_first_listing(listed: str, hours: float) -> None:
    assert hours_listed(replace(MOSS, listed=listed), datetime(2026, 11, 26, 6, 30, tzinfo=UTC)) == hours
