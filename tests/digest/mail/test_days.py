"""Days and times in words."""

from __future__ import annotations

import pytest

from digest.mail import days


def test_days_are_english_whatever_the_machine_speaks() -> None:
    assert days.weekday("2026-11-25") == "Wednesday 25 November"
    assert days.long("2024-02-29") == "29 February 2024"
    assert days.without_year("2026-04-09") == "9 April"
    assert days.moment("2026-11-25T07:30:00+01:00") == "Wednesday 25 November 2026, 07:30"
    assert days.clock("2026-11-25T07:30:00+01:00") == "07:30"


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-11-25T00:10:00+01:00", "since today, 00:10"),
        ("2026-11-24T07:30:00+01:00", "since yesterday, 07:30"),
        ("2026-11-20T07:30:00+01:00", "since Friday 20 November, 07:30"),
    ],
)
def test_a_period_begins_today_yesterday_or_on_a_day(instant: str, expected: str) -> None:
    assert days.since(instant, "2026-11-25") == expected


def test_a_date_that_is_none_is_shown_as_it_is() -> None:
    assert days.short("2026-11-25") == "25 Nov 2026"
    assert days.short("soon") == "soon"
    assert days.short("") == ""
