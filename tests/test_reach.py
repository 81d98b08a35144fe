"""Readers whom nothing reaches are left out before they are looked at one by one, and get the same as if they were."""

from __future__ import annotations

import gc
import hashlib
import os
import weakref
from datetime import datetime
from random import Random

import pytest

from digest.models import Told
from digest.pipeline import compiled, numbers
from digest.pipeline.misses import Misses
from digest.pipeline.planning import lows, plan
from digest.pipeline.publish import desk
from digest.pipeline.reach import reached
from digest.pipeline.window import ToldBefore, Window, unpacked
from subscribers import roll
from subscribers.models import Filter, Subscriber, Topic
from subscribers.reader import Reader
from tests.digest.matching.brute import matches
from tests.house import at, fetch, item, publish, reader, run

pytestmark = pytest.mark.django_db
TOPICS = ("All=*", "Moss=moss", "Loved=upvotes:>=20", "Fern[weekly]=fern -moss", "Settled[settled]=moss OR fern",
          "Again[revisions]=title:moss", "None=lichen", "Weekly[weekly,settled]=upvotes:>=5", "Both=moss fern",
          "High[threshold=90]=moss", "Month[monthly]=fern", "Rare=ivy upvotes:>=90")  # fmt: skip
TITLES = ("Moss", "Fern", "Moss and fern", "Ivy")
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
SEEDS = (1, 3, 4) if os.environ.get("TEST_DATABASE") == "postgres" else (0, 2, 5)  # each database has days of its own


def a_few_days(chance: Random) -> None:
    """Three days of papers, some of which rise and are settled; readers join on each and are served."""
    for number, day in enumerate(DAYS):
        listed = [
            item(f"2603.{number}{k:04}", chance.choice(TITLES), upvotes=chance.choice((0, 9, 40)))
            for k in range(chance.randint(0, 4))
        ]
        fetch(listed, day, at(f"{day} 05:00"))
        for k in range(10):
            reader(f"r{number}.{k}@example.org", *chance.sample(TOPICS, chance.randint(1, 3)), now=at(f"{day} 05:30"),
                   time=chance.choice(("06:00", "12:00", "23:00")))  # fmt: skip
        publish(at(f"{day} 06:30"))
        fetch([{**one, "paper": {**one["paper"], "upvotes": 50}} for one in listed], day, at(f"{day} 10:00"))
        publish(at(f"{day} 12:30"))
        run("settle", now=at(f"{day} 23:30"))


def test_a_window_is_gone_with_its_range_without_a_sweep(monkeypatch):
    a_few_days(Random(1))
    windows: list[weakref.ref[Window]] = []

    class Seen(Window):
        def __init__(self, *asked) -> None:
            super().__init__(*asked)
            windows.append(weakref.ref(self))

    monkeypatch.setattr("digest.pipeline.publish.Window", Seen)
    monkeypatch.setattr("digest.pipeline.publish.RANGE", 5)
    gc.collect()
    gc.disable()
    try:
        publish(at("2026-03-05 06:30"))
    finally:
        gc.enable()
    assert len(windows) > 1
    assert not any(window() for window in windows)


def everybody() -> list[Reader]:
    numbers = list(Subscriber.objects.values_list("pk", flat=True))
    return list(roll.readers(numbers, at("2026-03-05 08:00")))


def window_of(readers: list[Reader], now: datetime) -> tuple[Window, dict[int, dict[int, int | None]]]:
    begins = {one.id: lows(one, now) for one in readers}
    starts = {low for some in begins.values() for low in some.values()}
    return Window(numbers.head(), starts, (t.filter for one in readers for t in one.topics), now), begins


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reader_is_reached_when_a_topic_matches_in_its_window(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FEW", 1_000 if seed == SEEDS[0] else 0)
    chance = Random(seed)
    a_few_days(chance)
    now, readers = at("2026-03-05 08:00"), everybody()
    readers = [one._replace(cursor=None) if chance.random() < 0.1 else one for one in readers]
    window, begins = window_of(readers, now)
    found = reached(window, readers, begins)
    for one in readers:
        defined = False
        for topic in one.topics:
            low = begins[one.id].get(topic.id, numbers.head())
            mask = window.recent if low is None else window.news & (window.numbers > low)
            inside = [
                c for c, there in zip(window.candidates, mask & window.kinds[topic.settled], strict=True) if there
            ]
            hits = {c.paper for c in inside if matches(window.queries[topic.filter], c.facts)}
            if topic.id in begins[one.id]:
                assert {c.paper for c in window.match(topic.filter, low, topic.settled)} == hits
                defined |= bool(hits)
        assert (one.id in found) is defined
    assert 0 < len(found) < len(readers)


@pytest.mark.parametrize("seed", [6 + seed for seed in SEEDS[:2]])
def test_one_who_is_not_reached_gets_the_same_as_one_by_one(seed: int) -> None:
    a_few_days(Random(seed))
    now, readers = at("2026-03-05 08:00"), everybody()
    window, begins = window_of(readers, now)
    everyone = [one.id for one in readers]
    had, what = ToldBefore(window, everyone).of(everyone), desk(window, now)
    found = reached(window, readers, begins)
    for one in readers:
        both = [plan(one, window, had.get(one.id, {}), (), what, now, "", Misses(window), reached=known)
                for known in (True, one.id in found)]  # fmt: skip
        assert both[0] == both[1]
    assert len(found) < len(readers)


def test_what_readers_were_told_is_found_by_heaps_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    a_few_days(Random(11))
    window = Window(numbers.head(), {0}, (), at("2026-03-05 08:00"))
    told: dict[int, dict[int, int]] = {}
    for change, paper, readers in Told.objects.order_by("change_id").values_list("change", "change__paper", "readers"):
        for number in unpacked(readers).tolist():
            told.setdefault(number, {})[paper] = change
    everyone = [one.id for one in everybody()]
    some = everyone[3:-3:2]
    for heap in (0, 40, 8_000_000):
        monkeypatch.setattr("digest.pipeline.window.HEAP", heap)
        assert ToldBefore(window, everyone).of(everyone) == told, heap
        found = {number: told[number] for number in some[1:] if number in told}
        assert ToldBefore(window, some).of(some[1:]) == found, heap
    assert len(told) > len(everyone) / 2


def test_one_whose_filter_or_schedule_can_not_be_read_is_met_when_served() -> None:
    fetch([item("2603.00001", "Moss")], DAYS[0], at("2026-03-02 05:00"))
    wrong, broken, well = (reader(f"{name}@example.org", "Lichen=lichen", now=at("2026-03-02 05:30"))["id"]
                           for name in ("wrong", "broken", "well"))  # fmt: skip
    bad = Filter.objects.create(canonical="(moss", digest=hashlib.sha256(b"(moss").hexdigest())
    Topic.objects.filter(subscriber=broken).update(filter=bad)
    readers, now = everybody(), at("2026-03-02 07:00")
    window, begins = window_of(readers, now)
    del begins[wrong]
    assert reached(window, readers, begins) == {wrong, broken}
    assert well not in reached(window, readers, begins)


def test_where_there_are_no_changes_nobody_is_reached() -> None:
    reader("ada@example.org", "All=*", now=at("2026-03-02 05:30"))
    readers, now = everybody(), at("2026-03-02 07:00")
    window, begins = window_of(readers, now)
    assert reached(window, readers, begins) == set()
