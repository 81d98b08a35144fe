"""Looks in any order: which papers there are, by which keys, and where they were listed is the same at the end.

What depends on the order, and has to: the texts (those of the source that listed a paper first stand), the counts
(those that a listing showed last), what is gone (it was there before), and the day of the first listing.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.models import Appearance, Change, Identity, Paper, Source
from digest.pipeline.snapshots import Answer, take_snapshot
from digest.sources import verdict
from digest.sources.listing import Entry, Listing
from tests.house import HF, run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 24, 6, tzinfo=UTC)
DAYS = (date(2026, 11, 23), date(2026, 11, 24))
WORLD = (  # all keys of each paper, of which a look may show any
    ("arxiv:2611.00001", "doi:10.5555/moss"),
    ("arxiv:2611.00002",),
    ("arxiv:2611.00003", "doi:10.5555/fern", "guid:j:fern"),
    ("doi:10.5555/reed", "guid:j:reed", "guid:k:reed"),
)
Shown = tuple[str, date, bool, tuple[tuple[str, ...], ...]]  # source, day, whole, the keys of each entry


def subsets(keys: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    some = st.lists(st.sampled_from(keys), min_size=1, unique=True)
    return some.map(lambda chosen: tuple(key for key in keys if key in chosen))


papers_shown = st.lists(st.sampled_from(WORLD), min_size=1, unique=True).flatmap(
    lambda chosen: st.tuples(*(subsets(keys) for keys in chosen))
)
shown = st.tuples(st.sampled_from([HF, "second"]), st.sampled_from(DAYS), st.booleans(), papers_shown)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, Source]:
    """No look is doubted for being short: six keys that come one by one are six papers, and then one is few."""
    monkeypatch.setattr(verdict, "FEW", 100)
    run("source", "add", "second", "--kind", "hf", "--url", "https://second.example.org")
    return {source.slug: source for source in Source.objects.all()}


def look(sources: dict[str, Source], one: Shown, now: datetime) -> None:
    slug, day, whole, entries = one
    listing = Listing(day, tuple(Entry(keys, title=keys[0], upvotes=3) for keys in entries), whole)
    assert take_snapshot(sources[slug], day, Answer(listing=listing), now).verdict in ("ok", "partial")


def known(sources: dict[str, Source], looks: list[Shown]) -> tuple[set, set, set]:
    """Papers by their keys, their listings, and the ids and sources in their facts, after these looks, each twice."""
    with transaction.atomic():
        for n, one in enumerate(looks):
            look(sources, one, START + timedelta(hours=n))
            head = Change.objects.count()
            look(sources, one, START + timedelta(hours=n, minutes=30))
            assert Change.objects.count() == head
        names: dict[int, frozenset[str]] = {}
        for key, paper in Identity.objects.values_list("key", "paper"):
            names[paper] = names.get(paper, frozenset()) | {key}
        rows = Appearance.objects.values_list("paper", "source__slug", "day")
        listings = {(names[paper], source, day) for paper, source, day in rows}
        assert len(listings) == len(rows)
        alive = Paper.objects.filter(merged_into=None)
        facts = {
            (names[p.pk], p.facts.get("arxiv", ""), p.facts.get("doi", ""), frozenset(p.facts["sources"]))
            for p in alive
        }
        transaction.set_rollback(True)
    return set(names.values()), listings, facts


def expected(looks: list[Shown]) -> tuple[set, set, set]:
    """The same without any code of ours: keys that were ever shown together are one paper."""
    groups: list[frozenset[str]] = []
    for _, _, _, entries in looks:
        for keys in entries:
            touching = [group for group in groups if not group.isdisjoint(keys)]
            groups = [group for group in groups if group not in touching] + [frozenset(keys).union(*touching)]
    of = {key: group for group in groups for key in group}
    listings = {(of[keys[0]], source, day) for source, day, _, entries in looks for keys in entries}
    facts = {
        (group, _id(group, "arxiv:"), _id(group, "doi:"), frozenset(s for g, s, _ in listings if g == group))
        for group in groups
    }
    shorts = {HF: "hf", "second": "second"}
    return set(groups), listings, {(g, a, d, frozenset(shorts[s] for s in names)) for g, a, d, names in facts}


def _id(group: frozenset[str], kind: str) -> str:
    return next((key.removeprefix(kind) for key in group if key.startswith(kind)), "")


FERN = WORLD[2]


@pytest.mark.slow
@example(  # the youngest look joins a paper that has no id with one that has
    looks=[(HF, DAYS[0], False, (FERN[2:],)), (HF, DAYS[1], False, (FERN[:2],)), (HF, DAYS[1], False, (FERN[1:],))]
)
@given(looks=st.lists(shown, min_size=1, max_size=5).flatmap(st.permutations))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_known_at_the_end_is_what_was_shown_in_whatever_order(looks, sources):
    assert known(sources, looks) == expected(looks)
