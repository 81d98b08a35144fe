"""When mail that comes back is enough."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.outbox.scores import MOST, QUIET, SPAN, score, too_much

DAY = date(2026, 3, 2)


def days(*numbers: int, hard: bool = True) -> list[tuple[date, bool]]:
    return [(DAY + timedelta(days=n), hard) for n in numbers]


def on(n: int) -> date:
    return DAY + timedelta(days=n)


def test_five_hard_days_are_borne_and_the_sixth_is_too_much():
    assert score(days(*range(5)), on(4)) == 5.0
    assert not too_much(score(days(*range(5)), on(4)))
    assert too_much(score(days(*range(6)), on(5)))


def test_ten_soft_days_are_borne_and_the_eleventh_is_too_much():
    assert not too_much(score(days(*range(10), hard=False), on(9)))
    assert too_much(score(days(*range(11), hard=False), on(10)))


def test_a_day_counts_once_by_its_worst():
    assert score(days(*[0] * 50), DAY) == 1.0
    assert score([*days(0, 0, hard=False), *days(0)], DAY) == 1.0


@pytest.mark.parametrize(("gap", "total"), [(7, 2.0), (8, 1.0)])
def test_after_seven_quiet_days_what_was_before_is_forgotten(gap, total):
    assert score(days(0, gap), on(gap)) == total


@pytest.mark.parametrize(("later", "total"), [(0, 1.0), (7, 1.0), (8, 0.0)])
def test_a_score_stands_for_seven_quiet_days_and_no_longer(later, total):
    assert score(days(0), on(later)) == total


def test_one_who_reads_weekly_is_disabled_after_six_weeks_and_one_who_reads_monthly_never():
    assert too_much(score(days(*range(0, 42, 7)), on(35)))
    assert score(days(*range(0, 300, 30)), on(270)) == 1.0


reports = st.lists(st.tuples(st.dates(DAY - timedelta(days=60), DAY + timedelta(days=60)), st.booleans()), max_size=40)


@given(reports, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(found, random):
    mixed = [*found, *found]
    random.shuffle(mixed)
    assert score(mixed, DAY) == score(found, DAY)


@given(reports)
def test_what_comes_later_than_the_day_does_not_count(found):
    assert score(found, DAY) == score([one for one in found if one[0] <= DAY], DAY)


@given(reports)
def test_no_bounce_older_than_the_span_can_decide(found):
    recent = [one for one in found if one[0] > DAY - SPAN]
    assert too_much(score(found, DAY)) == too_much(score(recent, DAY))


def test_the_span_holds_the_slowest_way_to_too_much():
    slowest = days(*range(0, 11 * (QUIET), QUIET), hard=False)
    assert too_much(score(slowest, slowest[-1][0]))
    assert slowest[-1][0] - slowest[0][0] < SPAN
    assert score(slowest[:-1], slowest[-2][0]) == MOST
