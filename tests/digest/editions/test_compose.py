"""Sections that readers share are the sections that each would get alone."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions.compose import Desk, Match, Occasion, Owed, Silence, compose
from digest.editions.draft import LENGTHS, Draft, Hit, Section
from digest.editions.fitting import MOST_BYTES, Frame, Sizes
from digest.editions.found import Candidate, Found
from digest.editions.rank import boosted
from digest.matching.mark import Mark
from digest.sources.listing import Facts
from subscribers.reader import Interest

WHEN = "2026-11-25T07:30:00+01:00"
FACTS = {n: Facts(f"2611.{n % 7:05}", ("Moss" if n % 3 else "Fern"), upvotes=n * 13 % 60) for n in range(1, 15)}
PAPERS = {n: n % 7 for n in FACTS}


def occasion(listed: int) -> Occasion:
    return Occasion("2026-11-25", WHEN, WHEN, WHEN, "Europe/Berlin", listed)


def why(filter_id: int, change: int) -> tuple[Mark, ...]:
    return (Mark(f"f{filter_id}", "title", change, change + 1),)


def desk(size: int) -> Desk:
    return Desk(
        FACTS,
        PAPERS.__getitem__,
        why,
        lambda interest, c: boosted(interest.boosts, c.facts, c.hours),
        dict.fromkeys(
            LENGTHS, Sizes(lambda change: size + 20, lambda hit: size + 10, lambda hit: size, lambda part: 0)
        ),
        Frame(0, 0),
    )


def candidate(change: int, revision: int = 0) -> Candidate:
    return Candidate(change, PAPERS[change], "listed", FACTS[change], revision=revision)


founds = st.dictionaries(st.integers(0, 6), st.tuples(st.booleans(), st.integers(0, 14)), max_size=5).map(
    lambda some: Found(tuple(candidate((paper or 7) + 7 * late, rev) for paper, (late, rev) in some.items()))
)
shared = st.shared(st.lists(founds, min_size=1, max_size=3), key="founds")


@st.composite
def readers(draw: st.DrawFn) -> list[Match]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(draw(shared)) - 1))
        interest = Interest(
            number + 1, f"T{draw(st.integers(0, 2))}", "text", place, draw(st.integers(0, 2)),
            draw(st.sampled_from((0, 0, 30, 60))), draw(st.sampled_from((None, 1, 2))), "slot", False,
            draw(st.booleans()), None, draw(st.sampled_from(((), ("+3 moss",)))),
        )  # fmt: skip
        made.append(Match(interest, draw(shared)[place]))
    return made


@dataclass
class Alone:
    """What the docstrings say, for one reader, without anything shared."""

    matches: list[Match]
    told: dict[int, int]

    def fresh(self, match: Match) -> list[Candidate]:
        again = match.interest.revisions
        return [
            c for c in match.found.candidates
            if c.paper not in self.told or (again and c.revision > self.told[c.paper])
        ]  # fmt: skip

    def sections(self) -> tuple[Section, ...]:
        ordered = sorted(self.matches, key=lambda match: -match.interest.weight)
        home: dict[int, int] = {}
        names: dict[int, list[str]] = {}
        for passing in (True, False):
            for match in ordered:
                for c in self.fresh(match):
                    if (self.score(match, c) >= match.interest.threshold) is passing:
                        home.setdefault(c.paper, match.interest.id)
                    if passing:
                        names.setdefault(c.paper, []).append(match.interest.name)
        made = (self.section(match, home, names) for match in ordered)
        return tuple(section for section in made if section.hits or section.more)

    def section(self, match: Match, home: dict[int, int], names: dict[int, list[str]]) -> Section:
        topic = match.interest
        mine = [c for c in self.fresh(match) if home[c.paper] == topic.id]
        ranked = sorted(mine, key=lambda c: (-self.score(match, c), c.facts.key))
        passing = [c for c in ranked if self.score(match, c) >= topic.threshold]
        shown = passing[: topic.cap]
        hits = tuple(
            Hit(c.change, self.score(match, c), why(topic.filter, c.change),
                tuple(name for name in names[c.paper] if name != topic.name))
            for c in shown
        )  # fmt: skip
        more = tuple(c.change for c in ranked if c not in shown)
        return Section(topic.id, topic.name, topic.text, hits, more)

    def score(self, match: Match, c: Candidate) -> int:
        return boosted(match.interest.boosts, c.facts, c.hours)


@settings(deadline=None)
@given(st.lists(readers(), min_size=1, max_size=4), st.dictionaries(st.integers(0, 6), st.integers(1, 14), max_size=3))
def test_what_many_readers_share_is_what_each_would_get_alone(crowd: list[list[Match]], told: dict[int, int]) -> None:
    for place, matches in enumerate(crowd):
        had = told if place % 2 else {}
        alone = Alone(matches, had)
        found = {c.paper for match in matches for c in alone.fresh(match)}
        again = {c.paper for match in matches for c in match.found.candidates} - found
        made, sections = compose(occasion(20), matches, had, Owed(), desk(1)), alone.sections()
        if any(section.hits for section in sections):
            assert isinstance(made, Draft)
            assert made.sections == sections
            assert (made.told, made.outside) == (len(again), 20 - len(found) - len(again))
        else:
            below = "below threshold" if any(s.more for s in sections) else ""
            assert made == Silence(
                "no topics" if not matches else below or ("all told before" if again else "nothing matched")
            )


@settings(deadline=None)
@given(readers(), st.integers(1, 5))
def test_a_mail_is_cut_where_it_is_full_and_not_before(matches: list[Match], fitting: int) -> None:
    size = MOST_BYTES // fitting
    whole, cut = (compose(occasion(20), matches, {}, Owed(), desk(each)) for each in (1, size))
    if isinstance(whole, Silence) or isinstance(cut, Silence):
        assert whole == cut
        return
    shown, kept = ([hit for section in draft.sections for hit in section.hits] for draft in (whole, cut))
    assert len(kept) == min(len(shown), fitting)
    assert set(kept) <= set(shown)
    assert sorted(cut.changes()) == sorted(whole.changes())
