"""Bodies damaged at random: whatever comes, a reader gives a sound listing or refuses, and nothing else.

A few hundred damages in the suite; `MUTATIONS=100000 pytest tests/digest/sources/test_mutations.py` for many.
Which damage a failure was is said by its seed.
"""

from __future__ import annotations

import os
import random
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.sources import arxiv
from digest.sources.listing import Listing
from digest.sources.people import split_people
from digest.sources.plain import plain
from digest.sources.reader import day_of, read
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.announced import API_ERROR, RDF, api, atom, channel, item, rss, rss_entry
from tests.digest.sources.announced import page as list_page
from tests.digest.sources.listed import body, new_item, old_item, page
from tests.listings import listings_folder

DAY = date(2026, 11, 24)
COUNT = int(os.environ.get("MUTATIONS", "400"))
SEED = int(os.environ.get("MUTATIONS_SEED", "1"))
LARGEST = 30_000  # bytes of a capture that are damaged: the shape counts, not the length
JSON_FEED = (
    b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "http://j.example/1", '
    b'"title": "Moss <b>", "content_html": "<p>x", "date_published": "2026-11-24T00:00:00Z", '
    b'"authors": [{"name": "A"}]}]}'
)
INVENTED = [
    rss(rss_entry(1), rss_entry(2, kind="replace", version=3)),
    atom(1, 2),
    api(1, 2),
    API_ERROR,
    RDF,
    list_page(2),
    channel(
        item("g1", "http://j.example/1", "Tue, 24 Nov 2026 06:00:00 GMT", "Moss & <b>fern</b> $x$"),
        item("", "", "", "x"),
    ),
    JSON_FEED,
    body(new_item(1), old_item(2)),
    page([new_item(1), old_item(2)]),
]


def captured() -> list[bytes]:
    folder = listings_folder()
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".xml", ".html", ".json")) if folder else []
    return [file.read_bytes()[:LARGEST] for file in files]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """The body with up to twenty bytes changed, pieces cut out, doubled, or put in."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place, other = (chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(4):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + chance.randrange(1, 200)]
            case 2:
                data[place:place] = chance.randbytes(chance.randrange(1, 4))
            case _:
                data[place:place] = data[other : other + chance.randrange(1, 300)]
    return bytes(data)


def assert_sound(listing: Listing) -> None:
    names = [entry.keys[0] for entry in listing.entries]
    assert len(set(names)) == len(names)
    for entry in listing.entries:
        assert entry.title
        assert all(0 < len(key.encode()) <= 900 and len(key) <= 300 for key in (*entry.keys, *entry.aliases))
        texts = (entry.title, entry.abstract, entry.dated, entry.journal, entry.remarks, *entry.authors)
        for text in (*texts, *entry.organisations, *entry.keywords, *entry.categories):
            assert text == " ".join(text.split())
            assert "\0" not in text
            assert text.encode() is not None
        assert all(url == "" or url.startswith(("http://", "https://")) for url in (entry.link, entry.code))
        assert entry.day is None or entry.day <= DAY


def read_or_refuse(raw: bytes) -> None:
    try:
        assert_sound(read([raw], DAY, "j", "feed"))
    except UnreadableListing as refused:
        reasons = (refused.what, refused.mend)
    else:
        reasons = ("nothing", "nothing")
    assert all(reasons)
    day_of(raw)
    arxiv.next_start(raw)


@pytest.mark.parametrize("sort", ["invented", "captured"])
def test_a_damaged_body_ends_in_a_sound_listing_or_a_refusal(sort: str) -> None:
    bodies = INVENTED if sort == "invented" else captured()
    if not bodies:
        pytest.skip("the captured listings are not on this machine (set LISTINGS to their folder)")
    for number in range(COUNT // 2):
        chance = random.Random(SEED * 1_000_003 + number)  # one seed a damage, to repeat it alone
        raw = damaged(chance.choice(bodies), chance)
        try:
            read_or_refuse(raw)
        except Exception as error:
            error.add_note(f"damage {number} of seed {SEED} to {sort} bodies: {raw[:200]!r}")
            raise


PIECES = st.sampled_from(
    [b"<rss>", b"<item>", b"</item>", b"<title>", b"</title>", b"<feed>", b"<entry>", b"<guid>", b"<![CDATA[", b"]]>",
     b"&", b"&amp;", b"<!--", b"-->", b"<?xml", b"?>", b"<!DOCTYPE", b"\xff\xfe", b"\xff", b"$", b"(", b"<a href="]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=4), max_size=40).map(b"".join))
@settings(deadline=None, max_examples=200)
def test_pieces_of_feeds_in_any_order_end_in_a_sound_listing_or_a_refusal(raw: bytes) -> None:
    read_or_refuse(b"<rss>" + raw)
    read_or_refuse(raw)


@given(st.text())
@settings(deadline=None)
def test_texts_and_names_are_read_whatever_they_are(text: str) -> None:
    assert plain(text, 1_000) == " ".join(plain(text, 1_000).split())
    authors, organisations = split_people(text)
    assert all(name and name == " ".join(name.split()) for name in (*authors, *organisations))


@given(st.text(alphabet="a $<>b/ip\\5"))
@settings(deadline=None)
def test_a_text_without_the_listed_tags_stays_as_it_is(text: str) -> None:
    unmarked = re.sub(r"<[/abip]+", "<x", text)
    assert plain(unmarked, 10_000) == " ".join(unmarked.split())
