"""What a look teaches: every kind of change, and the property that a repeated look teaches nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.sources.changes import Found, Look, changes, gone, milestones_between
from digest.sources.listing import Entry, Facts, Listing
from digest.sources.recognise import Known, Seen

DAY = date(2026, 3, 2)
LOOK = Look("hf", DAY, datetime(2026, 3, 2, 8, tzinfo=UTC), DAY)
MOSS = Entry(
    keys=("arxiv:2603.00001",), title="Moss", abstract="Moss grows.", authors=("Ada Moss",), upvotes=3, comments=0
)


def listing(*entries: Entry, whole: bool = True) -> Listing:
    return Listing(DAY, entries, whole)


def stored(found: Found, known: Known | None = None, look: Look = LOOK) -> Known:
    """A paper as it stands in the database after a look."""
    seen = {(s.source, s.day): s for s in known.seen} if known else {}
    before = seen.get((look.source, found.day), Seen(look.source, found.day))
    seen[look.source, found.day] = Seen(
        look.source,
        found.day,
        before.upvotes if found.entry.upvotes is None else found.entry.upvotes,
        before.comments if found.entry.comments is None else found.entry.comments,
    )
    return Known(
        known.paper if known else 1, found.facts, known.first_day if known else found.day, tuple(seen.values())
    )


def known_moss() -> Known:
    (found,) = changes({}, listing(MOSS), LOOK)
    return stored(found)


def kinds(entry: Entry, look: Look = LOOK, known: Known | None = None) -> list[tuple[str, bool]]:
    """(kind, news) of what an entry with the key of Moss teaches about Moss."""
    (found,) = changes({entry.keys[0]: known or known_moss()}, listing(entry), look)
    return [(finding.kind, finding.news) for finding in found.findings]


def test_a_paper_never_seen_is_listed():
    (found,) = changes({}, listing(MOSS), LOOK)
    assert (found.paper, found.appears) == (None, True)
    assert [(f.kind, f.news) for f in found.findings] == [("listed", True)]
    assert found.facts.sources == ("hf",)
    assert (found.facts.key, found.facts.arxiv, found.facts.listed) == ("2603.00001", "2603.00001", "2026-03-02")


def test_a_second_day_or_source_is_listed_elsewhere():
    assert kinds(MOSS, replace(LOOK, day=DAY + timedelta(days=6))) == [("listed elsewhere", True)]
    assert kinds(MOSS, replace(LOOK, source="mirror")) == [("listed elsewhere", True)]


@pytest.mark.parametrize(
    ("votes", "named", "rises"),
    [(4, (), False), (5, (), True), (4, (4,), True), (3, (), False), (2, (), False), (700, (), True)],
)
def test_votes_rise_at_steps_and_at_numbers_that_filters_name(votes, named, rises):
    look = replace(LOOK, milestones={"upvotes": named})
    assert kinds(replace(MOSS, upvotes=votes), look) == ([("rose", True)] if rises else [])


def test_comments_rise_too_and_once_with_votes():
    assert kinds(replace(MOSS, comments=1)) == [("rose", True)]
    assert kinds(replace(MOSS, comments=2, upvotes=50)) == [("rose", True)]


def test_code_a_project_page_or_an_abstract_that_appears_enriches():
    assert kinds(replace(MOSS, code="https://code.example.org/moss")) == [("enriched", True)]
    assert kinds(replace(MOSS, project="https://moss.example.org")) == [("enriched", True)]
    bare = replace(known_moss(), facts=replace(known_moss().facts, abstract=""))
    assert kinds(MOSS, known=bare) == [("enriched", True)]


def test_a_new_version_revises_and_another_text_corrects():
    first = replace(known_moss(), facts=replace(known_moss().facts, version=1))
    assert kinds(replace(MOSS, version=2, abstract="Moss grows faster."), known=first) == [("revised", True)]
    assert kinds(replace(MOSS, title="Mosses")) == [("corrected", False)]


def test_what_an_entry_leaves_out_erases_nothing():
    silent = Entry(keys=MOSS.keys)
    (found,) = changes({MOSS.keys[0]: known_moss()}, listing(silent), LOOK)
    assert found.findings == ()
    assert found.facts == known_moss().facts


def test_another_source_fills_what_is_empty_and_corrects_nothing():
    look = replace(LOOK, source="mirror")
    other = replace(MOSS, title="MOSS!", code="https://code.example.org/moss")
    (found,) = changes({MOSS.keys[0]: known_moss()}, listing(other), look)
    assert [f.kind for f in found.findings] == ["listed elsewhere", "enriched"]
    assert found.facts.title == "Moss"
    assert found.facts.sources == ("hf", "mirror")


def summary_of(entry: Entry, known: Known, look: Look = LOOK) -> tuple[str, list[str]]:
    """The summary that is stored after a look, and those of its changes."""
    (found,) = changes({entry.keys[0]: known}, listing(entry), look)
    return found.facts.summary, [finding.facts.summary for finding in found.findings]


def test_a_summary_that_appears_changes_or_vanishes_is_no_change_and_others_have_it_as_known_then():
    known = known_moss()
    for said, kept in (("Moss grows.", "Moss grows."), ("It grows.", "It grows."), ("", "It grows.")):
        (found,) = changes({MOSS.keys[0]: known}, listing(replace(MOSS, summary=said)), LOOK)
        assert (found.facts.summary, found.findings) == (kept, ())
        known = stored(found, known)
    assert summary_of(replace(MOSS, upvotes=9), known) == ("It grows.", ["It grows."])
    assert summary_of(replace(MOSS, upvotes=9, summary="Moss."), known) == ("Moss.", ["Moss."])


def test_another_source_takes_no_summary_away_and_gives_a_newer_one():
    known, mirror = (
        stored(changes({}, listing(replace(MOSS, summary="Moss grows.")), LOOK)[0]),
        replace(LOOK, source="m"),
    )
    assert summary_of(MOSS, known, mirror) == ("Moss grows.", ["Moss grows."])
    assert summary_of(replace(MOSS, version=2, title="Mosses"), known, mirror)[0] == "Moss grows."
    assert summary_of(replace(MOSS, summary="It grows."), known, mirror) == ("It grows.", ["It grows."])


def test_of_papers_that_are_joined_the_oldest_summary_stays():
    older = known_moss()
    facts = Facts(key="10.1/x", title="Moss", sources=("feed",), doi="10.1/x", summary="It grows.")
    younger = Known(7, facts, DAY, (Seen("feed", DAY),))
    both = replace(MOSS, keys=("arxiv:2603.00001", "doi:10.1/x"))
    for first, kept in (("", "It grows."), ("Moss.", "Moss.")):
        paper = replace(older, facts=replace(older.facts, summary=first))
        (found,) = changes({"arxiv:2603.00001": paper, "doi:10.1/x": younger}, listing(both), LOOK)
        assert found.facts.summary == kept


def test_votes_are_the_highest_of_a_papers_listings():
    old = Seen("hf", DAY - timedelta(days=5), upvotes=40)
    known = replace(known_moss(), seen=(*known_moss().seen, old), facts=replace(known_moss().facts, upvotes=40))
    (found,) = changes({MOSS.keys[0]: known}, listing(replace(MOSS, upvotes=30)), LOOK)
    assert found.facts.upvotes == 40
    assert found.findings == ()


def test_news_ends_where_the_rules_say():
    back = replace(LOOK, backfill=True)
    assert [f.news for f in changes({}, listing(MOSS), back)[0].findings] == [False]
    old = replace(LOOK, first_look=DAY + timedelta(days=2))
    assert [f.news for f in changes({}, listing(MOSS), old)[0].findings] == [False]
    eve = replace(LOOK, first_look=DAY + timedelta(days=1))
    assert [f.news for f in changes({}, listing(MOSS), eve)[0].findings] == [True]
    replaced = replace(MOSS, announce="replace-cross")
    assert [f.news for f in changes({}, listing(replaced), LOOK)[0].findings] == [False]
    risen = replace(MOSS, upvotes=9)
    assert kinds(risen, replace(LOOK, at=LOOK.at + timedelta(days=14))) == [("rose", True)]
    assert kinds(risen, replace(LOOK, at=LOOK.at + timedelta(days=15))) == [("rose", False)]


@pytest.mark.parametrize("backfill", [True, False])
def test_what_was_never_listed_as_news_neither_rises_nor_is_enriched_nor_revised_as_news(backfill):
    first = replace(known_moss(), facts=replace(known_moss().facts, version=1))
    untold = replace(first, seen=(replace(first.seen[0], news=False),))
    more = replace(MOSS, upvotes=9, code="https://code.example.org/moss", version=2, announce="replace")
    look = replace(LOOK, source="arxiv", backfill=backfill)
    expected = [("listed elsewhere", False), ("rose", False), ("enriched", False), ("revised", False)]
    assert kinds(more, look, untold) == expected
    assert kinds(more, look, first) == [(kind, kind != "listed elsewhere" and not backfill) for kind, _ in expected]


def test_a_listing_that_is_news_makes_news_of_what_comes_with_it():
    first = replace(known_moss(), facts=replace(known_moss().facts, version=1), first_day=DAY - timedelta(days=90))
    untold = replace(first, seen=(replace(first.seen[0], day=DAY - timedelta(days=90), news=False),))
    more = replace(MOSS, upvotes=9, version=2, announce="cross")
    assert kinds(more, known=untold) == [("listed elsewhere", True), ("rose", True), ("revised", True)]


def test_on_a_settled_day_what_is_new_is_settled_at_once():
    settled = replace(LOOK, settled=True)
    (found,) = changes({}, listing(MOSS), settled)
    assert [(f.kind, f.news) for f in found.findings] == [("listed", True), ("settled", True)]


def test_only_a_whole_look_unlists():
    fern = replace(MOSS, keys=("arxiv:2603.00002",))
    known, here = {MOSS.keys[0]: known_moss()}, [known_moss()]

    def missing(look: Listing) -> list[tuple[int, str, bool]]:
        return [(k.paper, f.kind, f.news) for k, f in gone(here, changes(known, look, LOOK), look, LOOK)]

    assert missing(listing(fern)) == [(1, "unlisted", False)]
    assert missing(listing(fern, whole=False)) == []
    assert missing(listing(MOSS)) == []


def test_a_paper_shown_by_another_of_its_keys_is_not_gone():
    known, other = known_moss(), replace(MOSS, keys=("guid:hf:moss",))
    look = listing(other)
    assert gone([known], changes({"guid:hf:moss": known}, look, LOOK), look, LOOK) == []


def test_a_key_that_joins_two_papers_merges_the_younger_into_the_older():
    older = known_moss()
    younger = Known(7, Facts(key="10.1/x", title="Moss", sources=("feed",), doi="10.1/x"), DAY, (Seen("feed", DAY),))
    both = replace(MOSS, keys=("arxiv:2603.00001", "doi:10.1/x"))
    (found,) = changes({"arxiv:2603.00001": older, "doi:10.1/x": younger}, listing(both), LOOK)
    assert (found.paper, found.merges) == (1, (7,))
    assert found.facts.sources == ("hf", "feed")
    assert found.facts.doi == "10.1/x"


def test_a_papers_key_is_the_strongest_that_is_known_and_says_what_it_was():
    by_guid = replace(MOSS, keys=("guid:j:moss",))
    paper = stored(changes({}, listing(by_guid), LOOK)[0])
    keys = []
    for more in ((), ("doi:10.1/x",), ("arxiv:2603.00001",), ("doi:10.1/y",)):
        (found,) = changes({"guid:j:moss": paper}, listing(replace(MOSS, keys=(*more, "guid:j:moss"))), LOOK)
        keys.append((found.facts.key, found.former))
        paper = stored(found, paper)
        assert found.findings == ()
    assert keys == [("j:moss", ""), ("10.1/x", "j:moss"), ("2603.00001", "10.1/x"), ("2603.00001", "")]


counts = st.one_of(st.none(), st.integers(0, 600))
texts = st.sampled_from(["", "Moss", "Fern", "Mosses and ferns"])
entries = st.builds(
    Entry,
    keys=st.sampled_from([("arxiv:2603.00001",), ("arxiv:2603.00002",), ("arxiv:2603.00001", "doi:10.1/x")]),
    title=texts,
    abstract=texts,
    summary=texts,
    upvotes=counts,
    comments=counts,
    code=st.sampled_from(["", "https://code.example.org/moss"]),
    version=st.one_of(st.none(), st.integers(1, 4)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(entries, st.sampled_from(["hf", "mirror"])), min_size=1, max_size=6))
def test_a_look_that_is_repeated_teaches_nothing(looks):
    known: dict[str, Known] = {}
    for number, (entry, source) in enumerate(looks, 1):
        look = replace(LOOK, source=source)
        for again in (False, True):
            (found,) = changes(known, listing(entry), look)
            if again:
                assert found.findings == ()
                assert not found.appears
            before = known.get(next((key for key in entry.keys if key in known), ""))
            paper = replace(stored(found, before, look), paper=found.paper or number)
            merged = [key for key, other in known.items() if other.paper in found.merges]
            known |= dict.fromkeys([*entry.keys, *merged], paper)
            known = {key: paper if other.paper == paper.paper else other for key, other in known.items()}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(entries, texts), min_size=1, max_size=6))
def test_summaries_make_no_change_whatever_they_are_and_the_last_is_kept(looks):
    known: dict[str, Known] = {}
    bare: dict[str, Known] = {}
    last = ""
    for shown, summary in looks:
        entry = replace(shown, keys=MOSS.keys, summary=summary)
        (found,) = changes(known, listing(entry), LOOK)
        (without,) = changes(bare, listing(replace(entry, summary="")), LOOK)
        last = summary or last
        assert found.findings == without.findings
        assert [finding.facts.summary for finding in found.findings] == [last] * len(found.findings)
        assert (found.facts, found.facts.summary, without.facts.summary) == (without.facts, last, "")
        known = {MOSS.keys[0]: stored(found, known.get(MOSS.keys[0]))}
        bare = {MOSS.keys[0]: stored(without, bare.get(MOSS.keys[0]))}


@given(st.integers(0, 600), st.integers(0, 600), st.lists(st.integers(0, 600), max_size=3))
def test_a_fall_is_no_rise(old, new, named):
    assert not (new <= old and milestones_between(old, new, named))
