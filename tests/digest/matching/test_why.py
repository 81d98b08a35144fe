from __future__ import annotations

import pytest
from hypothesis import given, settings

from digest.editions import draft
from digest.matching.mark import Mark
from digest.matching.why import is_true, reason, why, why_not
from digest.matching.widening import widened
from digest.sources.listing import Facts
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from subscribers.query.tex import readable
from tests.digest.matching.brute import matches
from tests.digest.matching.invented import facts
from tests.subscribers.query.invented import queries

PAPER = Facts(
    "2611.00001",
    "Regret-Free Cache Eviction for Long Inputs",
    "Serving a long-context model: $\\alpha$ robots that rob. Diffusion policies are fine tuned.",
    authors=("Yann A. LeCun", "Zoë O’Neil"),
    organisations=("Harrow Fen Laboratory",),
    upvotes=25,
    comments=1,
    sources=("hf", "arxiv-cs"),
    code="https://code.example",
    arxiv="2611.00001",
    categories=("cs.LG", "stat.ML"),
    primary="cs.LG",
    keywords=("KV caches", "serving"),
    journal="Fen Letters 7 (2026)",
    published="2026-11-20",
    judged="2026-11-25",
    announce="replace",
)


def said(text: str, paper: Facts = PAPER) -> str:
    return reason(why(parse(text).query, paper))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"cache eviction"', '"cache eviction" in the title'),
        (
            '"cache eviction" OR "long context"',
            '"cache eviction" in the title, "long context", as "long-context", in the abstract',
        ),
        ("robot*", 'robot* as "robots" in the abstract'),
        ("title:evict*", 'evict* as "Eviction" in the title'),
        ('"diffusion policy"', '"diffusion policy" in the abstract'),
        ("cache eviction serving", '"cache" and "eviction" in the title, "serving" in the abstract'),
        ("serve", '"serve", by its stem as "Serving", in the abstract'),
        ("finetuned", '"finetuned", as "fine tuned", in the abstract'),
        ("=cache", '"cache" in the title'),
        ('"inputs cache"~4', '"cache inputs" in the title'),
        ('author:"Y LeCun"', "by Yann A. LeCun"),
        ("org:fen", "from Harrow Fen Laboratory"),
        ("source:arxiv", "listed by arxiv-cs"),
        ("upvotes:>=20", "25 upvotes"),
        ("comments:1..", "1 comment"),
        ("has:code", "code"),
        ("cat:cs.* #kv-cache", "in cs.LG, tagged “KV caches”"),
        ("primary:cs.LG journal:letters", "published in Fen Letters 7 (2026), first of all in cs.LG"),
        ("2611.00001", "with the id 2611.00001"),
        ("published:P7D is:revised", "announced as revised, published on 2026-11-20"),
        ("cache upvotes:>=20", '"cache" in the title, 25 upvotes'),
        ("*", "every paper"),
        ("-survey", "everything except papers with “survey” in title or abstract"),
        ("long", '"long" in the title'),
    ],
)
def test_a_reason_in_one_line(text: str, line: str) -> None:
    assert said(text) == line


def test_quotes_may_be_others() -> None:
    assert reason(why(parse("robot*").query, PAPER), ("“", "”")) == "robot* as “robots” in the abstract"


def test_no_marks_give_no_reason() -> None:
    assert reason(()) == ""


def test_all_places_are_marked_in_order_and_in_the_readable_text() -> None:
    marks = why(parse("long OR robot").query, PAPER)
    assert [(mark.field, mark.shown) for mark in marks] == [
        ("title", "Long"),
        ("abstract", "long"),
        ("abstract", "robots"),
    ]
    assert readable(PAPER.abstract)[marks[2].start : marks[2].end] == "robots"


def test_places_never_overlap_and_the_longer_wins() -> None:
    marks = why(parse('cache OR eviction OR "cache eviction"').query, PAPER)
    assert [mark.shown for mark in marks] == ["Cache Eviction"]


def test_near_words_are_marked_one_by_one() -> None:
    assert [mark.shown for mark in why(parse('"inputs cache"~4').query, PAPER)] == ["Cache", "Inputs"]


def test_nothing_inside_a_not_or_in_a_branch_that_failed_is_marked() -> None:
    assert [mark.clause for mark in why(parse("eviction -survey").query, PAPER)] == ["eviction"]
    assert [mark.clause for mark in why(parse("(cache survey) OR eviction").query, PAPER)] == ["eviction"]
    assert [mark.clause for mark in why(parse("-(-cache)").query, PAPER)] == ["cache"]


def test_a_mark_says_when_it_rests_on_the_stem_alone() -> None:
    stems = {
        text: why(parse(text).query, PAPER)[0].by_stem for text in ("serve", "robot", "policy", "finetuning", "robot*")
    }
    assert stems == {"serve": True, "robot": False, "policy": False, "finetuning": True, "robot*": False}


def test_the_draft_carries_the_same_marks() -> None:
    assert draft.Mark is Mark


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("survey", "has no “survey” in title or abstract"),
        ("=robot", "has not exactly “robot” in title or abstract"),
        ("survey cache upvotes:>=30", "has no “survey” in title or abstract; has 25 upvotes, not at least 30 upvotes"),
        ("survey OR title:model", "has none of these: “survey” in title or abstract or “model” in the title"),
        ("cache -eviction", "left out: has “Eviction” in the title"),
        ("-upvotes:>=20", "left out: has 25 upvotes"),
        ('-author:"Y LeCun"', "left out: by Yann A. LeCun"),
        ("author:moss", "has no author “moss”"),
        ("org:moss", "has no organisation “moss”"),
        ("source:other", "has no listing by other"),
        ("has:project", "has no project page"),
        ("surv*", "has no word beginning “surv” in title or abstract"),
        ("cat:cs.CL", "has not the category cs.CL"),
        ("primary:stat.*", "has no primary category of stat"),
        ("-cat:cs.LG", "left out: in cs.LG"),
        ("#rlhf OR journal:nature", "has none of these: a journal “nature” or a keyword “rlhf”"),
        ("2611.00002", "has not the id 2611.00002"),
        ("published:P3D", "was published on 2026-11-20, not in the last 3 days"),
        ("published:2026-11-21", "was published on 2026-11-20, not 2026-11-21"),
        ("is:new", "has no announcement as new"),
        ("-is:revised", "left out: announced as revised"),
        ("-*", "no paper can match"),
        ("cache", ""),
    ],
)
def test_a_miss_names_the_clauses_that_failed(text: str, line: str) -> None:
    assert why_not(parse(text).query, PAPER) == line


@settings(deadline=None, max_examples=120)
@given(queries, facts)
def test_why_and_why_not_agree_with_the_definition(query: Query, paper: Facts) -> None:
    true = matches(query, paper)
    assert is_true(query, paper) == true
    assert bool(why(query, paper)) == true
    assert bool(reason(why(query, paper))) == true
    assert bool(why_not(query, paper)) != true


@settings(deadline=None, max_examples=80)
@given(queries, facts)
def test_places_hold_the_words_shown(query: Query, paper: Facts) -> None:
    texts = {"title": readable(paper.title), "abstract": readable(paper.abstract)}
    end = {"title": 0, "abstract": 0}
    for mark in why(query, paper):
        if mark.field in texts:
            assert end[mark.field] <= mark.start < mark.end
            assert texts[mark.field][mark.start : mark.end] == mark.shown
            end[mark.field] = mark.end
        else:
            assert (mark.start, mark.end) == (0, 0)
            assert mark.shown


def test_widening_names_the_words_that_count_by_their_stem_and_the_exact_form() -> None:
    papers = [
        Facts("1", "", "We train a vision transformer."),
        Facts("2", "", "Vision transformations of images."),
        Facts("3", "", "The wavelet transform again; transformers."),
    ]
    assert widened(parse("transformer").query, papers) == (
        "transformer also finds “transformations”, “transform” by the stem; =transformer does not",
    )
    assert widened(parse('"vision transformer"').query, papers) == (
        '"vision transformer" also finds “transformations” by the stem; ="vision transformer" does not',
    )
    assert widened(parse("=transformer OR transf* OR image").query, papers) == ()


def test_widening_names_a_few_words_and_counts_the_rest() -> None:
    words = [
        "transform",
        "transforming",
        "transformed",
        "transformation",
        "transformations",
        "transformable",
        "transformative",
    ]
    (warning,) = widened(parse("transformer").query, [Facts("1", " ".join(words))])
    assert warning.count("“") == 5
    assert "more by the stem" in warning
