"""Is a look to be believed?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import reader
from digest.sources.http import FetchFailed
from digest.sources.listing import Entry, Listing
from digest.sources.untrusted import UnreadableListing
from digest.sources.verdict import Record, Verdict, is_no_listing, judge, old, overdue, unread

DAY = date(2026, 11, 24)


def listing(papers: int, *, whole: bool = True, note: str = "", shown: date | None = None) -> Listing:
    entries = tuple(Entry((f"arxiv:2611.{number:05d}",), f"Paper {number}") for number in range(papers))
    return Listing(DAY, entries, whole, note, shown)


def test_a_whole_list_is_ok_and_counted() -> None:
    verdict = judge(listing(12, shown=DAY), DAY, Record())
    assert (verdict.kind, verdict.reason) == ("ok", "The source lists 12 papers.")


def test_a_note_on_an_ok_list_is_told() -> None:
    verdict = judge(listing(1, note="listed more than once: 2"), DAY, Record())
    assert verdict.reason == "The source lists 1 paper. Listed more than once: 2."


def test_an_empty_day_of_which_nothing_is_known_is_ok() -> None:
    verdict = judge(listing(0), DAY, Record())
    assert (verdict.kind, verdict.reason) == ("ok", "The source lists nothing for this day.")


def test_a_page_clamped_to_another_day_is_suspect() -> None:
    verdict = judge(listing(12, shown=date(2026, 11, 20)), DAY, Record())
    assert verdict.kind == "suspect"
    assert "2026-11-20" in verdict.reason
    assert "2026-11-24" in verdict.reason


def test_a_list_that_became_empty_is_suspect() -> None:
    verdict = judge(listing(0), DAY, Record(known=1))
    assert (verdict.kind, verdict.reason) == ("suspect", "The list for 2026-11-24 is empty, but it had 1 paper before.")


@pytest.mark.parametrize(
    ("known", "seen", "kind"), [(6, 2, "suspect"), (6, 3, "ok"), (5, 1, "ok"), (61, 30, "suspect")]
)
def test_under_half_of_a_list_worth_counting_is_suspect(known: int, seen: int, kind: str) -> None:
    assert judge(listing(seen), DAY, Record(known=known)).kind == kind


def test_the_same_bodies_are_unchanged_partial_or_not() -> None:
    assert judge(listing(3), DAY, Record(known=3, same_body=True)).kind == "unchanged"
    assert judge(listing(3, whole=False), DAY, Record(known=3, same_body=True)).kind == "unchanged"


def test_a_suspect_list_stays_suspect_when_it_comes_again() -> None:
    assert judge(listing(0), DAY, Record(known=9, same_body=True)).kind == "suspect"


def test_a_list_that_is_not_whole_is_partial_and_says_why() -> None:
    verdict = judge(listing(3, whole=False, note="read from the page's cards"), DAY, Record(known=3))
    assert (verdict.kind, verdict.reason) == ("partial", "Read from the page's cards.")
    assert judge(listing(3, whole=False), DAY, Record(known=3)).reason == "Not everything could be read."


def test_a_failure_keeps_its_words() -> None:
    failure = FetchFailed("it answered 503", "https://lists.example/", "It is tried again")
    assert unread(failure) == Verdict("failed", "https://lists.example/: it answered 503. It is tried again")


def test_words_of_an_address_or_a_title_are_no_challenge_and_no_format() -> None:
    failure = FetchFailed("it answered 503", "https://captcha.example/challenge-1", "It is tried again")
    assert unread(failure).kind == "failed"
    assert unread(UnreadableListing("this is no empty list, by its name", "Just a moment", "Look")).kind == "failed"


def read_as(body: bytes, kind: str) -> Verdict:
    """The verdict on a body that no reader takes for a listing."""
    with pytest.raises(UnreadableListing) as caught:
        reader.read([body], DAY, "lists", kind)
    return unread(caught.value)


@pytest.mark.parametrize("kind", ["hf", "arxiv", "feed"])
@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><title>Just a moment...</title></html>",
        b"<html><head><title>Human Verification</title></head></html>",
        b"<html><script src='https://x.edge.sdk.awswaf.com/x/challenge.js'></script></html>",
        b"<html><title>Attention Required! | Proxy</title></html>",
    ],
)
def test_a_page_that_wants_to_see_a_person_is_a_challenge(kind: str, body: bytes) -> None:
    verdict = read_as(body, kind)
    assert verdict.kind == "suspect"
    assert verdict.reason.startswith("Challenge page: the source wants to see that a person asks. ")


@pytest.mark.parametrize(
    "body",
    [
        b'{"papers": []}',
        b'[{"article": {"id": "2611.00001"}}, {"article": {"id": "2611.00002"}}]',
        b'<body class="DailyPapersPage"><div data-target="DailyPapers" data-props="{&quot;papers&quot;:[]}"></div>',
    ],
)
def test_a_list_written_in_another_way_is_a_changed_markup(body: bytes) -> None:
    verdict = read_as(body, "hf")
    assert verdict.kind == "suspect"
    assert verdict.reason.startswith("Markup changed: the source writes its list in another way. ")


@pytest.mark.parametrize("body", [b"", b"Rate exceeded.", b"<html>down for maintenance</html>", b"<rss><channel>"])
def test_what_is_no_listing_in_any_other_way_has_failed(body: bytes) -> None:
    assert {read_as(body, kind).kind for kind in ("hf", "feed")} == {"failed"}


@given(st.integers(0, 80), st.integers(0, 80), st.booleans())
def test_growth_is_never_suspect_and_every_reason_is_a_sentence(seen: int, known: int, whole: bool) -> None:
    verdict = judge(listing(seen, whole=whole), DAY, Record(known=known))
    assert verdict.reason.endswith(".")
    assert verdict.reason[0].isupper()
    if seen >= known:
        assert verdict.kind in ("ok", "partial")


def test_an_earlier_batch_is_no_listing_yet_by_its_date_or_by_its_entries() -> None:
    before = date(2026, 11, 23)
    for verdict in (judge(listing(9, shown=before), DAY, Record()), judge(listing(9), DAY, Record(repeats=before))):
        assert verdict.kind == "suspect"
        assert verdict.no_listing
        assert "2026-11-23" in verdict.reason


def test_a_later_day_is_not_the_one_that_was_asked_for() -> None:
    verdict = judge(listing(9, shown=date(2026, 11, 25)), DAY, Record())
    assert (verdict.kind, verdict.reason) == (
        "suspect",
        "Asked for 2026-11-24, the source shows 2026-11-25, a later day.",
    )


def test_a_feed_drops_old_entries_and_is_believed() -> None:
    assert judge(replace(listing(2), rolling=True), DAY, Record(known=40)).kind == "ok"
    assert judge(replace(listing(0), rolling=True), DAY, Record(known=40)).kind == "suspect"


# A list that is not like the source's own


def sizes(number: int, largest: int = 40) -> Record:
    return Record(sizes=[*range(largest - number + 1, largest), largest])


@pytest.mark.parametrize(("days", "seen", "kind"), [(10, 121, "suspect"), (10, 120, "ok"), (9, 500, "ok")])
def test_more_than_three_times_the_longest_of_ten_days_is_suspect(days: int, seen: int, kind: str) -> None:
    verdict = judge(listing(seen), DAY, sizes(days))
    assert verdict.kind == kind
    if kind == "suspect":
        assert verdict.reason.endswith("more than three times as many as ever: the longest of 10 other days had 40.")


@given(st.integers(1, 500), st.integers(1, 500))
def test_growth_within_a_day_is_never_suspect_however_long_the_list_becomes(known: int, more: int) -> None:
    assert judge(listing(known + more), DAY, replace(sizes(12), known=known)).kind == "ok"


def test_more_than_half_unknown_and_old_is_suspect_and_counted() -> None:
    assert judge(listing(10), DAY, Record(strangers=5)).kind == "ok"
    verdict = judge(listing(10), DAY, Record(strangers=6))
    assert (verdict.kind, verdict.reason) == (
        "suspect",
        "The list for 2026-11-24 has 10 papers, and 6 of them are unknown and more than 14 days old.",
    )


def test_an_entry_is_as_old_as_it_says_and_one_without_a_date_is_not() -> None:
    edge, older = DAY - timedelta(days=14), DAY - timedelta(days=15)
    one = Entry(("arxiv:2611.00001",))
    dated = [replace(one, day=older), replace(one, published=older), replace(one, day=DAY, published=older)]
    assert old([*dated, replace(one, published=edge), one], DAY) == dated[:2]


BY_SIX = [timedelta(hours=2)] * 9 + [timedelta(hours=6)]


@pytest.mark.parametrize(
    ("day", "hour", "beginnings", "late"),
    [
        (DAY, 5, BY_SIX, False),
        (DAY, 6, BY_SIX, False),  # nothing is overdue that has ever come as late
        (DAY, 7, BY_SIX, True),
        (DAY, 23, BY_SIX[1:], False),  # nine days say nothing
        (date(2026, 11, 28), 23, BY_SIX, False),  # Saturday
        (date(2026, 11, 27), 23, BY_SIX, True),
    ],
)
def test_a_weekday_is_overdue_after_the_latest_hour_of_ten(day, hour, beginnings, late) -> None:
    said = overdue(day, datetime(day.year, day.month, day.day, hour, tzinfo=UTC), beginnings)
    assert said == ("its last 10 weekdays all had papers by 06:00 UTC" if late else "")


def test_an_overdue_list_is_no_listing_yet_and_one_with_papers_is_not() -> None:
    said = "its last 10 weekdays all had papers by 06:00 UTC"
    verdict = judge(listing(0), DAY, Record(late=said))
    assert verdict == Verdict("suspect", f"No listing yet: the list for 2026-11-24 is empty, and {said}.")
    assert verdict.no_listing
    assert judge(listing(1), DAY, Record(late=said)).kind == "ok"


def test_only_a_list_that_has_not_come_is_no_listing() -> None:
    earlier, later = (judge(listing(9, shown=DAY + timedelta(days=n)), DAY, Record()) for n in (-1, 1))
    assert (earlier.no_listing, later.no_listing) == (True, False)
    assert not judge(listing(0), DAY, Record(known=9)).no_listing
    assert not is_no_listing("ok", earlier.reason)


def test_a_clamped_day_says_so_and_an_old_batch_does_not() -> None:
    shown = listing(2, shown=DAY - timedelta(days=4))
    assert judge(shown, DAY, Record()).reason == (
        "No listing yet (day clamped): asked for 2026-11-24, the source shows 2026-11-20."
    )
    batch = replace(shown, entries=tuple(replace(entry, announce="new") for entry in shown.entries))
    assert judge(batch, DAY, Record()).reason == "No listing yet: asked for 2026-11-24, the source shows 2026-11-20."


@given(
    st.builds(
        Record,
        known=st.integers(0, 90),
        repeats=st.sampled_from([None, date(2026, 11, 23)]),
        strangers=st.integers(0, 90),
        sizes=st.lists(st.integers(1, 9), min_size=10, max_size=12),
        late=st.sampled_from(["", "it is late"]),
    ),
    st.integers(0, 90),
    st.sampled_from([None, DAY, date(2026, 11, 20), date(2026, 11, 25)]),
)
def test_what_an_operator_has_accepted_is_never_suspect(record: Record, seen: int, shown: date | None) -> None:
    look = listing(seen, shown=shown)
    assert judge(look, DAY, replace(record, accepted=True)).kind == "ok"
    assert judge(look, DAY, record).reason.endswith(".")
