"""Reading Hugging Face's API and page: both shapes, every field, and what goes wrong."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.sources import huggingface
from digest.sources.huggingface import day_of, looks_like, more_pages, page_url, parse, urls
from digest.sources.listing import Listing
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.listed import body, new_item, old_item, page

DAY = date(2026, 11, 24)


def read(*bodies: bytes) -> Listing:
    return parse(bodies, DAY, "hf")


def refusal(*bodies: bytes) -> str:
    with pytest.raises(UnreadableListing) as caught:
        read(*bodies)
    assert caught.value.what
    assert "2026-11-24" in caught.value.where
    assert caught.value.mend
    return str(caught.value)


# Addresses


@pytest.mark.parametrize(
    "base",
    ["https://lists.example", "https://lists.example/", "lists.example", " https://lists.example/api/daily_papers/ "],
)
def test_a_bare_host_means_its_api(base: str) -> None:
    assert urls(base, DAY, 2) == "https://lists.example/api/daily_papers?date=2026-11-24&limit=100&p=2"


def test_an_address_keeps_its_own_path_port_and_parameters() -> None:
    base = "http://127.0.0.1:8000/mirror?token=a+b&limit=5"
    assert urls(base, DAY) == "http://127.0.0.1:8000/mirror?token=a+b&date=2026-11-24&limit=100&p=0"


def test_the_page_of_a_day_is_at_the_same_host() -> None:
    assert page_url(huggingface.DEFAULT_BASE, DAY) == "https://huggingface.co/papers/date/2026-11-24"
    assert page_url("http://127.0.0.1:8000", DAY) == "http://127.0.0.1:8000/papers/date/2026-11-24"


@pytest.mark.parametrize("base", ["http://[", "", "https://"])
def test_what_is_no_address_comes_back_for_the_fetch_to_refuse(base: str) -> None:
    assert urls(base, DAY) == base
    assert page_url(base, DAY) == base


# Fields


def test_an_item_of_2026_gives_every_field() -> None:
    (entry,) = read(body(new_item())).entries
    assert entry.keys == ("arxiv:2611.94001",)
    assert entry.title == "Moss Grows on Silicon"
    assert entry.abstract == "We grow moss on silicon and measure <10 watts."
    assert entry.authors == ("Odalys Fennimore", 'Bram "Tern" Oyelaran')  # a hidden author too
    assert entry.organisations == ("Fernhill Research & Development",)
    assert (entry.upvotes, entry.comments) == (21, 3)
    assert entry.code == "https://code.example.org/fennimore/moss"
    assert entry.project == "https://moss.example.org"
    assert entry.link == "https://huggingface.co/papers/2611.94001"
    assert entry.published == date(2026, 11, 23)
    assert entry.keywords == ("moss", "silicon gardens")
    assert entry.summary == "Moss."
    assert entry.day is None


def test_an_item_of_2024_leaves_the_newer_fields_empty_and_its_broken_lines_are_joined() -> None:
    (entry,) = read(body(old_item())).entries
    assert entry.title == "Lichen as a Prior for Slow Computation"
    assert entry.abstract == "Lichen is slow. So are we."
    assert entry.published == date(2024, 7, 30)
    assert (entry.code, entry.project, entry.organisations, entry.keywords, entry.summary) == ("", "", (), (), "")


def test_an_item_with_id_and_title_alone_is_enough() -> None:
    (entry,) = read(body({"paper": {"id": "2611.00001", "title": "Bare"}})).entries
    assert (entry.upvotes, entry.comments, entry.published) == (None, None, None)
    assert (entry.abstract, entry.authors) == ("", ())


def test_title_and_abstract_are_found_outside_the_paper_too() -> None:
    item = new_item(title=None, summary=None)
    (entry,) = read(body(item)).entries
    assert entry.title == "Moss Grows on Silicon"
    assert entry.abstract.startswith("We grow moss")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (" Moss\n grows \u202eon\u0000 silicon. ", "Moss grows on silicon."),
        ("m" * 600, "m" * 600),
        ("m" * 601, "m" * 599 + "…"),
        ("We grow moss on\nsilicon and measure <10 watts.", ""),  # the abstract itself
        ("We grow moss on silicon.", "We grow moss on silicon."),
        (["Moss."], ""),
        (7, ""),
        ("", ""),
    ],
)
def test_a_summary_is_one_line_of_600_characters_at_most_and_never_the_abstract_itself(raw: object, kept: str) -> None:
    for listed in (body(new_item(ai_summary=raw)), page([new_item(ai_summary=raw)])):
        assert [entry.summary for entry in read(listed).entries] == [kept]


def test_an_abstract_that_is_longer_than_a_summary_may_be_is_known_in_its_place_too() -> None:
    (entry,) = read(body(new_item(summary="moss " * 400, ai_summary="moss  " * 400))).entries
    assert (entry.abstract, entry.summary) == (("moss " * 400).strip(), "")


def test_the_cards_of_a_page_have_no_summaries() -> None:
    (entry,) = read(page([new_item()], props="damaged")).entries
    assert entry.summary == ""


def test_no_votes_are_zero_and_absent_votes_are_unknown() -> None:
    none, absent, silly = read(
        body(new_item(1, upvotes=0), new_item(2, upvotes=None), new_item(3, upvotes=True))
    ).entries
    assert (none.upvotes, absent.upvotes, silly.upvotes) == (0, None, None)


def test_an_id_that_is_no_arxiv_id_is_a_name_of_this_source() -> None:
    (entry,) = parse([body(new_item(id="field-notes/7"))], DAY, "mirror").entries
    assert entry.keys == ("guid:mirror:field-notes/7",)
    assert entry.link == "https://huggingface.co/papers/field-notes%2F7"


def test_an_id_with_a_version_is_the_same_paper() -> None:
    (entry,) = read(body(new_item(id="2611.94001v3"))).entries
    assert entry.keys == ("arxiv:2611.94001",)
    assert entry.link.endswith("/2611.94001")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("https://code.example.org/a/\nlong-name", "https://code.example.org/a/long-name"),
        (" http://x.example/p ", "http://x.example/p"),
        ("javascript:alert(1)", ""),
        ("ftp://x.example/", ""),
        ("//x.example/a", ""),
        ("code.example.org/a", ""),
        ("https://github.com@elsewhere.example/a", ""),
        ("https://x.example/a b", ""),
        ('https://x.example/"><b>', ""),
        ("https://x.example:99999/", ""),
        ("http://[::1", ""),
        ("https:///path", ""),
        (17, ""),
    ],
)
def test_only_whole_web_addresses_are_kept(raw: object, kept: str) -> None:
    (entry,) = read(body(new_item(githubRepo=raw, projectPage=raw))).entries
    assert (entry.code, entry.project) == (kept, kept)


def test_characters_that_no_database_or_terminal_takes_are_taken_out() -> None:
    raw = b'[{"paper": {"id": "2611.00002", "title": "A\\u0000B\\ud800C \\u202eD\\u001b[31m", "summary": "\\udc00"}}]'
    (entry,) = read(raw).entries
    assert entry.title == "ABC D[31m"
    assert entry.abstract == ""


def test_a_date_that_does_not_exist_is_no_date() -> None:
    dates = ("2026-02-30T00:00:00.000Z", "soon", "2026-11-231", 20261123)
    listing = read(body(*(new_item(number, publishedAt=value) for number, value in enumerate(dates))))
    assert [entry.published for entry in listing.entries] == [None] * 4


def test_an_endless_title_is_cut() -> None:
    (entry,) = read(body(new_item(title="moss " * 10_000))).entries
    assert len(entry.title) <= 1_000
    assert entry.title.endswith("…")


# Lists


def test_one_bad_item_stops_only_itself_and_is_named() -> None:
    bad: list[Any] = [new_item(9, id=None), new_item(8, id=2503.0213), "text", None, {"paper": []}]
    listing = read(body(new_item(1), *bad, new_item(2)))
    assert [entry.keys[0] for entry in listing.entries] == ["arxiv:2611.94001", "arxiv:2611.94002"]
    assert listing.whole is False
    assert "left out: 5 of 7 (item 2 has no usable id" in listing.note


def test_an_item_without_any_title_waits_for_one() -> None:
    nameless = new_item(2, title=None)
    del nameless["title"]
    listing = read(body(new_item(1), nameless))
    assert len(listing.entries) == 1
    assert "item 2 (2611.94002) has no title" in listing.note


def test_a_paper_listed_twice_is_counted_once() -> None:
    listing = read(body(new_item(1), new_item(2), new_item(1, upvotes=99)))
    assert len(listing.entries) == 2
    assert listing.entries[0].upvotes == 21
    assert "more than once" in listing.note
    assert listing.whole


def test_pages_are_joined_in_order() -> None:
    first = body(*(new_item(n) for n in range(100)))
    second = body(*(new_item(n) for n in range(100, 130)))
    listing = read(first, second)
    assert len(listing.entries) == 130
    assert listing.whole
    assert more_pages(first)
    assert not more_pages(second)


def test_pages_that_overlap_are_partial_since_another_paper_may_have_moved_the_other_way() -> None:
    listing = read(body(*(new_item(n) for n in range(100))), body(*(new_item(n) for n in range(99, 130))))
    assert len(listing.entries) == 130
    assert not listing.whole
    assert "its pages overlap" in listing.note


def test_a_full_last_page_is_not_the_whole_day() -> None:
    listing = read(body(*(new_item(n) for n in range(100))))
    assert len(listing.entries) == 100
    assert not listing.whole
    assert "next was not read" in listing.note


def test_more_pages_knows_another_limit_and_says_no_for_what_it_cannot_read() -> None:
    assert more_pages(body(new_item()), limit=1)
    assert not any(more_pages(other) for other in (b"", b"{}", b"[", page([new_item()])))


def test_an_empty_list_is_a_whole_listing_without_entries() -> None:
    assert read(b" []\n") == Listing(DAY, (), whole=True)


def test_the_api_never_says_which_day_it_shows() -> None:
    assert parse([body(new_item())], date(2020, 1, 1), "hf").shown_day is None


# What is no listing


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"error": "We had to rate limit your IP"}', "rate limit your IP"),
        (b'[{"paper": {"id": "2611.0', "JSON cannot be read"),
        (b"[" * 200_000, "JSON cannot be read"),
        (b"[" + b"9" * 6_000 + b"]", "JSON cannot be read"),
        (b'[{"id": "some/model"}, {"id": "other/model"}]', "none of its 2 items is a paper"),
        (b"<!doctype html><title>Just a moment</title>", "another page"),
        (b"Rate exceeded.", "neither"),
        (b"\x00\x01\x02", "neither"),
    ],
)
def test_a_body_that_is_no_listing_is_refused_with_its_beginning(raw: bytes, word: str) -> None:
    assert word in refusal(raw)


def test_the_page_of_a_list_that_is_broken_is_named() -> None:
    assert "page 2 of 2" in refusal(body(new_item()), b"[{")


def test_each_parser_refuses_the_bodies_of_the_other() -> None:
    with pytest.raises(UnreadableListing, match="JSON cannot be read"):
        huggingface.parse_api([page([new_item()])], DAY, "hf")
    with pytest.raises(UnreadableListing, match="neither"):
        huggingface.parse_page(body(new_item()), DAY, "hf")
    with pytest.raises(UnreadableListing, match="no body"):
        huggingface.parse_api([], DAY, "hf")


def test_no_body_and_mixed_bodies_are_refused() -> None:
    assert "no body" in refusal()
    assert "cannot be joined" in refusal(body(new_item()), page([new_item()]))


# The page


def test_the_page_gives_what_the_api_gives_and_the_day_it_shows() -> None:
    items = [new_item(1), new_item(2, title="A <b>bold</b> & “quoted” title")]
    listing = read(page(items))
    assert listing.entries == read(body(*items)).entries
    assert listing.whole
    assert listing.shown_day == DAY


def test_the_page_of_2024_says_its_day_in_another_key() -> None:
    props = {"date": "2024-08-01T00:00:00.000Z", "dailyPapers": [old_item()]}
    assert read(page([old_item()], props=props)).shown_day == date(2024, 8, 1)


@pytest.mark.parametrize("props", ['{"dateString":"2026-11-23","dailyPapers":[{"pap', "[]", "", '{"dailyPapers": 3}'])
def test_where_the_data_are_damaged_the_cards_are_read(props: str) -> None:
    listing = read(page([new_item(1), new_item(2, upvotes=0)], props=props, heading="2026-11-23"))
    assert [(e.keys[0], e.title, e.upvotes, e.comments) for e in listing.entries] == [
        ("arxiv:2611.94001", "Moss Grows on Silicon", 21, 3),
        ("arxiv:2611.94002", "Moss Grows on Silicon", 0, 3),
    ]
    assert all(entry.authors == () for entry in listing.entries)  # who submitted it did not write it
    assert not listing.whole
    assert "cards" in listing.note
    assert listing.shown_day == date(2026, 11, 23)


def test_damaged_data_still_say_their_day() -> None:
    assert read(page([new_item()], props='{"dateString":"2026-11-20","dailyP')).shown_day == date(2026, 11, 20)


def test_cards_stand_in_for_data_that_list_nothing_usable() -> None:
    for papers in ([], [{"paper": {}}]):
        listing = read(page([new_item()], props={"dateString": "2026-11-24", "dailyPapers": papers}))
        assert len(listing.entries) == 1
        assert not listing.whole


def test_headings_that_name_no_paper_are_no_cards_and_cards_need_no_frame() -> None:
    raw = page([], props="{").replace(
        b"</main>",
        b'<h3><a href="/papers/trending">Trending</a></h3><h3><a href="/papers/2611.94007#x">Bare</a></h3></main>',
    )
    (entry,) = read(raw).entries
    assert (entry.keys, entry.title, entry.upvotes) == (("arxiv:2611.94007",), "Bare", None)


def test_a_time_inside_a_card_is_not_the_day_of_the_page() -> None:
    raw = page([new_item()], props="{").replace(b"</article>", b'<time datetime="2026-11-01"></time></article>')
    assert read(raw).shown_day is None


def test_a_page_without_papers_is_a_whole_empty_listing() -> None:
    listing = read(page([]))
    assert listing == Listing(DAY, (), whole=True, shown_day=DAY)


@pytest.mark.parametrize(
    ("props", "word"),
    [
        ({"periodType": "week", "dateString": "2026-W48"}, "a week"),
        ({"periodType": "month", "dateString": "2026-11"}, "a month"),
        ({"isTrending": True, "periodType": "day"}, "trending"),
        ({"query": "moss"}, "a search"),
    ],
)
def test_a_page_that_shows_something_else_than_a_day_is_refused(props: dict[str, Any], word: str) -> None:
    assert word in refusal(page([new_item()], props={"dailyPapers": [new_item()], **props}))


def test_a_page_cut_off_inside_its_data_is_refused() -> None:
    whole = page([new_item(number) for number in range(5)])
    assert "no cards" in refusal(whole[: whole.index(b"2611.94003")])


def test_a_page_that_is_far_too_big_is_not_taken_apart() -> None:
    assert "too big" in refusal(page([]) + b" " * 4_000_000)


def test_names_in_another_encoding_are_read_beside_names_in_utf_8() -> None:
    raw = body(new_item(1, title="Çelebi"), new_item(2, title="Ångström")).replace("Ç".encode(), b"\xc7")
    assert [entry.title for entry in read(raw).entries] == ["Çelebi", "Ångström"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_heeded(encoding: str) -> None:
    assert len(read(body(new_item()).decode().encode(encoding)).entries) == 1


# Told apart, and dated


def test_bodies_are_told_apart_by_content() -> None:
    assert looks_like(body(new_item())) == "api"
    assert looks_like(page([new_item()])) == "page"
    assert looks_like(b"<html>challenge</html>") is None
    assert looks_like(b'{"error": "no"}') is None


def test_the_day_of_bodies_is_the_day_that_most_items_were_submitted() -> None:
    late = new_item(3, submittedOnDailyAt="2026-11-25T00:00:00.000Z")
    assert day_of([body(new_item(1), new_item(2)), body(late)]) == DAY


def test_the_day_of_a_page_is_the_day_it_shows() -> None:
    assert day_of([page([new_item()])]) == DAY


def test_the_day_of_the_oldest_shape_is_its_time_of_listing_while_that_was_true() -> None:
    later = old_item(2)
    later["publishedAt"] = "2025-01-21T22:56:36.000Z"
    assert day_of([body(old_item())]) == date(2024, 8, 1)
    assert day_of([body(later)]) is None


def test_bodies_that_do_not_say_their_day_have_none() -> None:
    assert day_of([]) is None
    assert day_of([b"", b"[", b"[3]", b"<html>", body({"paper": 3})]) is None


# Damage of any kind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every value inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place for key, inner in pairs for place in places(inner, (*path, key))]
    return [path, *found] if path else found


WHOLE = [new_item(1), old_item(2)]
PLACES = places(WHOLE)


@st.composite
def damaged_items(draw: st.DrawFn) -> list[Any]:
    """The two items with some values dropped or replaced by anything."""
    items = deepcopy(WHOLE)
    for path in draw(st.lists(st.sampled_from(PLACES), max_size=5, unique=True)):
        holder: Any = items
        try:
            for key in path[:-1]:
                holder = holder[key]
            if draw(st.booleans()):
                holder[path[-1]] = draw(JSON)
            else:
                del holder[path[-1]]
        except (KeyError, IndexError, TypeError):  # an earlier damage took this place away
            continue
    return items


@st.composite
def damaged_bytes(draw: st.DrawFn) -> bytes:
    """An API body or a page, cut and with bytes put in."""
    raw = draw(st.sampled_from([body(*WHOLE), page(WHOLE), page(WHOLE, props="{")]))
    start, end = sorted(draw(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw)))))
    kept = draw(st.sampled_from([raw[:end], raw[:start] + raw[end:], raw]))
    at = draw(st.integers(0, len(kept)))
    return (
        kept[:at]
        + draw(st.binary(max_size=8) | st.sampled_from([b"<?xml ", b"<!--", b"&quot;", b"\xff\xfe"]))
        + kept[at:]
    )


def read_or_refuse(raw: bytes) -> Listing | UnreadableListing:
    try:
        return read(raw)
    except UnreadableListing as refused:
        return refused


def assert_sound(listing: Listing | UnreadableListing) -> None:
    if isinstance(listing, UnreadableListing):
        assert "2026-11-24" in listing.where
        assert listing.what
        return
    assert len({entry.keys[0] for entry in listing.entries}) == len(listing.entries)
    for entry in listing.entries:
        assert entry.keys
        assert entry.title
        texts = (entry.title, entry.abstract, *entry.authors, *entry.organisations, *entry.keywords)
        assert all(text == " ".join(text.split()) for text in texts)
        assert all(text.encode() and "\0" not in text for text in texts if text)
        assert all(url == "" or url.startswith(("http://", "https://")) for url in (entry.code, entry.project))
        assert entry.link.startswith("https://huggingface.co/papers/")
        assert entry.upvotes is None or entry.upvotes >= 0


@given(damaged_items())
@settings(deadline=None, max_examples=150)
def test_items_with_anything_missing_or_wrong_end_in_a_sound_listing_or_a_refusal(items: list[Any]) -> None:
    for raw in (json.dumps(items).encode(), page([], props={"dailyPapers": items}, cards=False)):
        assert_sound(read_or_refuse(raw))
        day_of([raw])


@given(damaged_bytes())
@settings(deadline=None, max_examples=200)
def test_bodies_cut_and_scribbled_on_end_in_a_sound_listing_or_a_refusal(raw: bytes) -> None:
    assert_sound(read_or_refuse(raw))
    day_of([raw])
    more_pages(raw)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_no_listing_or_an_empty_one(raw: bytes) -> None:
    result = read_or_refuse(raw)
    assert isinstance(result, UnreadableListing) or result.entries == ()


def test_the_order_of_items_changes_no_entry() -> None:
    items = [new_item(1), new_item(2), old_item(3)]
    assert set(read(body(*items)).entries) == set(read(body(*reversed(items))).entries)
