"""Slots by the wall clock."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.schedule import (
    DAILY,
    WEEKDAYS,
    Schedule,
    check_zone,
    describe,
    first_of_month,
    first_of_week,
    local_date,
    newest_slot,
    next_digest,
    next_slot,
    parse_days,
    parse_times,
    slots,
)

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Australia/Brisbane",
    "America/Los_Angeles",
    "Asia/Beirut",  # the gap is at midnight
    "America/Havana",  # the fold crosses midnight
    "Pacific/Apia",  # left out 30 December 2011
    "Africa/Casablanca",
    "Asia/Kolkata",
    "UTC",
]
SECOND, DAY, WEEK = timedelta(seconds=1), timedelta(days=1), timedelta(days=7)
some = settings(deadline=None, max_examples=100)

schedules = st.builds(
    Schedule,
    st.sampled_from(ZONES),
    st.lists(st.builds(time, st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=3).map(tuple),
    st.frozensets(st.integers(0, 6), min_size=1),
)
# Instants of all years, and thick around changes of clocks: Berlin, New York, Lord Howe, Havana and Apia.
changes = [
    (2026, 3, 29),
    (2026, 10, 25),
    (2026, 3, 8),
    (2026, 11, 1),
    (2026, 4, 5),
    (2026, 10, 4),
    (2011, 12, 30),
]
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)) | st.builds(
    lambda day, ahead: datetime(*day) + ahead,
    st.sampled_from(changes),
    st.timedeltas(min_value=-2 * DAY, max_value=2 * DAY),
)
aware = instants.map(lambda at: at.replace(tzinfo=UTC))


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone as the lock has it: the machine's data may be older."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def at(zone: str, *clocks: str, days: frozenset[int] = DAILY) -> Schedule:
    return Schedule(zone, parse_times(",".join(clocks)), days)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walls(schedule: Schedule, first: str, last: str) -> list[str]:
    """The slots between two UTC times as local wall times with their offsets."""
    zone = zone_of(schedule.zone)
    return [f"{slot.astimezone(zone):%d %H:%M %z}" for slot in slots(schedule, utc(first), utc(last))]


@pytest.mark.parametrize(
    ("schedule", "first", "last", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 becomes 03:00.
        (
            at("Europe/Berlin", "02:30"),
            "2026-03-28T00:00",
            "2026-03-31T00:00",
            ["28 02:30 +0100", "29 03:30 +0200", "30 02:30 +0200"],
        ),
        # Berlin, 25 October: 03:00 becomes 02:00.
        (
            at("Europe/Berlin", "02:30"),
            "2026-10-24T00:00",
            "2026-10-27T00:00",
            ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"],
        ),
        (
            at("America/New_York", "02:30"),
            "2026-03-07T05:00",
            "2026-03-10T05:00",
            ["07 02:30 -0500", "08 03:30 -0400", "09 02:30 -0400"],
        ),
        (
            at("America/New_York", "01:30"),
            "2026-10-31T04:00",
            "2026-11-03T04:00",
            ["31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500"],
        ),
        # Lord Howe, 4 October: 02:00 becomes 02:30; 5 April: 02:00 becomes 01:30.
        (
            at("Australia/Lord_Howe", "02:15"),
            "2026-10-02T20:00",
            "2026-10-05T00:00",
            ["04 02:45 +1100", "05 02:15 +1100"],
        ),
        (
            at("Australia/Lord_Howe", "01:45"),
            "2026-04-03T20:00",
            "2026-04-06T00:00",
            ["05 01:45 +1100", "06 01:45 +1030"],
        ),
        (
            at("Australia/Brisbane", "08:00"),
            "2026-10-03T00:00",
            "2026-10-05T00:00",
            ["04 08:00 +1000", "05 08:00 +1000"],
        ),
        (
            at("America/Los_Angeles", "19:00"),
            "2026-03-07T12:00",
            "2026-03-09T12:00",
            ["07 19:00 -0800", "08 19:00 -0700"],
        ),
        # Beirut, 29 March 2026: 00:00 becomes 01:00.
        (
            at("Asia/Beirut", "00:00"),
            "2026-03-27T23:00",
            "2026-03-30T00:00",
            ["29 01:00 +0300", "30 00:00 +0300"],
        ),
        # Havana, 1 November 2020: 01:00 becomes 00:00.
        (
            at("America/Havana", "00:30"),
            "2020-10-31T12:00",
            "2020-11-02T12:00",
            ["01 00:30 -0400", "02 00:30 -0500"],
        ),
        # 29 February.
        (
            at("UTC", "07:00"),
            "2028-02-28T00:00",
            "2028-03-01T23:00",
            ["28 07:00 +0000", "29 07:00 +0000", "01 07:00 +0000"],
        ),
        (
            at("Europe/Berlin", "07:00"),
            "2026-02-28T00:00",
            "2026-03-01T23:00",
            ["28 07:00 +0100", "01 07:00 +0100"],
        ),
    ],
)
def test_slots_follow_the_wall_clock(schedule: Schedule, first: str, last: str, expected: list[str]) -> None:
    assert walls(schedule, first, last) == expected


def test_two_times_that_a_gap_brings_together_are_one_slot() -> None:
    both = at("Europe/Berlin", "02:30", "03:30")
    assert walls(both, "2026-03-28T23:00", "2026-03-29T22:00") == ["29 03:30 +0200"]


def test_a_time_in_the_gap_may_come_after_a_later_one() -> None:
    both = at("Europe/Berlin", "02:30", "03:15")
    assert walls(both, "2026-03-28T23:00", "2026-03-29T22:00") == ["29 03:15 +0200", "29 03:30 +0200"]


def test_a_day_left_out_whole_shares_the_slot_of_the_next() -> None:
    assert walls(at("Pacific/Apia", "07:30"), "2011-12-29T00:00", "2012-01-01T00:00") == [
        "29 07:30 -1000",
        "31 07:30 +1400",
        "01 07:30 +1400",
    ]


def test_days_are_those_of_the_reader_and_not_of_utc() -> None:
    brisbane = at("Australia/Brisbane", "08:00", days=WEEKDAYS)
    friday = utc("2026-11-26T22:00")
    assert local_date(brisbane, friday) == date(2026, 11, 27)
    assert next_slot(brisbane, friday) == utc("2026-11-29T22:00")  # Monday there
    assert newest_slot(brisbane, friday + SECOND, utc("2026-11-27T22:05")) is None  # Saturday there


def test_a_week_begins_with_the_readers_monday() -> None:
    angeles = at("America/Los_Angeles", "19:00", days=parse_days("sun,mon"))
    assert not first_of_week(angeles, utc("2026-11-30T03:00"))  # Sunday there
    assert first_of_week(angeles, utc("2026-12-01T03:00"))  # Monday there


def test_a_week_without_monday_begins_with_its_first_wanted_day() -> None:
    thursdays = at("UTC", "07:00", "18:00", days=parse_days("thu,fri"))
    firsts = [slot for slot in slots(thursdays, utc("2026-11-23"), utc("2026-12-06")) if first_of_week(thursdays, slot)]
    assert firsts == [utc("2026-11-26T07:00"), utc("2026-12-03T07:00")]


def test_the_week_over_new_year_is_one_week() -> None:
    daily = at("Europe/Berlin", "07:30")
    firsts = [slot for slot in slots(daily, utc("2026-12-27"), utc("2027-01-12")) if first_of_week(daily, slot)]
    assert [local_date(daily, slot) for slot in firsts] == [
        date(2026, 12, 28),
        date(2027, 1, 4),
        date(2027, 1, 11),
    ]


def test_a_month_begins_with_its_first_slot_there() -> None:
    kolkata = at("Asia/Kolkata", "04:00", days=WEEKDAYS)
    days = [
        local_date(kolkata, slot)
        for slot in slots(kolkata, utc("2026-07-01"), utc("2026-10-02"))
        if first_of_month(kolkata, slot)
    ]
    assert days == [date(2026, 8, 3), date(2026, 9, 1), date(2026, 10, 1)]


def test_next_is_after_and_newest_may_be_now() -> None:
    daily, slot = at("UTC", "07:00"), utc("2026-11-25T07:00")
    assert next_slot(daily, slot - SECOND) == slot
    assert next_slot(daily, slot) == slot + DAY
    assert newest_slot(daily, slot, slot) == slot
    assert newest_slot(daily, slot - DAY, slot - SECOND) == slot - DAY
    assert newest_slot(daily, slot + SECOND, slot + 12 * timedelta(hours=1)) is None


def test_an_instant_of_any_zone_will_do_and_slots_are_in_utc() -> None:
    berlin = datetime(2026, 11, 25, 8, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    slot = next_slot(at("UTC", "07:00"), berlin - SECOND)
    assert (slot, slot.tzinfo) == (berlin, UTC)


def test_the_next_digest_passes_over_slots_less_than_twelve_hours_after_the_first() -> None:
    mine, first = at("UTC", "07:00,19:00"), utc("2026-11-25T07:00:01")
    assert next_digest(mine, first, first) == utc("2026-11-26T07:00")  # 19:00 is a second too soon
    assert next_digest(mine, first, first - SECOND) == utc("2026-11-25T19:00")
    assert next_digest(mine, first, None) == utc("2026-11-25T19:00")
    assert next_digest(mine, utc("2026-11-25T06:00"), utc("2026-11-25T07:00")) == utc("2026-11-25T07:00")  # itself


@pytest.mark.parametrize("ask", [next_slot, local_date, first_of_week, first_of_month])
def test_an_instant_without_zone_is_refused(ask: object) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ask(at("UTC", "07:00"), datetime(2026, 11, 25))  # type: ignore[operator]


@some
@given(schedules, aware)
def test_slots_only_go_forward_and_miss_no_week(schedule: Schedule, after: datetime) -> None:
    slot = next_slot(schedule, after)
    assert after < slot <= after + WEEK + 2 * DAY
    assert next_slot(schedule, slot - SECOND) == slot
    assert next_slot(schedule, slot) > slot


def in_a_gap(zone: ZoneInfo, wall: datetime) -> bool:
    there = wall.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall


@some
@given(schedules, aware)
def test_every_wanted_wall_time_is_a_slot_and_every_slot_is_a_wanted_wall_time(
    schedule: Schedule, start: datetime
) -> None:
    zone, end = zone_of(schedule.zone), start + WEEK
    wanted = set()
    for number in range(-2, 10):
        day = start.astimezone(zone).date() + number * DAY
        for when in schedule.times:
            wall = datetime.combine(day, when)
            before = (wall - DAY).replace(tzinfo=zone).utcoffset()
            assert before is not None
            shifted = (wall - before).replace(tzinfo=UTC)  # by the offset of the day before
            instant = shifted if in_a_gap(zone, wall) else wall.replace(tzinfo=zone).astimezone(UTC)
            if day.weekday() in schedule.days and start <= instant <= end:
                wanted.add(instant)
    assert list(slots(schedule, start, end)) == sorted(wanted)


@some
@given(schedules, aware, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)))
def test_the_newest_slot_is_the_last_of_the_iteration(schedule: Schedule, start: datetime, span: timedelta) -> None:
    every = list(slots(schedule, start, start + span))
    assert newest_slot(schedule, start, start + span) == (every[-1] if every else None)
    assert len(set(every)) == len(every)


@some
@given(schedules, aware)
def test_each_week_and_month_has_one_first_slot(schedule: Schedule, start: datetime) -> None:
    every = list(slots(schedule, start, start + 5 * WEEK))
    weeks = [local_date(schedule, slot).isocalendar()[:2] for slot in every]
    for place in range(1, len(every)):
        assert first_of_week(schedule, every[place]) == (weeks[place] != weeks[place - 1])
        months = [local_date(schedule, slot).month for slot in every[place - 1 : place + 1]]
        assert first_of_month(schedule, every[place]) == (months[0] != months[1])


@pytest.mark.parametrize(
    ("days", "times", "words"),
    [
        ("weekdays", "07:30", "Monday to Friday, 07:30, Europe/Berlin"),
        ("daily", "18:00,7:30", "Every day, 07:30 and 18:00, Europe/Berlin"),
        ("thu,mon", "07:30", "Monday and Thursday, 07:30, Europe/Berlin"),
        ("sat,sun", "07:30", "Saturday and Sunday, 07:30, Europe/Berlin"),
        ("tue,wed,thu", "07:30", "Tuesday to Thursday, 07:30, Europe/Berlin"),
        (
            "mon,wed,fri",
            "06:00,07:00,08:00",
            "Monday, Wednesday and Friday, 06:00, 07:00 and 08:00, Europe/Berlin",
        ),
        ("Sunday", "00:00", "Sunday, 00:00, Europe/Berlin"),
    ],
)
def test_a_schedule_is_described_as_people_say_it(days: str, times: str, words: str) -> None:
    assert describe(Schedule("Europe/Berlin", parse_times(times), parse_days(days))) == words


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", DAILY),
        (" Weekdays ", WEEKDAYS),
        ("mon,thu", {0, 3}),
        ("Thu , MON,thu", {0, 3}),
        ("sunday", {6}),
    ],
)
def test_days_are_read(text: str, days: set[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "mon,", "mon thu", "montag", "0", "daily,mon", "m"])
def test_what_is_no_day_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no day: write daily, weekdays, or days such as mon,thu"):
        parse_days(text)


def test_times_are_read_in_order_and_once() -> None:
    assert parse_times("18:00, 07:30,7:30") == (time(7, 30), time(18))


@pytest.mark.parametrize("text", ["", "7", "24:00", "07:60", "07:30:00", "7.30", "07:30,", "٠7:30", "07:30+01:00"])
def test_what_is_no_time_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time of day: write hours and minutes"):
        parse_times(text)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "CET"])
def test_a_zone_is_taken_as_it_stands(name: str) -> None:
    assert check_zone(name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Berlin", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("New York", "did you mean America/New_York?"),
        ("utc", "did you mean UTC?"),
        ("CEST", "write one such as"),
        ("UTC+2", "write one such as"),
        ("Factory", "write one such as"),
        ("", "write one such as"),
        ("../../etc/passwd", "write one such as"),
        ("Europe", "write one such as"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_nearest(name: str, says: str) -> None:
    with pytest.raises(ValueError, match="is no time zone") as caught:
        check_zone(name)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("zone", "times", "days", "says"),
    [
        ("Berlin", (time(7),), DAILY, "no time zone"),
        ("UTC", (), DAILY, "at least one time"),
        ("UTC", (time(7),), frozenset(), "at least one time of day and one day"),
        ("UTC", (time(7),), frozenset({0, 7}), r"not \[7\]"),
        ("UTC", (time(7, 0, 1),), DAILY, "whole minutes"),
        ("UTC", (time(7, tzinfo=UTC),), DAILY, "without a zone"),
    ],
)
def test_a_schedule_that_could_have_no_slot_is_refused(
    zone: str, times: tuple[time, ...], days: frozenset[int], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Schedule(zone, times, days)
