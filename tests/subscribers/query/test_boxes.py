from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.query.boxes import Boxes, boxes_of, lines_of, names_of, terms_of, text_of
from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.subscribers.query.invented import queries

AGENTS = Boxes(all=["LLM", "agents"], none=["surveys"], upvotes=20, always=["Ilka Quorndal", "T Marrash"])


@settings(deadline=None, max_examples=400)
@given(queries)
def test_a_filter_in_boxes_means_the_same(query: Query) -> None:
    boxes = boxes_of(query)
    if boxes is not None:
        assert canonical(parse(text_of(boxes), stored=True).query) == canonical(query)


TYPED = st.text(alphabet="ab AND-or*\"':()[]|+!=~,;\n#é", max_size=12)


@settings(deadline=None, max_examples=400)
@given(st.lists(TYPED, min_size=6, max_size=6), st.integers(0, 30))
def test_whatever_is_typed_in_boxes_is_a_filter_or_a_clear_error(typed: list[str], upvotes: int) -> None:
    one, many, phrase, none, people, always = typed
    boxes = Boxes(
        lines_of(one), terms_of(many), phrase, terms_of(none), names_of(people), [], [], upvotes, names_of(always)
    )
    text = text_of(boxes)
    try:
        query = parse(text).query
    except QueryError as error:
        _check(error, text)
        return
    again = boxes_of(query)
    if again is not None:
        assert canonical(parse(text_of(again), stored=True).query) == canonical(query)


def _check(error: QueryError, text: str) -> None:
    assert error.message
    assert 0 <= error.position <= len(text)


def test_boxes_say_what_people_come_for() -> None:
    text = text_of(AGENTS)
    assert text == '(LLM agents upvotes:>=20 -surveys) OR author:"Ilka Quorndal" OR author:"T Marrash"'
    parsed = parse(text)
    assert (parsed.warnings, parsed.notices) == ((), ())
    assert boxes_of(parsed.query) == Boxes(
        all=["agents", "llm"], none=["surveys"], upvotes=20, always=["ilka quorndal", "t marrash"]
    )


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (Boxes(any=lines_of("kv cache\ncache eviction\nevikt*")), '("kv cache" OR "cache eviction" OR evikt*)'),
        (Boxes(any=lines_of("title:agents\n =training \n\n")), "(title:agents OR =training)"),
        (Boxes(any=lines_of("or\n")), '"or"'),
        (Boxes(all=terms_of('attention "long context" or')), 'attention "long context" "or"'),
        (Boxes(none=terms_of("survey fine-tuning")), "-survey -fine-tuning"),
        (Boxes(phrase=' kv "cache" '), '"kv cache"'),
        (Boxes(authors=names_of("Ann Moss, I Reed\nFen")), '(author:"Ann Moss" OR author:"I Reed" OR author:Fen)'),
        (Boxes(orgs=names_of("Fen; Meta"), categories=names_of("cs.LG")), "(org:Fen OR org:Meta) cat:cs.LG"),
        (Boxes(any=lines_of("agents OR tools\nrobots")), "(agents OR tools OR robots)"),
        (Boxes(any=["agents"], always=["Moss"]), "agents OR author:Moss"),
        (Boxes(always=["Moss"]), "author:Moss"),
        (Boxes(), ""),
    ],
)  # fmt: skip
def test_each_box_has_its_place_in_the_text(typed: Boxes, text: str) -> None:
    assert text_of(typed) == text


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("diffusion", Boxes(all=["diffusion"])),
        ('"kv cache" (agents OR tool*) -survey', Boxes(any=["agents", "tool*"], phrase="kv cache", none=["survey"])),
        ("a OR b OR author:moss", Boxes(any=["a", "b"], always=["moss"])),
        ("author:moss OR author:reed", Boxes(authors=["moss", "reed"])),
        ("author:moss author:reed", Boxes(authors=["moss"], all=["author:reed"])),
        ("cat:cs.LG OR cat:cs.CL", Boxes(categories=["cs.CL", "cs.LG"])),
        ("primary:cs.LG", Boxes(all=["primary:cs.LG"])),
        ("primary:cs.LG OR cat:cs.CL", Boxes(any=["cat:cs.CL", "primary:cs.LG"])),
        ("upvotes:10..20 has:code", Boxes(all=["has:code", "upvotes:10..20"])),
        ("*", Boxes(all=["*"])),
        ("-survey", Boxes(none=["survey"])),
    ],
)
def test_a_text_is_read_into_boxes(text: str, boxes: Boxes) -> None:
    assert boxes_of(parse(text).query) == boxes


@pytest.mark.parametrize("text", ["(a b) OR c", "(a OR b) (c OR d)", "a OR -b", "-(*)", "(a OR (b c)) d"])
def test_a_text_that_says_more_stays_text(text: str) -> None:
    assert boxes_of(parse(text).query) is None
