"""The door that tells bodies apart by content."""

from __future__ import annotations

from datetime import date

import pytest

from digest.sources.reader import looks_like_feed, read, read_file
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.listed import body, new_item, page

DAY = date(2026, 11, 24)


@pytest.mark.parametrize("kind", ["hf", "arxiv", "feed"])
def test_content_decides_whatever_the_kind_of_the_source(kind: str) -> None:
    assert len(read_file(body(new_item()), DAY, "s", kind).entries) == 1
    assert len(read_file(page([new_item()]), DAY, "s", kind).entries) == 1
    assert len(read([body(new_item(1)), body(new_item(2))], DAY, "s", kind).entries) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b'<?xml version="1.0"?>\n<!-- a <comment> --><rss version="2.0"><channel>',
        b'\xef\xbb\xbf<feed xmlns="http://www.w3.org/2005/Atom">',
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        b"<!DOCTYPE rss SYSTEM 'x'><rss>",
    ],
)
def test_feeds_are_refused_by_name(raw: bytes) -> None:
    with pytest.raises(UnreadableListing, match="RSS or Atom feed"):
        read_file(raw, DAY, "journal", "feed")


@pytest.mark.parametrize("raw", [b"", b"[]", b"rss <rss>", b"<html><rss>", b"<!--" * 1000, b"<"])
def test_other_bodies_are_no_feeds(raw: bytes) -> None:
    assert not looks_like_feed(raw)


def test_an_error_page_sent_as_200_is_refused() -> None:
    with pytest.raises(UnreadableListing, match="another page"):
        read_file(b"<html><title>502 Bad Gateway</title></html>", DAY, "s", "hf")
