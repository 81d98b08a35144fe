"""Texts in pieces, marked and not."""

from hypothesis import given
from hypothesis import strategies as st

from digest.matching.mark import Mark
from digest.matching.why import why
from digest.sources.listing import Facts
from digest.views.cards import card, pieces
from subscribers.query.parser import parse

places = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)


@given(text=st.text("abc ", max_size=40), spans=st.lists(places, max_size=6))
def test_pieces_are_the_whole_text_in_order_whatever_is_marked(text, spans):
    marks = [Mark("x", "title", start, end) for start, end in spans]
    assert "".join(piece for piece, _ in pieces(text, marks, "title")) == text


def test_marks_stand_where_the_words_are_also_after_tex_is_read():
    facts = Facts(key="1", title=r"On $\alpha$-robots and {\"o}thers", abstract="A robot.")
    shown = card(facts, why(parse("robot* OR others").query, facts))
    assert [text for text, marked in shown.title if marked] == ["robots", "öthers"]
    assert shown.name == "On α-robots and öthers"


def test_a_mark_beyond_the_end_of_a_cut_text_is_left_out():
    facts = Facts(key="1", title="Moss", abstract="word " * 100 + "robot")
    shown = card(facts, why(parse("robot").query, facts), most=50)
    assert not [text for text, marked in shown.abstract if marked]
    assert shown.why == "“robot” in the abstract"


def test_signs_that_turn_the_text_around_never_reach_a_page():
    shown = card(Facts(key="1", title="a\u202eb", abstract="c\ue0b4d\u2066e", authors=("f\u202eg",)))
    assert (shown.name, shown.abstract, shown.plain["authors"]) == ("ab", (("cde", False),), ["fg"])
