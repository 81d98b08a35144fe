"""Is a look to be believed?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.http import FetchFailed
from digest.sources.listing import Entry, Listing
from digest.sources.verdict import failed, judge

DAY = date(2026, 11, 24)


def listing(papers: int, *, whole: bool = True, note: str = "", shown: date | None = None) -> Listing:
    entries = tuple(Entry((f"arxiv:2611.{number:05d}",), f"Paper {number}") for number in range(papers))
    return Listing(DAY, entries, whole, note, shown)


def test_a_whole_list_is_ok_and_counted() -> None:
    verdict = judge(listing(12, shown=DAY), DAY, 0, False)
    assert (verdict.kind, verdict.reason) == ("ok", "The source lists 12 papers.")


def test_a_note_on_an_ok_list_is_told() -> None:
    verdict = judge(listing(1, note="listed more than once: 2"), DAY, 0, False)
    assert verdict.reason == "The source lists 1 paper. Listed more than once: 2."


def test_an_empty_day_of_which_nothing_is_known_is_ok() -> None:
    verdict = judge(listing(0), DAY, 0, False)
    assert (verdict.kind, verdict.reason) == ("ok", "The source lists nothing for this day.")


def test_a_page_clamped_to_another_day_is_suspect() -> None:
    verdict = judge(listing(12, shown=date(2026, 11, 20)), DAY, 0, False)
    assert verdict.kind == "suspect"
    assert "2026-11-20" in verdict.reason
    assert "2026-11-24" in verdict.reason


def test_a_list_that_became_empty_is_suspect() -> None:
    verdict = judge(listing(0), DAY, 1, False)
    assert (verdict.kind, verdict.reason) == ("suspect", "The list for 2026-11-24 is empty, but it had 1 paper before.")


@pytest.mark.parametrize(
    ("known", "seen", "kind"), [(6, 2, "suspect"), (6, 3, "ok"), (5, 1, "ok"), (61, 30, "suspect")]
)
def test_under_half_of_a_list_worth_counting_is_suspect(known: int, seen: int, kind: str) -> None:
    assert judge(listing(seen), DAY, known, False).kind == kind


def test_the_same_bodies_are_unchanged_partial_or_not() -> None:
    assert judge(listing(3), DAY, 3, True).kind == "unchanged"
    assert judge(listing(3, whole=False), DAY, 3, True).kind == "unchanged"


def test_a_suspect_list_stays_suspect_when_it_comes_again() -> None:
    assert judge(listing(0), DAY, 9, True).kind == "suspect"


def test_a_list_that_is_not_whole_is_partial_and_says_why() -> None:
    verdict = judge(listing(3, whole=False, note="read from the page's cards"), DAY, 3, False)
    assert (verdict.kind, verdict.reason) == ("partial", "Read from the page's cards.")
    assert judge(listing(3, whole=False), DAY, 3, False).reason == "Not everything could be read."


def test_a_failure_keeps_its_words() -> None:
    verdict = failed(FetchFailed("it answered 503", "https://lists.example/", "It is tried again"))
    assert (verdict.kind, verdict.reason) == ("failed", "https://lists.example/: it answered 503. It is tried again.")
    assert failed(RuntimeError()).reason == "RuntimeError."


@given(st.integers(0, 80), st.integers(0, 80), st.booleans())
def test_growth_is_never_suspect_and_every_reason_is_a_sentence(seen: int, known: int, whole: bool) -> None:
    verdict = judge(listing(seen, whole=whole), DAY, known, False)
    assert verdict.reason.endswith(".")
    assert verdict.reason[0].isupper()
    if seen >= known:
        assert verdict.kind in ("ok", "partial")


def test_an_earlier_batch_is_no_listing_yet_by_its_date_or_by_its_entries() -> None:
    before = date(2026, 11, 23)
    for verdict in (judge(listing(9, shown=before), DAY, 0, False), judge(listing(9), DAY, 0, False, repeats=before)):
        assert verdict.kind == "suspect"
        assert verdict.reason.startswith("No listing yet: asked for 2026-11-24, the source shows ")
        assert "2026-11-23" in verdict.reason


def test_a_later_day_is_not_the_one_that_was_asked_for() -> None:
    verdict = judge(listing(9, shown=date(2026, 11, 25)), DAY, 0, False)
    assert (verdict.kind, verdict.reason) == (
        "suspect",
        "Asked for 2026-11-24, the source shows 2026-11-25, a later day.",
    )


def test_a_feed_drops_old_entries_and_is_believed() -> None:
    assert judge(replace(listing(2), rolling=True), DAY, 40, False).kind == "ok"
    assert judge(replace(listing(0), rolling=True), DAY, 40, False).kind == "suspect"
