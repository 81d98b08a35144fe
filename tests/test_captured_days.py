"""A real month, fetched day by day and then again: nothing missed, nothing told twice, the books balance.

`CAPTURED_MONTHS="2026-0[34]"` takes two.
"""

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.house import fetch, letters, publish, reader, run, serve
from tests.listings import need_listings

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.listings]
MONTHS = os.environ.get("CAPTURED_MONTHS", "2026-04")
EVERYTHING, LOVED = "all@example.org", "loved@example.org"


@cache
def captured(folder: Path) -> dict[str, bytes]:
    """The API's body of each captured day."""
    return {path.stem: path.read_bytes() for path in sorted((folder / "huggingface" / "api").glob(f"{MONTHS}-*.json"))}


def keys(body: bytes) -> list[str]:
    return [entry["paper"]["id"] for entry in json.loads(body)]


def noon(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=13, tzinfo=UTC)


def slot_after(day: str) -> datetime:
    return noon(day) + timedelta(hours=18, minutes=1)  # 07:01 on the next morning


def test_every_paper_is_added_and_told_once_over_a_month_fetched_twice():
    days = captured(need_listings())
    reader(EVERYTHING, now=noon(min(days)) - timedelta(hours=8))
    serve(noon(min(days)) - timedelta(hours=7))
    added: Counter[str] = Counter()
    for day, body in days.items():
        added.update(fetch(body, day, noon(day))["added"])
        added.update(fetch(body, day, noon(day))["added"])
        serve(slot_after(day))
        assert publish(slot_after(day))["served"] == 0
    for day, body in days.items():
        assert fetch(body, day, noon(day))["added"] == []
    end = serve(slot_after(max(days)) + timedelta(days=1))
    listed = {key for body in days.values() for key in keys(body)}
    assert added == Counter(listed)
    mails = letters(EVERYTHING)
    shown = Counter(key for letter in mails for key in letter["papers"])
    assert max(shown.values()) == 1
    assert shown.keys() | {key for letter in mails for key in letter["more"]} == listed
    assert {letter["state"] for letter in mails} == {"accepted"}
    assert end["waiting"] == 0
    assert publish(slot_after(max(days)) + timedelta(days=1))["overdue"] == 0
    assert run("ledger", "--check", now=slot_after(max(days)) + timedelta(days=1))["missing"] == []


def looks_over_time(folder: Path) -> list[tuple[datetime, str, bytes]]:
    """(time, day, body): the captured bodies, and the votes of later page captures put into them."""
    bodies = {day: json.loads(body) for day, body in captured(folder).items()}
    looks = [(noon(day), day, json.dumps(items).encode()) for day, items in bodies.items()]
    for line in (folder / "huggingface" / "page_captures.jsonl").read_text().splitlines():
        capture = json.loads(line)
        when = datetime.fromisoformat(capture["captured_at"])
        votes = {one["id"]: one["upvotes"] for one in capture["items"]}
        for day, items in bodies.items():
            near = noon(day) < when <= noon(day) + timedelta(days=5)
            if near and votes.keys() & {one["paper"]["id"] for one in items}:
                looks.append((when, day, json.dumps(with_votes(items, votes)).encode()))
    return sorted(looks, key=lambda look: look[:2])


def with_votes(items: list[dict[str, Any]], votes: dict[str, int]) -> list[dict[str, Any]]:
    """The items, with the votes that a later capture shows."""
    newest = ({**one["paper"], "upvotes": votes.get(one["paper"]["id"], one["paper"]["upvotes"])} for one in items)
    return [{**one, "paper": paper} for one, paper in zip(items, newest, strict=True)]


def test_twenty_votes_are_told_on_the_first_slot_after_they_were_reached_and_once():
    looks = looks_over_time(need_listings())
    start = looks[0][0]
    reader(LOVED, "Loved=upvotes:>=20", now=start - timedelta(hours=8))
    serve(start - timedelta(hours=7))
    reached: dict[str, datetime] = {}
    slot = start.replace(hour=7, minute=0) + timedelta(days=1)
    for when, day, body in looks:
        while slot < when:
            serve(slot + timedelta(minutes=1))
            slot += timedelta(days=1)
        fetch(body, day, when)
        for one in json.loads(body):
            if one["paper"]["upvotes"] >= 20:
                reached.setdefault(one["paper"]["id"], when)
    serve(slot + timedelta(minutes=1))
    told: dict[str, str] = {}
    for letter in letters(LOVED):
        for key in letter["papers"] + letter["more"]:
            assert key not in told
            told[key] = letter["slot"]
    expected = {key: first_slot(when) for key, when in reached.items()}
    assert {key: datetime.fromisoformat(at) for key, at in told.items()} == expected
    assert len(told) > 100


def first_slot(when: datetime) -> datetime:
    slot = when.replace(hour=7, minute=0, second=0, microsecond=0)
    return slot if slot >= when else slot + timedelta(days=1)


def test_a_paper_moved_to_a_later_day_is_told_once_and_by_a_second_source_to_those_who_ask():
    days, moved = captured(need_listings()), "2604.07429"
    run("source", "add", "second", "--kind", "hf", "--url", "https://second.example.org")
    start = noon("2026-04-09")
    # of a long day a mail shows the best papers, and only what is shown is told: so these readers ask for few
    one = 'Moved="{title}"'.format(
        title=next(x["title"] for x in json.loads(days["2026-04-10"]) if x["paper"]["id"] == moved)
    )
    for address, topics in {"a": [one], "b": ["Second=source:second"], "c": [one, "Second=source:second"]}.items():
        reader(f"{address}@example.org", *topics, now=start)
    reader("d@example.org", one, "All=*", now=start)
    serve(start + timedelta(minutes=1))
    for day in ("2026-04-10", "2026-04-13", "2026-04-16"):
        fetch(days[day], day, noon(day))
        if day == "2026-04-13":
            only = [one for one in json.loads(days["2026-04-10"]) if one["paper"]["id"] == moved]
            seen = fetch(only, day, noon(day), "second")
            assert seen["listed_elsewhere"] == [moved]
        for later in range(4 if day == "2026-04-16" else 3):
            serve(slot_after(day) + timedelta(days=later))
    told = {a: [x["slot"][:10] for x in letters(f"{a}@example.org") if moved in x["papers"]] for a in "abcd"}
    assert told == {"a": ["2026-04-11"], "b": ["2026-04-14"], "c": ["2026-04-11"], "d": ["2026-04-11"]}
