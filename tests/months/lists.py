"""One source's lists over weeks, look by look: captured ones where they are, else invented ones of the same shape.

A list grows in the morning (each item says when it was put there), is captured whole about noon, and gathers votes
for days: those that later captures of the page show. Early looks have a share of the votes and no code yet.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.listings import listings_folder

Item = dict[str, Any]
Votes = Mapping[str, int]  # by id
MORNING = ((time(1, 12), 0.1), (time(3, 12), 0.25), (time(5, 12), 0.4), (time(8, 12), 0.7))  # and its share of votes
CODE_FROM = time(5)
NOON = time(13, 3)
VOTES_FOR = timedelta(days=5)
OLD = timedelta(days=14)
NAMES = ("Ada Moss", "Bo Fern", "Chi Reed", "Dag Alder", "Eve Birch", "Fay Hazel", "Gil Rowan", "Ivy Sedge")
SUBJECTS = ("Agents", "Video", "Language Models", "Robots", "Diffusion", "Reasoning", "Moss", "Multi-Agent Flow")


@dataclass(frozen=True, slots=True)
class Look:
    """What the source shows for a day at an instant."""

    at: datetime
    day: date
    items: tuple[Item, ...]

    @property
    def body(self) -> bytes:
        return json.dumps(self.items).encode()


def looks(first: date, days: int) -> list[Look]:
    """All looks at the lists of so many days, in the order they are made. Weekends have empty lists."""
    folder = listings_folder()
    bodies, votes = captured(folder) if folder else invented()
    end = datetime.combine(first + timedelta(days=days), time(), UTC)
    found = [look for n in range(days) for look in of_day(first + timedelta(days=n), bodies, votes)]
    return sorted((look for look in found if look.at < end), key=lambda look: (look.at, look.day))


def of_day(day: date, bodies: Mapping[date, list[Item]], votes: Iterable[tuple[datetime, Votes]]) -> list[Look]:
    items, noon = bodies.get(day, []), datetime.combine(day, NOON, UTC)
    if not items:
        return [Look(noon, day, ())]
    early = [Look(datetime.combine(day, at, UTC), day, so_far(items, day, at, share)) for at, share in MORNING]
    late = [
        Look(at, day, tuple(counted(item, by_then.get(item["paper"]["id"])) for item in items))
        for at, by_then in votes
        if noon < at <= noon + VOTES_FOR and any(item["paper"]["id"] in by_then for item in items)
    ]
    return [*(look for look in early if is_believable(look)), Look(noon, day, tuple(items)), *late]


def so_far(items: Iterable[Item], day: date, at: time, share: float) -> tuple[Item, ...]:
    """The items that were on the list by then."""
    until = datetime.combine(day, at, UTC)
    there = [one for one in items if datetime.fromisoformat(one["paper"]["submittedOnDailyAt"]) <= until]
    young = [counted(one, int(one["paper"]["upvotes"] * share)) for one in there]
    return tuple(young if at >= CODE_FROM else map(without_code, young))


def counted(item: Item, votes: int | None) -> Item:
    return item if votes is None else {**item, "paper": {**item["paper"], "upvotes": votes}}


def without_code(item: Item) -> Item:
    return {**item, "paper": {name: value for name, value in item["paper"].items() if name != "githubRepo"}}


def is_believable(look: Look) -> bool:
    """A list of mostly old papers would be doubted, and an empty one says nothing."""
    published = [datetime.fromisoformat(item["paper"]["publishedAt"]).date() for item in look.items]
    return bool(published) and sum(day < look.day - OLD for day in published) * 2 <= len(published)


def captured(folder: Path) -> tuple[dict[date, list[Item]], list[tuple[datetime, Votes]]]:
    """The API's body of each captured day of March and April 2026; and the votes that later captures show."""
    paths = sorted((folder / "huggingface" / "api").glob("2026-0[34]-*.json"))
    bodies = {date.fromisoformat(path.stem): json.loads(path.read_bytes()) for path in paths}
    captures = map(json.loads, (folder / "huggingface" / "page_captures.jsonl").read_text().splitlines())
    return bodies, [
        (datetime.fromisoformat(one["captured_at"]), {item["id"]: item["upvotes"] for item in one["items"]})
        for one in captures
    ]


def invented() -> tuple[dict[date, list[Item]], list[tuple[datetime, Votes]]]:
    """The same of papers that nobody wrote; one in fifteen is listed on a later day once more."""
    random, bodies, votes = Random(26), dict[date, list[Item]](), []
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(61)]
    for day in (day for day in days if day.weekday() < 5):
        fresh = [an_item(random, day, number) for number in range(random.randrange(6, 16))]
        again = [random.choice(bodies[before]) for before in bodies if before == day - timedelta(days=3)]
        bodies[day] = fresh + again
        risen = {item["paper"]["id"]: item["paper"]["upvotes"] * 3 // 2 for item in bodies[day]}
        votes += [(datetime.combine(day, time(0, 4), UTC) + timedelta(days=n), risen) for n in (1, 2)]
    return bodies, votes


def an_item(random: Random, day: date, number: int) -> Item:
    key = f"{day:%y%m}.{day.day:02}{number:03}"
    at = datetime.combine(day, time(), UTC) + timedelta(minutes=random.randrange(450))
    code = {"githubRepo": f"https://github.com/example/{number}"} if random.random() < 0.5 else {}
    paper = {
        "id": key,
        "title": f"{random.choice(SUBJECTS)} for {random.choice(SUBJECTS)}, Part {number}",
        "summary": f"What {key} is about.",
        "authors": [{"name": name, "hidden": False} for name in random.sample(NAMES, 3)],
        "publishedAt": f"{day}T00:00:00.000Z",
        "submittedOnDailyAt": at.isoformat(),
        "upvotes": random.choice((0, 1, 3, 8, 15, 30, 60)),
        **code,
    }
    return {"paper": paper, "title": paper["title"], "numComments": random.choice((0, 1, 2, 3, 5))}


def common_authors(looks: Iterable[Look], count: int) -> list[str]:
    """The names that most papers have."""
    papers = {item["paper"]["id"]: item["paper"] for look in looks for item in look.items}
    names = Counter(author["name"] for paper in papers.values() for author in paper["authors"])
    return [name for name, _ in sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))[:count]]
