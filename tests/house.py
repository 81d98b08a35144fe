"""The service as its commands show it, and listings to feed it: what stories are told with."""

import email
import email.policy
import io
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.core.management import call_command

HF = "huggingface"
PUBLISHED = "2026-03-01T00:00:00.000Z"  # of items that nobody dates otherwise


def at(text: str) -> datetime:
    """An instant in UTC: at("2026-03-02 08:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def run(name: str, *arguments: str, now: datetime | str = "") -> dict[str, Any]:
    """A command's JSON."""
    moment = at(now) if isinstance(now, str) and now else now
    clock = ["--now", moment.isoformat()] if moment else []
    out = io.StringIO()
    call_command(name, *arguments, *clock, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def item(
    key: str, title: str = "", summary: str = "", upvotes: int = 0, comments: int = 0, **more: Any
) -> dict[str, Any]:
    """One item of the Hugging Face API in its 2026 shape."""
    paper = {
        "id": key,
        "title": title or f"Paper {key}",
        "summary": summary or f"What {key} is about.",
        "authors": [{"_id": "1", "name": "Ada Moss", "hidden": False}],
        "publishedAt": PUBLISHED,
        "upvotes": upvotes,
        **more,
    }
    return {"paper": paper, "title": paper["title"], "publishedAt": "2026-03-01T20:00:00.000Z", "numComments": comments}


def papers(*keys: str, **more: Any) -> list[dict[str, Any]]:
    """Items with these keys and otherwise alike."""
    return [item(key, **more) for key in keys]


def dated(items: Iterable[dict[str, Any]], day: date | str) -> list[dict[str, Any]]:
    """The items, those of a later month as of the day they are listed: a list of old papers alone would be doubted."""
    if date.fromisoformat(str(day)) <= date.fromisoformat(PUBLISHED[:10]) + timedelta(days=14):
        return list(items)
    return [
        {**one, "paper": {**one["paper"], "publishedAt": f"{day}T00:00:00.000Z"}}
        if one.get("paper", {}).get("publishedAt") == PUBLISHED
        else one
        for one in items
    ]


def fetch(
    items: Iterable[dict[str, Any]] | bytes, day: date | str, now: datetime | str, source: str = HF, *more: str
) -> dict[str, Any]:
    """A look at a day whose body these items are."""
    body = items if isinstance(items, bytes) else json.dumps(dated(items, day)).encode()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        return run("fetch", "--source", source, "--day", str(day), "--from", file.name, *more, now=now)


def reader(
    address: str, *topics: str, now: datetime | str, zone: str = "UTC", time: str = "07:00", days: str = "daily"
) -> dict[str, Any]:
    """A confirmed reader."""
    wishes = [argument for topic in topics or ("All=*",) for argument in ("--topic", topic)]
    return run("reader", "add", address, *wishes, "--zone", zone, "--at", time, "--days", days, "--confirmed",
               "--reason", "a story", now=now)  # fmt: skip


def publish(now: datetime | str) -> dict[str, Any]:
    """Publish, and see to it that what must always hold does."""
    result = run("publish", now=now)
    assert all(edition["balanced"] for edition in result["editions"]), result["editions"]
    return result


def serve(now: datetime | str) -> dict[str, Any]:
    """Publish and deliver."""
    publish(now)
    return run("deliver", "--until-empty", now=now)


def letters(address: str = "", **wanted: str) -> list[dict[str, Any]]:
    """The ledger's letters, of one reader when named."""
    found = run("ledger", "--letters")["letters"]
    return [
        one for one in found if (not address or one["to"] == address) and all(one[k] == v for k, v in wanted.items())
    ]


def told(address: str) -> list[str]:
    """The papers shown in a reader's letters that were accepted, in order."""
    return [key for letter in letters(address, state="accepted") for key in letter["papers"]]


def copies(address: str) -> list[tuple[str, str]]:
    """A reader's (result, reason) per slot."""
    return [(copy["result"], copy["reason"]) for copy in run("reader", "show", address)["copies"]]


def mails(folder: Path) -> list[EmailMessage]:
    """The mails in a folder, in the order they arrived."""
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]


def days(first: str, count: int) -> list[datetime]:
    """So many days' same time, from `first` on."""
    return [at(first) + timedelta(days=n) for n in range(count)]
