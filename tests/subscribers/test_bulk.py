"""Rows in bulk are what single rows would be, and the database checks them as ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, transaction

from subscribers.bulk import among, as_text, insert, instant, moment, reserved, update
from subscribers.models import Event, Milestone, Subscriber

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=UTC)


def people(count: int) -> list[int]:
    return [Subscriber.objects.create(email=f"r{n}@example.org", key=f"{n:032x}").pk for n in range(count)]


def test_rows_that_are_inserted_are_read_back() -> None:
    text = 'a\tb\\N "c"\nd, {e} é'
    insert(Event, ("kind", "at", "data", "provider"), [("x", instant(WHEN), '{"a": [1, "é"]}', text)] * 2)
    rows = [("x", WHEN, {"a": [1, "é"]}, text, None)] * 2
    assert list(Event.objects.values_list("kind", "at", "data", "provider", "letter_id")) == rows


def test_a_row_that_is_there_already_stops_them_all() -> None:
    Milestone.objects.create(field="upvotes", number=7)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Milestone, ("field", "number"), [("upvotes", 8), ("upvotes", 7)])
    assert Milestone.objects.filter(number=8).count() == 0


def test_each_row_gets_its_own_values_and_no_other_row_changes() -> None:
    one, two, three = people(3)
    later = WHEN + timedelta(days=200)
    update(Subscriber, ("due", "cursor"), [(one, instant(WHEN), 5), (three, None, None), (two, instant(later), 6)])
    assert list(Subscriber.objects.order_by("id").values_list("due", "cursor")) == [(WHEN, 5), (later, 6), (None, None)]
    update(Subscriber, ("cursor",), [(two, 7)])
    update(Subscriber, ("cursor",), [])
    assert list(Subscriber.objects.order_by("id").values_list("cursor", flat=True)) == [5, 7, None]


def test_ids_that_are_reserved_are_nobody_else_s() -> None:
    first = people(1)[0]
    ids = reserved(Subscriber, 3)
    assert list(ids) == sorted(set(ids))
    assert ids[0] > first
    insert(Event, ("id", "kind", "at", "data", "provider"), [(reserved(Event, 1)[0], "x", instant(WHEN), "{}", "")])
    Event.objects.create(kind="y", at=WHEN)
    assert Event.objects.count() == 2


def test_nothing_is_reserved_of_a_table_that_never_had_a_row() -> None:
    assert list(reserved(Milestone, 0)) == []
    assert len(reserved(Milestone, 2)) == 2


def test_times_are_the_same_behind_text() -> None:
    (person,) = people(1)
    for when in (WHEN, WHEN.replace(microsecond=0), WHEN.astimezone(timezone(timedelta(hours=5.5))), None):
        update(Subscriber, ("due",), [(person, instant(when))])
        text = Subscriber.objects.annotate(text=as_text("due")).values_list("text", flat=True).get()
        assert moment(text) == when == Subscriber.objects.get().due


def test_many_numbers_are_one_parameter() -> None:
    ids = people(3)
    assert set(Subscriber.objects.filter(id__in=among([ids[0], ids[2], 10**12])).values_list("id", flat=True)) == {
        ids[0],
        ids[2],
    }
    assert not Subscriber.objects.filter(id__in=among([])).exists()
