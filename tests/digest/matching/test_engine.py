from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.matching.columns import Columns
from digest.matching.engine import Engine, indexes
from digest.sources.listing import Facts
from subscribers.query.canonical import canonical
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.digest.matching.brute import matches
from tests.digest.matching.captured import captured_facts, invented_filter
from tests.digest.matching.invented import facts
from tests.listings import need_listings
from tests.subscribers.query.invented import queries

DAYS = int(os.environ.get("CAPTURED_DAYS", "4"))  # the last of those captured; CAPTURED_DAYS=9999 has been run
PAIRS = int(os.environ.get("PAIRS", "20480"))  # PAIRS=102400 has been run


def matching(text: str, *papers: Facts) -> list[int]:
    """The places of the papers that a filter text matches."""
    return Engine({1: parse(text).query}).match(Columns(list(enumerate(papers)))).indexes(1)


def paper(title: str = "", abstract: str = "", **rest: object) -> Facts:
    return Facts("2611.00001", title, abstract, **rest)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=80)
@given(st.lists(queries, min_size=1, max_size=8), st.lists(facts, min_size=1, max_size=8))
def test_the_engine_equals_the_definition(some: list[Query], papers: list[Facts]) -> None:
    bits = Engine(dict(enumerate(some))).match(Columns(list(enumerate(papers))))
    for number, query in enumerate(some):
        assert bits.indexes(number) == [place for place, one in enumerate(papers) if matches(query, one)]


@settings(deadline=None, max_examples=PAIRS // 32**2, suppress_health_check=list(HealthCheck))
@given(st.lists(queries, min_size=32, max_size=32), st.lists(facts, min_size=32, max_size=32))
def test_the_engine_equals_the_definition_on_thousands_of_pairs(some: list[Query], papers: list[Facts]) -> None:
    bits = Engine(dict(enumerate(some))).match(Columns(list(enumerate(papers))))
    for number, query in enumerate(some):
        assert bits.indexes(number) == [place for place, one in enumerate(papers) if matches(query, one)]


@settings(deadline=None, max_examples=80)
@given(queries, st.lists(facts, min_size=1, max_size=6))
def test_a_canonical_form_means_the_same_on_all_papers(query: Query, papers: list[Facts]) -> None:
    again = parse(canonical(query), stored=True).query
    assert [matches(query, one) for one in papers] == [matches(again, one) for one in papers]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 200])
def test_any_number_of_columns_fits_the_planes(size: int) -> None:
    papers = [paper("cache" if place % 3 else "model", upvotes=place) for place in range(size)]
    engine = Engine({7: parse("cache").query, 8: parse("-cache upvotes:>=64").query, 9: parse("*").query})
    bits = engine.match(Columns([(place + 100, one) for place, one in enumerate(papers)]))
    assert bits.indexes(7) == [place for place in range(size) if place % 3]
    assert bits.changes(8) == [place + 100 for place in range(size) if place % 3 == 0 and place >= 64]
    assert bits.indexes(9) == list(range(size))
    assert bits.row(7).shape == (-(-size // 64),)


def test_a_reader_is_the_or_of_their_filters() -> None:
    engine = Engine({1: parse("cache").query, 2: parse("robot").query, 3: parse("moss").query})
    bits = engine.match(
        Columns([(5, paper("cache")), (6, paper("robot")), (7, paper("robots cache")), (8, paper("x"))])
    )
    assert indexes(bits.union([1, 2])) == [0, 1, 2]
    assert indexes(bits.union([])) == []
    assert indexes(bits.union([3])) == []
    assert bits.matched() == [1, 2]


def test_a_row_has_column_i_at_bit_i_of_a_word() -> None:
    row = Engine({1: parse("cache").query}).match(Columns([(1, paper("x")), (2, paper("cache"))])).row(1)
    assert row.dtype == np.uint64
    assert row.tolist() == [2]


def test_sub_expressions_are_compiled_once() -> None:
    texts = ["a (b OR c)", "(c OR b) a", "(b OR c) d", "-(b OR c)", "a OR -d"]
    engine = Engine({number: parse(text).query for number, text in enumerate(texts)})
    # a b c d, (b OR c), two ANDs, -b -c, their AND, -d, the OR
    assert len(engine) == 4 + 1 + 2 + 2 + 1 + 1 + 1


def test_no_filters_and_no_columns_match_nothing() -> None:
    assert len(Engine({})) == 0
    assert Engine({}).match(Columns([(1, paper("a"))])).matched() == []
    assert Engine({1: parse("-a").query}).match(Columns([])).matched() == []


@pytest.mark.parametrize("text", ["finetuning", "fine-tuning", '"fine tuning"', "=finetuning", "finetun*"])
def test_a_hyphen_a_space_and_one_word_are_found_alike(text: str) -> None:
    papers = [paper(title) for title in ("On Fine-Tuning", "fine tuning", "FineTuning", "fine, tuning", "tuning fine")]
    assert matching(text, *papers)[:3] == [0, 1, 2]
    assert 4 not in matching(text, *papers)


def test_a_compound_is_found_inside_a_phrase_from_both_sides() -> None:
    papers = (paper("A pre-trained language model"), paper("A pretrained language model"))
    for text in ('"pretrained language model"', '"pre trained language model"', "pre-trained"):
        assert matching(text, *papers) == [0, 1]


def test_function_words_make_no_compounds() -> None:
    assert matching("inform", paper("in form"), paper("to inform")) == [1]


def test_an_inner_hyphen_finds_both_spellings() -> None:
    assert matching("non-invasive", paper("non-invasive"), paper("Non invasive"), paper("invasive non")) == [0, 1]


def test_stems_widen_and_exact_forms_do_not() -> None:
    papers = (
        paper("", "We train a vision transformer."),
        paper("", "Vision transformations of images."),
        paper("", "The wavelet transform again."),
    )
    assert matching("transformer", *papers) == [0, 1, 2]
    assert matching('"vision transformer"', *papers) == [0, 1]
    assert matching("=transformer", *papers) == [0]
    assert matching('="vision transformer"', *papers) == [0]


def test_a_phrase_stands_within_one_field() -> None:
    assert matching('"kv cache"', paper("kv", "cache"), paper("", "a KV cache")) == [1]


def test_fields_look_in_their_own_text() -> None:
    papers = (paper("cache", "model"), paper("model", "cache"))
    assert matching("title:cache", *papers) == [0]
    assert matching("abstract:cache", *papers) == [1]
    assert matching("title:(cache -model)", *papers) == [0]
    assert matching("cache", *papers) == [0, 1]


def test_near_counts_the_words_between() -> None:
    papers = (paper("cache eviction"), paper("eviction of the cache"), paper("cache a b c eviction"), paper("cache"))
    assert matching('"cache eviction"~2', *papers) == [0, 1]
    assert matching('"cache eviction"~3', *papers) == [0, 1, 2]
    assert matching('"cache eviction"~0', *papers) == [0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('author:"Y LeCun"', [0, 1]),
        ('author:"Yann LeCun"', [0, 1]),
        ('author:"LeCun, Yann"', [0, 1]),
        ("author:lecun", [0, 1]),
        ('author:"J Dee"', [2]),
        ("author:city", []),
        ('author:"Zoe Oneil"', [3]),
        ('author:"Anna Dee"', []),
    ],
)
def test_authors_match_by_initials_and_without_accents(text: str, found: list[int]) -> None:
    papers = [paper(authors=(name,)) for name in ("Yann A. LeCun", "Y. LeCun", "J. Dee", "Zoë O’Neil")]
    assert matching(text, *papers) == found


def test_an_initial_never_stands_for_a_family_name() -> None:
    assert matching('author:"Wei Zhang"', paper(authors=("Wei Z.",)), paper(authors=("W. Zhang",))) == [1]


def test_organisations_and_sources() -> None:
    papers = (
        paper(organisations=("The Beacon Collaboration",), sources=("hf",)),
        paper(organisations=("University of Saltmarsh",), sources=("arxiv-cs",)),
    )
    assert matching("org:beacon", *papers) == [0]
    assert matching('org:"of saltmarsh"', *papers) == [1]
    assert matching("source:arxiv", *papers) == [1]
    assert matching("source:hf", *papers) == [0]
    assert matching("source:arx", *papers) == []


def test_numbers_and_flags() -> None:
    papers = [paper(upvotes=n, comments=9 - n, code="x" * (n % 2), project="x" * (n // 5)) for n in range(10)]
    assert matching("upvotes:>=8", *papers) == [8, 9]
    assert matching("upvotes:2..3 OR comments:0", *papers) == [2, 3, 9]
    assert matching("has:code -has:project", *papers) == [1, 3]


def test_categories_one_by_one_and_whole_archives() -> None:
    papers = (
        paper(categories=("cs.LG", "stat.ML"), primary="cs.LG"),
        paper(categories=("hep-th",), primary="hep-th"),
        paper(categories=("cs.CL",), arxiv="2611.00001"),  # kept before the primary category was
        paper(categories=("Robotics", "CSS"), keywords=("cs",)),
    )
    for text, found in {
        "cat:cs.LG": [0], "cat:cs.lg": [0], "cat:cs.*": [0, 2], "cat:hep-th": [1], "cat:stat.ML": [0], "cat:c": [],
        "primary:cs.LG": [0], "primary:cs.CL": [2], "primary:cs.*": [0, 2], "primary:stat.ML": [], "-cat:cs.*": [1, 3],
    }.items():  # fmt: skip
        assert matching(text, *papers) == found, text


def test_keywords_and_the_labels_of_feeds() -> None:
    papers = (
        paper(keywords=("Reinforcement learning from human feedback", "RLHF")),
        paper(keywords=("large language models",), categories=("Robot learning",)),
    )
    assert matching("#rlhf", *papers) == [0]
    assert matching('tag:"large language model"', *papers) == [1]
    assert matching("tag:robots", *papers) == [1]
    assert matching('tag:"learning from feedback"', *papers) == []
    assert matching("tag:learning", *papers) == [0, 1]
    assert matching("rlhf", *papers) == []


def test_one_paper_by_any_of_its_names() -> None:
    papers = (
        paper(arxiv="2611.00001", doi="10.1000/x"),
        Facts("blog:Post (7)", ""),
        Facts("10.1000/y", "", doi="10.1000/y"),
    )
    assert matching("2611.00001v3", *papers) == [0]
    assert matching("id:10.1000/X", *papers) == [0]
    assert matching('id:"blog:Post (7)" OR doi:10.1000/y', *papers) == [1, 2]


def test_journals() -> None:
    papers = (paper(journal="Nature Communications 14 (2026)"), paper(journal="J. Natur. Sci."), paper())
    assert matching("journal:nature", *papers) == [0]
    assert matching('journal:"nature communications"', *papers) == [0]


def test_days_of_publication() -> None:
    papers = [paper(published=day) for day in ("2026-01-01", "2026-01-31", "2026-02-01", "", "soon")]
    assert matching("published:2026-01", *papers) == [0, 1]
    assert matching("published:2026-01-31..", *papers) == [1, 2]
    assert matching("published:<2026-02", *papers) == [0, 1]
    assert matching("-published:2026", *papers) == [3, 4]


def test_the_last_days_are_those_before_the_change_was_judged() -> None:
    """The same paper, judged at three moments; a date of tomorrow is that of another time zone."""
    old = paper(published="2026-01-01")
    judged = [old.judged_on(date(2026, 1, day)) for day in (8, 9)]
    assert matching("published:P7D", *judged, old, replace(old, published="2026-01-09", judged="2026-01-08")) == [0, 3]


def test_how_arxiv_announced_it() -> None:
    papers = [paper(announce=kind) for kind in ("new", "cross", "replace", "replace-cross", "")]
    papers += [paper(version=2), paper(announce="new", version=2)]
    assert matching("is:new", *papers) == [0, 4, 6]
    assert matching("is:cross", *papers) == [1, 3]
    assert matching("is:revised", *papers) == [2, 3, 5]


def test_a_change_is_judged_by_its_own_facts() -> None:
    """One paper, three changes: the number is reached at the second."""
    changes = [(11, paper("cache", upvotes=19)), (12, paper("cache", upvotes=20)), (13, paper("cache", upvotes=25))]
    bits = Engine({1: parse("cache upvotes:>=20").query}).match(Columns(changes))
    assert bits.changes(1) == [12, 13]


def test_tex_is_read_before_matching() -> None:
    assert matching("τ-bench", paper("$\\tau$-bench"), paper("τ-bench")) == [0, 1]
    assert matching('author:"Muller"', paper(authors=('M{\\"u}ller',))) == [0]


@pytest.mark.listings
def test_the_engine_equals_the_definition_on_captured_papers() -> None:
    papers = captured_facts(need_listings(), DAYS)
    source = random.Random(5)
    some = [parse(invented_filter(source, papers)).query for _ in range(120)]
    bits = Engine(dict(enumerate(some))).match(Columns(list(enumerate(papers))))
    hits = 0
    for number, query in enumerate(some):
        found = bits.indexes(number)
        assert found == [place for place, one in enumerate(papers) if matches(query, one)], canonical(query)
        hits += len(found)
    assert hits
