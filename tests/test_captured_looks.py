"""Real days seen several times, replayed in order: exactly the changes that their ids and votes imply, nothing twice.

What they imply is worked out from the raw files alone, by an oracle that shares no code with the product.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.models import Appearance, Change, Paper
from tests.house import fetch, reader, serve, told
from tests.listings import need_listings

pytestmark = [pytest.mark.django_db, pytest.mark.listings]
R = "r@example.org"
NOTABLE = {1, 2, 5, 10, 20, 50, 100, 200, 500}
Item = dict[str, Any]
Looked = tuple[datetime, str, list[Item]]  # when, which day, what it showed


@dataclass
class Oracle:
    """What has been shown: by paper its highest counts, by day who is there and with which counts."""

    days: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    there: dict[str, set[str]] = field(default_factory=dict)
    known: dict[str, set[str]] = field(default_factory=dict)  # code, project page

    def implied(self, day: str, items: list[Item]) -> Counter[tuple[str, str]]:
        """The changes, as (kind, id), that a look at a day must make; they are remembered."""
        shown, here = {one["paper"]["id"]: one for one in items}, self.days.setdefault(day, {})
        made = Counter({("unlisted", key): 1 for key in self.there.get(day, set()) - shown.keys()})
        for key, one in shown.items():
            made.update((kind, key) for kind in self._of(key, one, day))
            here[key] = (one["paper"]["upvotes"], one["numComments"])
            self.known.setdefault(key, set()).update(extras(one))
        self.there[day] = set(shown)
        return made

    def _of(self, key: str, one: Item, day: str) -> Iterator[str]:
        listings = {on: counts[key] for on, counts in self.days.items() if key in counts}
        if not listings:
            yield "listed"
            return
        if day not in listings:
            yield "listed elsewhere"
        now = {**listings, day: (one["paper"]["upvotes"], one["numComments"])}
        if any(crossed(highest(listings, n), highest(now, n)) for n in (0, 1)):
            yield "rose"
        if extras(one) - self.known[key]:
            yield "enriched"
        if day in listings and key not in self.there[day]:
            yield "corrected"  # it is back


def highest(listings: dict[str, tuple[int, int]], n: int) -> int:
    return max(counts[n] for counts in listings.values())


def crossed(old: int, new: int) -> bool:
    return not NOTABLE.isdisjoint(range(old + 1, new + 1))


def extras(one: Item) -> set[str]:
    return {name for name in ("githubRepo", "projectPage") if one["paper"].get(name)}


def replayed(looks: list[Looked]) -> Oracle:
    """Fetch each look, and compare what it has changed with what it implies; then fetch each once more."""
    oracle = Oracle()
    for when, day, items in looks:
        head = Change.objects.count()
        taken = fetch(json.dumps(items).encode(), day, when)
        assert taken["verdict"] == "ok", (when, day, taken["reason"])
        made = Change.objects.order_by("number")[head:]
        assert Counter((c.kind, c.facts["key"]) for c in made) == oracle.implied(day, items), (when, day)
        assert {
            (c.kind, c.facts["key"]) for c in made if not c.news and c.kind not in ("unlisted", "corrected")
        } == set()
        head = Change.objects.count()
        again = fetch(json.dumps(items).encode() + b"\n", day, when + timedelta(minutes=1))
        assert (again["verdict"], Change.objects.count()) == ("ok", head)
    assert {paper.key for paper in Paper.objects.all()} == {key for counts in oracle.days.values() for key in counts}
    rows = Appearance.objects.values_list("paper__key", "day", "upvotes", "comments")
    assert {(key, str(on), votes, comments) for key, on, votes, comments in rows} == {
        (key, on, *counts) for on, listed in oracle.days.items() for key, counts in listed.items()
    }
    return oracle


def captured_twice(folder: Path, day: str) -> list[Looked]:
    files = sorted((folder / "huggingface" / "captured_twice").glob(f"{day}@*.json"))
    when = (datetime.strptime(path.stem.split("@")[1], "%Y-%m-%dT%H%M").replace(tzinfo=UTC) for path in files)
    return [(at, day, json.loads(path.read_bytes())) for at, path in zip(when, files, strict=True)]


@pytest.mark.parametrize(
    ("day", "looks", "papers"), [("2025-01-08", 9, 15), ("2025-01-22", 2, 13), ("2024-06-12", 2, 16)]
)
def test_a_day_seen_several_times_makes_exactly_the_changes_it_implies(day, looks, papers):
    captures = captured_twice(need_listings(), day)
    start = captures[0][0] - timedelta(hours=2)
    reader(R, now=start)
    serve(start)
    oracle = replayed(captures)
    assert (len(captures), len(oracle.days[day])) == (looks, papers)
    serve(captures[-1][0] + timedelta(days=1))
    assert sorted(told(R)) == sorted(oracle.days[day])


def page_captures(folder: Path) -> list[Looked]:
    """The page soon after midnight UTC as items of the API: it shows the last day that had papers.

    From the first working day on: what the weekend before shows is older than the source's first look, and no news.
    """
    looks = []
    for line in (folder / "huggingface" / "page_captures.jsonl").read_text().splitlines():
        capture = json.loads(line)
        when = datetime.fromisoformat(capture["captured_at"])
        looks.append((when, shown_on(when), [as_item(one) for one in capture["items"]]))
    return sorted((look for look in looks if look[1] >= "2026-03-02"), key=lambda look: look[0])


def shown_on(when: datetime) -> str:
    day: date = (when - timedelta(hours=6)).date()
    return str(day - timedelta(days=max(0, day.weekday() - 4)))


def as_item(one: dict[str, Any]) -> Item:
    paper = {"id": one["id"], "title": one["title"], "summary": "-", "authors": [], "upvotes": one["upvotes"]}
    return {"paper": paper, "title": one["title"], "numComments": 0}


@pytest.mark.slow
def test_two_months_of_page_captures_make_exactly_the_changes_they_imply():
    oracle = replayed(page_captures(need_listings()))
    assert len(oracle.days) > 40
    moved = Counter(key for listed in oracle.days.values() for key in listed)
    assert max(moved.values()) > 1  # papers that moved to a later day
