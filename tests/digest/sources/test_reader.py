"""The door that tells bodies apart by content."""

from __future__ import annotations

from datetime import date

import pytest

from digest.sources import arxiv, reader
from digest.sources.reader import day_of, looks_like_feed, read, read_file, said_in, steady
from digest.sources.tree import as_text, read_tree
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.announced import RDF, api, atom, channel, item, rss, rss_entry
from tests.digest.sources.announced import page as list_page
from tests.digest.sources.listed import body, new_item, page

DAY = date(2026, 11, 24)


@pytest.mark.parametrize("kind", ["hf", "arxiv", "feed"])
def test_content_decides_whatever_the_kind_of_the_source(kind: str) -> None:
    assert len(read_file(body(new_item()), DAY, "s", kind).entries) == 1
    assert len(read_file(page([new_item()]), DAY, "s", kind).entries) == 1
    assert len(read([body(new_item(1)), body(new_item(2))], DAY, "s", kind).entries) == 2


def test_each_kind_of_body_goes_to_its_reader() -> None:
    feeds = [rss(rss_entry(1)), atom(1), api(1), RDF, list_page(), channel(item("g", "", "", "Moss"))]
    assert [len(read_file(raw, DAY, "s", "hf").entries) for raw in feeds] == [1, 1, 1, 3, 3, 1]
    assert [day_of(raw) for raw in feeds] == [DAY, DAY, None, date(2018, 5, 23), DAY, None]
    assert day_of(page([new_item()])) == DAY


@pytest.mark.parametrize(
    "raw",
    [
        b'<?xml version="1.0"?>\n<!-- a <comment> --><rss version="2.0"><channel>',
        b'\xef\xbb\xbf<feed xmlns="http://www.w3.org/2005/Atom">',
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        "<?xml version='1.0' encoding='utf-16'?><rss>".encode("utf-16"),
    ],
)
def test_a_feed_cut_off_at_its_head_is_refused_as_one(raw: bytes) -> None:
    assert looks_like_feed(raw)
    with pytest.raises(UnreadableListing, match="breaks off"):
        read_file(raw, DAY, "journal", "feed")


ABOUT_ARXIV = "<description>After arXiv:2611.00001, see https://arxiv.org/abs/2611.00001</description>"
LINK_LAST = b"<rss><channel><item><guid>g</guid></item><link>http://arxiv.org/</link></channel></rss>"


@pytest.mark.parametrize(
    "raw", [rss(rss_entry(1)), rss(), atom(1), atom(), api(1), RDF, LINK_LAST, rss(rss_entry(1), title="Moss")]
)
def test_what_is_arxivs_own_is_never_ruled_out_beforehand(raw: bytes) -> None:
    text = as_text(raw)
    assert arxiv.is_arxiv(read_tree(raw, ""))
    assert arxiv.may_be_arxiv(text)


def test_a_feed_that_only_speaks_of_arxiv_is_read_without_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = channel(item("g", "https://arxiv.org/abs/2611.00001", "", "Moss", ABOUT_ARXIV))
    monkeypatch.setattr(reader, "read_tree", None)
    (entry,) = read([raw], DAY, "j", "feed").entries
    assert entry.keys == ("arxiv:2611.00001", "guid:j:g")


def test_a_body_that_says_no_day_has_none() -> None:
    assert [day_of(raw) for raw in (b"", b"<rss>", b"<!DOCTYPE x><rss></rss>", b"<html>", b"[]")] == [None] * 5


@pytest.mark.parametrize("raw", [b"", b"[]", b"rss <rss>", b"<html><rss>", b"<!--" * 1000, b"<"])
def test_other_bodies_are_no_feeds(raw: bytes) -> None:
    assert not looks_like_feed(raw)


def test_an_error_page_sent_as_200_is_refused() -> None:
    with pytest.raises(UnreadableListing, match="another page"):
        read_file(b"<html><title>502 Bad Gateway</title></html>", DAY, "s", "hf")


def test_a_feed_rendered_at_another_time_has_the_same_steady_body() -> None:
    for feed, then, later in ((rss(rss_entry(1)), b"04:00:18", b"05:10:00"), (atom(1), b"T04:00:18.6", b"T05:10:00.1")):
        assert steady(feed) == steady(feed.replace(then, later)) != feed
        assert read_file(steady(feed), DAY, "s", "arxiv") == read_file(feed, DAY, "s", "arxiv")


def test_what_an_entry_says_of_itself_and_what_is_no_feed_stay() -> None:
    entry = b"<entry><id>1</id><title>Moss</title><updated>2026-11-24T06:00:00Z</updated></entry>"
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-11-24T07:00:00Z</updated>' + entry + b"</feed>"
    assert steady(feed) == b'<feed xmlns="http://www.w3.org/2005/Atom">' + entry + b"</feed>"
    assert steady(b"<html><updated>1</updated>") == b"<html><updated>1</updated>"


def test_an_answer_that_is_no_feed_explains_nothing() -> None:
    assert said_in(b"<html>400</html>", DAY, "s") == ""
    assert said_in(rss(), DAY, "s") == ""
    assert "Bad archive" in said_in(rss(title="Feed error for query: x", description="Bad archive 'foo'."), DAY, "s")
