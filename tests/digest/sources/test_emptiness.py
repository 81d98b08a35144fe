"""An empty list, or one in another form? Told at the first look, without any look before."""

from __future__ import annotations

from datetime import date

import pytest

from digest.sources.reader import read
from digest.sources.untrusted import UnreadableListing
from digest.sources.verdict import MARKUP, Record, judge, unread
from tests.digest.sources.announced import RDF, api, atom, channel, page, rss

DAY = date(2026, 11, 24)
JSON = b'{"version": "https://jsonfeed.org/version/1.1", "title": "Moss", "items": [%s]}'
QUIET_PAGE = (
    b"<html><body><div id='dlpage'><h3>Showing new listings for Tuesday, 24 November 2026</h3>%s</div></body></html>"
)
ITUNES = b"<rss><channel><title>Moss</title><owner><name>Ann</name><email>a@j.example</email></owner></channel></rss>"
HONEST = {
    "arXiv's RSS at a weekend": ("arxiv", rss()),
    "arXiv's Atom at a weekend": ("arxiv", atom()),
    "arXiv's API, of an unknown id": ("arxiv", api()),
    "arXiv's page without updates": ("arxiv", QUIET_PAGE % b"<p>No updates today.</p>"),
    "arXiv's old RSS": ("arxiv", RDF[: RDF.index(b"<item ")] + b"</rdf:RDF>"),
    "a journal between two issues": ("feed", channel()),
    "a channel with an owner": ("feed", ITUNES),
    "a JSON Feed": ("feed", JSON % b""),
    "Hugging Face on a Sunday": ("hf", b"[]"),
}
ENTRY = "<{0}><headline>Moss</headline><where>http://j.example/1</where></{0}>"
CHANGED = {
    "other entries": ("feed", f"<rss><channel><title>Moss</title>{ENTRY.format('piece')}</channel></rss>".encode()),
    "entries in a box": ("arxiv", rss("<papers><item><title>Moss</title></item></papers>")),
    "entries beside the channel": ("feed", channel().replace(b"</rss>", ENTRY.format("x").encode() + b"</rss>")),
    "empty elements": ("feed", channel('<paper href="/1" name="Moss"/>' * 3)),
    "other entries of Atom": ("arxiv", atom().replace(b"</feed>", ENTRY.format("post").encode() + b"</feed>")),
    "no channel": ("feed", b'<rss version="2.0"><body/></rss>'),
    "a channel without a name": ("feed", b'<rss version="2.0"><channel/></rss>'),
    "another feed than arXiv's": ("arxiv", channel()),
    "items that are no objects": ("feed", JSON % b'"Moss", "Fern"'),
    "a JSON Feed without items": ("feed", (JSON % b"").replace(b"items", b"papers")),
    "entries without title and text": ("feed", channel("<item><headline>Moss</headline></item>")),
    "arXiv's entries without an id": ("arxiv", rss("<item><title>Moss</title></item>")),
    "arXiv's entries without a title": ("arxiv", rss("<item><guid>oai:arXiv.org:2611.00001v1</guid></item>")),
    "arXiv's page that says nothing": ("arxiv", QUIET_PAGE % b"<div class='paper'>2611.00001 Moss</div>"),
    "Hugging Face's items": ("hf", b'[{"item": {"key": "2611.00001"}}]'),
    "Hugging Face's object": ("hf", b'{"papers": []}'),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_empty_list_is_one(name: str) -> None:
    kind, body = HONEST[name]
    listing = read([body], DAY, "s", kind)
    assert listing.entries == ()
    assert judge(listing, DAY, Record()).kind == "ok"


@pytest.mark.parametrize("name", CHANGED)
def test_a_list_in_another_form_is_doubted_at_its_first_look(name: str) -> None:
    kind, body = CHANGED[name]
    with pytest.raises(UnreadableListing) as unreadable:
        read([body], DAY, "s", kind)
    verdict = unread(unreadable.value)
    assert (verdict.kind, verdict.reason.partition(":")[0]) == ("suspect", MARKUP)


@pytest.mark.parametrize("kind", ["arxiv", "feed"])
def test_a_web_page_in_the_place_of_a_feed_fails(kind: str) -> None:
    with pytest.raises(UnreadableListing) as unreadable:
        read([b"<html><body><h1>Down for maintenance</h1></body></html>"], DAY, "s", kind)
    assert unread(unreadable.value).kind == "failed"


def test_a_list_page_with_papers_is_read_as_before() -> None:
    assert len(read([page()], DAY, "s", "arxiv").entries) == 3
