"""Looks: reading a listing of each kind and finding what has changed; and what a look with nothing new costs."""

import io
import json
import os
import random
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import fromstring

import feedparser

from digest.sources import huggingface, reader
from digest.sources.changes import Known, Look, Seen, changes
from digest.sources.listing import Facts
from tests.bench.inventing import papers
from tests.bench.measuring import measured, peak, table

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = (250, 500, 1_000, 2_000, 4_000)
KINDS = ("hf", "arxiv", "feed")
DAY = date(2026, 11, 24)
MIDNIGHT, MORNING = "Tue, 24 Nov 2026 00:00:00 -0500", "Tue, 24 Nov 2026 06:00:00 GMT"
ROUNDS = 3  # the fastest of so many counts: the others were disturbed
HEAD = ("kind", "entries", "MB", "parse ms", "us each", "x", "bare ms", "new ms", "x", "known ms", "x", "peak MB")


def bodies(kind: str, count: int) -> list[bytes]:
    """A listing as sources send it: 8 authors and an abstract of 200 words an entry."""
    chance = random.Random(count)
    names = [f"{chance.choice('ABCDEFGH')}da{n} {chance.choice('MNOPQRS')}oss{n}" for n in range(400)]
    listed = [(facts, chance.sample(names, 8)) for facts in papers(count)]
    if kind == "hf":
        items = [_item(facts, authors) for facts, authors in listed]
        pages = [items[start : start + huggingface.LIMIT] for start in range(0, count, huggingface.LIMIT)]
        return [json.dumps(page).encode() for page in pages]
    entries = "".join((_announced if kind == "arxiv" else _journal)(facts, authors) for facts, authors in listed)
    head = "cs updates on arXiv.org" if kind == "arxiv" else "Journal of Moss"
    return [
        f'<rss version="2.0" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{head}</title><pubDate>{MIDNIGHT}</pubDate>{entries}</channel></rss>".encode()
    ]


def _item(facts: Facts, authors: list[str]) -> dict[str, Any]:
    people = [{"_id": f"{n}", "name": name, "hidden": False} for n, name in enumerate(authors)]
    paper = {"id": facts.key, "title": facts.title, "summary": facts.abstract, "authors": people,
             "upvotes": facts.upvotes, "publishedAt": "2026-11-23T00:00:00.000Z", "githubRepo": facts.code}  # fmt: skip
    return {"paper": paper, "title": facts.title, "publishedAt": "2026-11-24T00:00:00.000Z", "numComments": 1}


def _announced(facts: Facts, authors: list[str]) -> str:
    return (
        f"<item><title>{escape(facts.title)}</title><link>https://arxiv.org/abs/{facts.key}</link>"
        f"<description>arXiv:{facts.key}v1 Announce Type: new \nAbstract: {escape(facts.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{facts.key}v1</guid><category>cs.LG</category>'
        f"<category>cs.AI</category><pubDate>{MIDNIGHT}</pubDate><arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>{', '.join(authors)}</dc:creator></item>"
    )


def _journal(facts: Facts, authors: list[str]) -> str:
    return (
        f"<item><guid>g{facts.key}</guid><link>http://j.example/{facts.key}</link><pubDate>{MORNING}</pubDate>"
        f"<title>{escape(facts.title)}</title><description>{escape(facts.abstract)}</description>"
        f"<dc:creator>{', '.join(authors)}</dc:creator></item>"
    )


def bare(kind: str, sent: list[bytes]) -> None:
    """What the parser below ours takes alone, with the options that we give it."""
    parser: Callable[[bytes], object] = {"hf": json.loads, "arxiv": fromstring, "feed": _feedparser}[kind]
    for body in sent:
        parser(body)


def _feedparser(body: bytes) -> object:
    return feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)


def run(options: Namespace) -> str:
    """Parsing and comparing by size, then whole looks in a database of their own."""
    rows: list[tuple[str, ...]] = []
    for kind in KINDS:
        before: tuple[float, ...] = ()
        for size in SIZES:
            cells, before = _row(kind, size, before)
            rows.append(cells)
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "DIGEST_HOME": home}
        done = subprocess.run([sys.executable, "-m", "tests.bench.one_look"], cwd=ROOT, env=env,
                              capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return f"{table(HEAD, rows)}\n{NOTE}\n{done.stdout.strip()}"


NOTE = (
    "(CPU; x: growth against half the size; bare: json, ElementTree, feedparser alone; new: changes when nothing is "
    "known; known: when all is known and nothing has changed; a feed is read up to its 2,000th entry)"
)


def _row(kind: str, size: int, before: tuple[float, ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    sent = bodies(kind, size)
    listing, parsing = _fastest(lambda: reader.read(sent, DAY, "s", kind))
    _, alone = _fastest(lambda: bare(kind, sent))
    look = Look("s", DAY, datetime(2026, 11, 24, 12, tzinfo=UTC), DAY)
    found, fresh = _fastest(lambda: changes({}, listing, look))
    assert len(found) == len(listing.entries) == min(size, 2_000 if kind == "feed" else size)
    known = {
        key: Known(n, one.facts, DAY, (Seen("s", DAY, one.entry.upvotes, one.entry.comments),))
        for n, one in enumerate(found)
        for key in (*one.entry.keys, *one.entry.aliases)
    }
    again, same = _fastest(lambda: changes(known, listing, look))
    assert not [finding for one in again for finding in one.findings]
    now = (parsing, fresh, same)
    grown = [f"{this / that:.1f}" for this, that in zip(now, before, strict=True)] if before else ["", "", ""]
    figures = (f"{parsing * 1e3:.0f}", f"{parsing / len(listing.entries) * 1e6:.0f}", grown[0], f"{alone * 1e3:.0f}",
               f"{fresh * 1e3:.1f}", grown[1], f"{same * 1e3:.1f}", grown[2])  # fmt: skip
    weight = sum(map(len, sent)) / 1e6
    return (kind, f"{size:,}", f"{weight:.1f}", *figures, f"{peak():.0f}"), now


def _fastest(work: Callable[[], T]) -> tuple[T, float]:
    runs = [measured(work) for _ in range(ROUNDS)]
    return runs[0][0], min(cpu for _, cpu, _ in runs)
