"""How fast votes rise: a few points of each listing, and the speed at a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.rising import MOST, Point, grown, rising

START = datetime(2026, 11, 24, 1, tzinfo=UTC)


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def series(*votes: tuple[float, int]) -> tuple[Point, ...]:
    """What looks after so many hours make of a listing that is new."""
    points: tuple[Point, ...] = ()
    for hours, count in votes:
        points = grown(points, after(hours), count, 0)
    return points


def test_the_speed_is_that_of_the_last_six_hours() -> None:
    points = series((0, 0), (1, 30), (2, 30), (8, 42))
    assert rising(points, after(8)) == 2.0
    assert rising(points, after(7.9)) == 0.0
    assert rising(points, after(9)) == 2.0
    assert rising(points, after(14)) == 0.0


def test_a_young_listing_is_measured_over_the_time_it_is_known_and_an_hour_at_least() -> None:
    assert rising(series((0, 2), (3, 11)), after(3)) == 3.0
    assert rising(series((0, 2), (0.1, 8)), after(0.1)) == 6.0


def test_a_listing_seen_once_or_that_counts_nothing_does_not_rise() -> None:
    assert rising(series((0, 90)), after(5)) == 0.0
    assert rising((), after(5)) == 0.0
    assert grown((), START, None, None) == ()


def test_votes_that_are_taken_back_do_not_rise() -> None:
    assert rising(series((0, 20), (1, 10)), after(1)) == 0.0


@pytest.mark.parametrize(("old", "new", "kept"), [(3, 4, 2), (99, 100, 2), (100, 101, 1), (100, 102, 2), (250, 254, 1)])
def test_a_fiftieth_of_the_votes_is_worth_a_point(old: int, new: int, kept: int) -> None:
    assert len(series((0, old), (1, new))) == kept


def test_a_comment_is_worth_a_point_and_a_count_left_out_stands() -> None:
    points = grown(series((0, 50)), after(1), None, 1)
    assert [point[1:] for point in points] == [(50, 0), (50, 1)]


def test_a_look_that_comes_late_changes_nothing() -> None:
    points = series((0, 1), (2, 5))
    assert grown(points, after(1), 90, 0) == points
    assert grown(points, after(2), 90, 0) == points


looks = st.lists(
    st.tuples(st.integers(1, 600), st.none() | st.integers(0, 900), st.none() | st.integers(0, 9)), max_size=40
)


@given(looks)
def test_a_series_stays_small_ordered_and_true_at_both_ends(steps) -> None:
    points: tuple[Point, ...] = ()
    at, shown = START, []
    for minutes, votes, comments in steps:
        at += timedelta(minutes=minutes)
        points = grown(points, at, votes, comments)
        assert grown(points, at, votes, comments) == points
        assert grown(points, at + timedelta(minutes=1), votes, comments) == points
        shown += [votes] if votes is not None else []
    assert len(points) <= MOST
    assert list(points) == sorted(points)
    assert len({point[0] for point in points}) == len(points)
    if shown:
        assert abs(points[-1][1] - shown[-1]) <= max(shown) // 50
        assert 0 <= rising(points, at) <= max(shown)


@given(st.integers(2, 200), st.integers(1, 50))
def test_a_steady_rise_has_about_its_speed_however_many_looks_there_were(hours: int, speed: int) -> None:
    points = series(*((hour, hour * speed) for hour in range(hours + 1)))
    assert len(points) <= MOST
    assert speed / 4 <= rising(points, after(hours)) <= speed * 4


def test_what_rises_now_is_told_from_what_rose_days_ago() -> None:
    tired = series(*((hour, min(hour, 20) * 5) for hour in range(120)))
    fresh = series(*((hour, max(0, hour - 110) * 5) for hour in range(120)))
    assert rising(tired, after(119)) == 0.0
    assert rising(fresh, after(119)) > 2
