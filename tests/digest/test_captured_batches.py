"""A captured week of arXiv through the whole service: every announcement is stored once, replacements tell nobody."""

import re
from pathlib import Path

import pytest

from digest.models import Appearance, Change
from tests.house import fetch, reader, run, serve, told
from tests.listings import need_listings

pytestmark = [pytest.mark.django_db, pytest.mark.listings]
R = "r@example.org"
DAYS = range(10, 16)


@pytest.fixture
def batches() -> dict[int, dict[str, bytes]]:
    folder: Path = need_listings() / "arxiv"
    return {
        day: {kind: (folder / f"{kind}_cs_2026-08-{day}.xml").read_bytes() for kind in ("rss", "atom")} for day in DAYS
    }


def announced(body: bytes, *kinds: str) -> set[str]:
    pattern = rb"oai:arXiv.org:(\S+?)v\d+<.*?<arxiv:announce_type>([a-z-]+)<"
    return {name.decode() for name, kind in re.findall(pattern, body, re.DOTALL) if kind.decode() in kinds}


def test_a_week_is_told_once_and_without_its_replacements(batches):
    run("source", "add", "cs", "--kind", "arxiv", "--url", "https://rss.arxiv.org/rss/cs")
    reader(R, now="2026-08-10 04:00")
    serve("2026-08-10 04:01")
    due: set[str] = set()
    for day, batch in batches.items():
        on, at = f"2026-08-{day}", f"2026-08-{day} 05"
        first = fetch(batch["rss"], on, f"{at}:00", "cs")
        assert (first["verdict"], len(first["added"]) + len(first["listed_elsewhere"])) == ("ok", first["entries"])
        other = fetch(batch["atom"], on, f"{at}:30", "cs")
        assert (other["verdict"], other["added"], other["listed_elsewhere"], other["revised"]) == ("ok", [], [], [])
        assert fetch(batch["atom"], on, f"{at}:40", "cs")["verdict"] == "unchanged"
        due |= announced(batch["rss"], "new", "cross")
        serve(f"2026-08-{day} 08:00")
    assert len(due) > 80
    assert sorted(told(R)) == sorted(due)
    replaced = set().union(*(announced(batch["rss"], "replace", "replace-cross") for batch in batches.values()))
    assert not Change.objects.filter(news=True, kind="listed", facts__key__in=replaced - due).exists()
    assert Appearance.objects.count() == 104


def test_yesterdays_batch_is_no_listing_yet_on_any_day(batches):
    run("source", "add", "cs", "--kind", "arxiv", "--url", "https://rss.arxiv.org/rss/cs")
    for day in (11, 12, 13, 14):
        fetch(batches[day - 1]["rss"], f"2026-08-{day - 1}", f"2026-08-{day - 1} 06:00", "cs")
        for kind in ("rss", "atom"):
            stale = fetch(batches[day - 1][kind], f"2026-08-{day}", f"2026-08-{day} 06:00", "cs")
            assert (stale["verdict"], stale["listed_elsewhere"]) == ("suspect", [])
            assert stale["reason"].startswith("No listing yet")
