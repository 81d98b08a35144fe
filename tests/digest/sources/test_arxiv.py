"""arXiv in all its dialects."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digest.sources import arxiv
from digest.sources.listing import Listing
from digest.sources.reader import day_of, read
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.announced import API_ERROR, RDF, api, atom, page, rss, rss_entry

DAY = date(2026, 11, 24)


def parsed(*bodies: bytes) -> Listing:
    return read(bodies, DAY, "cs", "arxiv")


# Addresses


def test_a_set_of_categories_is_one_feed() -> None:
    assert arxiv.url(["cs.AI", "cs.LG", "cs.AI"]) == "https://rss.arxiv.org/rss/cs.AI+cs.LG"
    assert arxiv.categories_of("https://rss.arxiv.org/atom/cs.AI+math?x=1") == ("cs.AI", "math")
    assert arxiv.categories_of("https://arxiv.org/list/hep-th/new") == ("hep-th",)
    assert arxiv.categories_of("https://elsewhere.example/feed") == ()


@pytest.mark.parametrize("bad", [[], ["cs.AI&x=1"], [""], ["cs AI"]])
def test_what_is_no_category_makes_no_address(bad: list[str]) -> None:
    with pytest.raises(ValueError, match="category"):
        arxiv.url(bad)


def test_the_api_is_asked_for_one_day_page_by_page() -> None:
    url = arxiv.query_url(["cs.AI", "math"], DAY, 500)
    assert "cat%3Acs.AI+OR+cat%3Amath%2A" in url
    assert "202611240000+TO+202611242359" in url
    assert "start=500&" in url


def test_the_day_of_a_batch_turns_at_midnight_on_the_american_east_coast() -> None:
    assert arxiv.batch_day(datetime(2026, 11, 25, 4, 59, tzinfo=UTC)) == DAY
    assert arxiv.batch_day(datetime(2026, 11, 25, 5, 0, tzinfo=UTC)) == date(2026, 11, 25)
    assert arxiv.batch_day(datetime(2026, 8, 13, 4, 0, tzinfo=UTC)) == date(2026, 8, 13)  # summer time


# RSS and Atom of rss.arxiv.org


def test_an_entry_of_rss_says_all_that_it_says() -> None:
    more = "<arxiv:DOI>10.5555/MOSS.7</arxiv:DOI><arxiv:journal_reference>Moss 1 (2026)</arxiv:journal_reference>"
    (entry,) = parsed(rss(rss_entry(1, more=more))).entries
    assert entry.keys == ("arxiv:2611.00001", "doi:10.5555/moss.7")
    assert entry.abstract == "We grow moss, $x < 3$."
    assert entry.authors == ("Odalys Fennimore", "Bram Oyelaran")
    assert (entry.announce, entry.version, entry.categories) == ("new", 1, ("cs.LG", "cs.AI"))
    assert entry.primary == "cs.LG"
    assert (entry.journal, entry.published, entry.link) == ("Moss 1 (2026)", DAY, "https://arxiv.org/abs/2611.00001")


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross"])
def test_the_kind_of_announcement_is_kept_and_only_a_new_paper_has_a_date(kind: str) -> None:
    for body in (rss(rss_entry(1, kind=kind, version=2)), atom(1, kind=kind)):
        (entry,) = parsed(body).entries
        assert (entry.announce, entry.version) == (kind, 2)
        assert entry.published == (DAY if kind == "new" else None)


def test_atom_says_what_rss_says() -> None:
    listing = parsed(atom(1, 2))
    assert [entry.keys for entry in listing.entries] == [("arxiv:2611.00001",), ("arxiv:2611.00002",)]
    assert (listing.whole, listing.shown_day, listing.rolling) == (True, DAY, False)
    assert listing.entries[0].abstract == "We grow moss."


def test_a_link_is_made_from_the_id_whatever_host_the_feed_names() -> None:
    body = rss(rss_entry(1)).replace(b"https://arxiv.org/abs", b"https://rss.arxiv.org/abs")
    assert parsed(body).entries[0].link == "https://arxiv.org/abs/2611.00001"


def test_a_collaboration_is_an_organisation_and_et_al_is_nobody() -> None:
    people = "The Beacon Collaboration: A. Bee, J. Dee (Inst. X, City), et al."
    (entry,) = parsed(rss(rss_entry(1, people=people))).entries
    assert entry.authors == ("A. Bee", "J. Dee")
    assert entry.organisations == ("The Beacon Collaboration", "Inst. X, City")


def test_nobody_is_an_author_because_they_edit_the_channel() -> None:
    assert parsed(rss(rss_entry(1, people=""))).entries[0].authors == ()


@pytest.mark.parametrize("body", [rss(), atom()])
def test_a_weekend_is_a_whole_listing_of_nothing(body: bytes) -> None:
    listing = parsed(body)
    assert (listing.entries, listing.whole, listing.note) == ((), True, "")


def test_an_old_batch_under_a_fresh_date_shows_the_day_of_its_entries() -> None:
    yesterday = "Mon, 23 Nov 2026 00:00:00 -0500"
    assert parsed(rss(rss_entry(1, date=yesterday), rss_entry(2, date=yesterday))).shown_day == date(2026, 11, 23)
    assert parsed(rss(rss_entry(1, date=yesterday), rss_entry(2))).shown_day == DAY
    assert parsed(atom(1, 2, day="2026-11-23")).shown_day == date(2026, 11, 23)


def test_an_error_that_is_a_feed_is_refused_with_its_reason() -> None:
    error = rss(title="Feed error for query: http://rss.arxiv.org/rss/foo", description="Bad archive 'foo'.")
    with pytest.raises(UnreadableListing, match=r"Bad archive 'foo'\. Mend"):
        parsed(error)


def test_an_entry_without_an_id_or_a_title_stops_only_itself() -> None:
    bad = "<item><title>Help us</title><link>https://info.arxiv.org/help</link></item>"
    untitled = rss_entry(3).replace("<title>Moss 3</title>", "<title> </title>")
    listing = parsed(rss(rss_entry(1), bad, untitled))
    assert len(listing.entries) == 1
    assert not listing.whole
    assert "entry 2 has no arXiv id; entry 3 (2611.00003) has no title" in listing.note


def test_a_paper_listed_twice_counts_once_and_a_shared_doi_joins_nobody() -> None:
    volume = "<arxiv:DOI>10.5555/volume</arxiv:DOI>"
    listing = parsed(rss(rss_entry(1, more=volume), rss_entry(2, more=volume), rss_entry(1, kind="cross")))
    assert [entry.keys for entry in listing.entries] == [("arxiv:2611.00001",), ("arxiv:2611.00002",)]
    assert listing.entries[0].announce == "new"
    assert "more than once" in listing.note


def test_a_feed_that_breaks_off_gives_its_whole_entries() -> None:
    whole = rss(rss_entry(1), rss_entry(2))
    listing = parsed(whole[: whole.index(b"oai:arXiv.org:2611.00002")])
    assert [entry.keys[0] for entry in listing.entries] == ["arxiv:2611.00001"]
    assert not listing.whole
    assert "breaks off" in listing.note
    with pytest.raises(UnreadableListing, match="breaks off"):
        parsed(whole[: whole.index(b"oai:arXiv.org:2611.00001")])


def test_arxiv_is_known_by_its_content_whatever_the_kind_of_the_source() -> None:
    (entry,) = read([rss(rss_entry(1))], DAY, "j", "feed").entries
    assert entry.keys == ("arxiv:2611.00001",)


# The API


def test_an_entry_of_the_api_says_all_that_it_says() -> None:
    (entry,) = parsed(api(1)).entries
    assert entry.keys == ("arxiv:2611.00001", "doi:10.5555/moss.1")
    assert (entry.version, entry.published, entry.announce) == (3, date(2026, 11, 20), "")
    assert (entry.authors, entry.organisations) == (("Odalys Fennimore",), ("Tern Collaboration", "Fernhill, Inc."))
    assert (entry.categories, entry.journal, entry.remarks) == (("cs.AI", "cs.LG"), "Moss 1 (2026)", "9 pages")
    assert (entry.primary, entry.link) == ("cs.AI", "https://arxiv.org/abs/2611.00001")
    assert parsed(api(1)).shown_day is None


def test_pages_of_the_api_are_joined_and_asked_for_until_the_last() -> None:
    pages = [api(1, 2, total=3), api(3, start=2, total=3)]
    listing = parsed(*pages)
    assert (len(listing.entries), listing.whole, listing.note) == (3, True, "")
    assert [arxiv.next_start(body) for body in pages] == [2, None]
    assert arxiv.next_start(rss()) is None
    assert arxiv.next_start(b"") is None


@pytest.mark.parametrize(
    ("pages", "word"),
    [
        ([api(1, 2, total=5)], "5 entries, and ends at 2"),
        ([api(1, 2, total=5), api(start=2, total=5)], "5 entries, and ends at 2"),  # an unexpected empty page
        ([api(1, 2, total=5), api(start=2, total=0)], "5 entries, and ends at 2"),
        ([api(1, 2, total=4), api(4, start=3, total=4)], "begins at entry 3 where 2 was due"),
        ([api(2, start=1, total=2)], "begins at entry 1 where 0 was due"),
    ],
)
def test_pages_that_are_missing_make_a_partial_look(pages: list[bytes], word: str) -> None:
    listing = parsed(*pages)
    assert not listing.whole
    assert word in listing.note


def test_no_result_is_a_whole_listing_and_an_error_is_none() -> None:
    assert parsed(api()) == Listing(DAY, (), whole=True)
    with pytest.raises(UnreadableListing, match="incorrect id format for moss"):
        parsed(API_ERROR)


def test_feeds_are_not_joined() -> None:
    with pytest.raises(UnreadableListing, match="cannot be joined"):
        parsed(rss(rss_entry(1)), rss(rss_entry(2)))
    with pytest.raises(UnreadableListing, match="no body"):
        arxiv.parse([], DAY, "cs")


# RSS 1.0


def test_the_old_feed_has_id_category_and_kind_in_its_titles() -> None:
    moss, fern, reed = parsed(RDF).entries
    assert (moss.title, moss.abstract) == (r"Moss at $\sqrt{s}$", r"For $2<\eta$ we see moss.")
    assert (moss.authors, moss.organisations) == (("Cy Dee", "Bo Bee"), ("Tern Collaboration",))
    assert [(e.announce, e.version, e.categories) for e in (moss, fern, reed)] == [
        ("new", 1, ("cs.LG",)),
        ("cross", 2, ("cs.AI",)),
        ("replace", 4, ("cs.AI",)),
    ]
    assert (reed.keys, reed.primary) == (("arxiv:cs/0309136",), "cs.AI")
    assert day_of(RDF) == date(2018, 5, 23)


# The page


def test_the_page_gives_each_section_its_kind() -> None:
    listing = arxiv.parse([page()], DAY, "cs")
    assert [(e.keys[0], e.announce) for e in listing.entries] == [
        ("arxiv:2611.00001", "new"),
        ("arxiv:2611.90001", "cross"),
        ("arxiv:2510.90002", "replace-cross"),
    ]
    first = listing.entries[0]
    assert (first.title, first.abstract, first.remarks) == ("Moss & <think> on $x$", "We grow moss.", "3 pages")
    assert first.authors == ("Odalys Fennimore", "Bram Oyelaran")
    assert first.organisations == ("The Tern Collaboration",)
    assert (first.categories, first.primary) == (("cs.LG", "stat.ML"), "cs.LG")
    assert (listing.whole, listing.shown_day, day_of(page())) == (True, DAY, DAY)
    assert read([page()], DAY, "cs", "arxiv") == listing


def test_a_field_without_a_word_before_it_is_read() -> None:
    for label in (b"", b"<span class='descriptor'></span>"):
        body = page().replace(b"<span class='descriptor'>Title:</span>", label)
        assert parsed(body).entries[0].title == "Moss & <think> on $x$"


def test_a_page_that_does_not_show_all_says_so() -> None:
    assert "of 60 entries under “new”, 2 are on the page" in parsed(page(2, of=60)).note
    assert "breaks off" in parsed(page(end="")).note


def test_a_page_without_updates_is_a_day_without_papers() -> None:
    for words in ("No updates today.", "No updates for this time period."):
        body = (
            f"<html><div id='dlpage'><h3>Showing new listings for Tuesday, 24 November 2026</h3><p>{words}</p></html>"
        )
        assert parsed(body.encode()) == Listing(DAY, (), whole=True, shown_day=DAY)


def test_another_page_of_arxiv_is_refused() -> None:
    recent = b"""<html><div id='dlpage'><dl id='articles'><h3>Tue, 24 Nov 2026 (showing 1 of 1 entries )</h3>
      <dt><a href="/abs/2611.00001">x</a></dt><dd><div class='list-title'>Title: x</div></dd></dl></div></html>"""
    with pytest.raises(UnreadableListing, match="not the one of new papers"):
        parsed(recent)
    with pytest.raises(UnreadableListing, match="this is no feed: <html>Just a moment"):
        parsed(b"<html>Just a moment</html>")
    with pytest.raises(UnreadableListing, match="Rate exceeded"):
        parsed(b"Rate exceeded.")
