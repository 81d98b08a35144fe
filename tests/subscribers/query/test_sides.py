from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from subscribers.query.sides import BOTH, NAMES, Sides, followed, mark
from tests.subscribers.query.invented import queries


def back(shown: Sides, **changed: str) -> dict[str, str]:
    """The form as a browser sends it back, with line ends as browsers write them."""
    boxes = {name: value.replace("\n", "\r\n") for name, value in (shown.boxes or {}).items()}
    return {"q": shown.text, **boxes, **shown.marks, **changed}


def test_what_is_filled_in_first_leads() -> None:
    assert followed({"q": "moss -fern"}).boxes == dict.fromkeys(NAMES, "") | {"all": "moss", "none": "fern"}
    assert followed({"none": "fern", "all": "moss"}).text == "moss -fern"
    assert followed({}) == Sides("", dict.fromkeys(NAMES, ""))


def test_the_side_that_was_changed_leads_and_the_other_follows() -> None:
    shown = followed({"q": '"kv cache" OR evict*'})
    by_box = followed(back(shown, upvotes="10"))
    assert by_box.text == '("kv cache" OR evict*) upvotes:>=10'
    by_text = followed(back(by_box, q="moss"))
    assert by_text.boxes is not None
    assert (by_text.boxes["all"], by_text.boxes["any"], by_text.note) == ("moss", "", "")


def test_what_was_typed_in_boxes_stays_as_it_was_typed() -> None:
    typed = followed({"any": "kv cache\r\nEvict*", "authors": "Ada  Moss; B Reed"})
    assert typed.text == '("kv cache" OR Evict*) (author:"Ada Moss" OR author:"B Reed")'
    assert followed(back(typed)) == typed
    assert typed.boxes == dict.fromkeys(NAMES, "") | {"any": "kv cache\nEvict*", "authors": "Ada  Moss; B Reed"}


def test_when_both_were_changed_the_text_leads_and_a_note_says_so() -> None:
    both = followed(back(followed({"q": "moss"}), q="fern", all="kelp"))
    assert (both.text, both.note) == ("fern", BOTH)
    assert both.boxes is not None
    assert both.boxes["all"] == "fern"
    assert followed(back(both)).note == ""
    assert followed(back(followed({"q": "moss"}), q="fern", all="fern")).note == ""
    assert followed(back(followed({"q": "moss"}), q="(fern", all="kelp")).note == BOTH


def test_boxes_that_were_emptied_empty_the_text() -> None:
    assert followed(back(followed({"q": "moss"}), all="")).text == ""
    assert followed(back(followed({"q": "moss"}), q="")).boxes == dict.fromkeys(NAMES, "")


@pytest.mark.parametrize(
    ("name", "before", "after", "text"),
    [
        ("any", "kv\ncache", "kv cache", '"kv cache"'),
        ("any", "kv cache", "kv\r\ncache", "(kv OR cache)"),
        ("authors", "Ada Moss", "Ada\nMoss", "(author:Ada OR author:Moss)"),
    ],
)
def test_a_line_break_that_was_changed_in_a_box_is_a_change(name: str, before: str, after: str, text: str) -> None:
    assert followed(back(followed({name: before}), **{name: after})).text == text


def test_a_text_broken_into_other_lines_says_what_it_said_and_lets_a_box_lead() -> None:
    broken = followed(back(followed({"q": "moss -fern"}), q="moss\r\n-fern"))
    assert broken.boxes == followed({"q": "moss -fern"}).boxes
    assert followed(back(broken, q="moss -fern", none="kelp")).text == "moss -kelp"


def test_a_text_that_says_more_than_boxes_can_stays_text_until_it_can_be_boxes() -> None:
    rich = followed({"q": "(moss OR fern) (kelp OR algae)"})
    assert rich.boxes is None
    assert followed(back(rich)) == rich
    assert followed(back(rich, q="moss")).boxes == followed({"q": "moss"}).boxes


def test_a_text_that_can_t_be_read_leaves_the_boxes_alone() -> None:
    wrong = followed(back(followed({"q": "moss -fern"}), q="(moss"))
    assert (wrong.text, wrong.boxes) == ("(moss", followed({"q": "moss -fern"}).boxes)
    assert followed(back(wrong, all="kelp")).text == "kelp -fern"


@pytest.mark.parametrize("count", ["many", "-3", "1e3", "9" * 30, "٣"])
def test_upvotes_that_are_no_number_are_an_error_of_the_text(count: str) -> None:
    with pytest.raises(QueryError) as wrong:
        parse(followed({"upvotes": count, "all": "moss"}).text)
    assert wrong.value.hint


def test_numbers_and_categories_may_be_written_with_gaps() -> None:
    assert followed({"upvotes": " 1 000 "}).text == "upvotes:>=1000"
    assert followed({"categories": "cs.LG stat.ML"}).text == "(cat:cs.LG OR cat:stat.ML)"


@settings(deadline=None, max_examples=300)
@given(queries)
def test_a_form_that_comes_back_as_it_was_says_the_same_for_ever(query: Query) -> None:
    shown = followed({"q": canonical(query)})
    again = followed(back(shown))
    assert (again.text, again.note) == (shown.text, "")
    assert {k: v.split() for k, v in (again.boxes or {}).items()} == {
        k: v.split() for k, v in (shown.boxes or {}).items()
    }


ODD = st.text(alphabet="ab AND-or*\"':()[]|+!=~,;\n\r\x00#é\ud800", max_size=12)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from([*NAMES, "q", "was_text", "was_boxes"]), ODD))
def test_whatever_comes_back_is_answered(typed: dict[str, str]) -> None:
    shown = followed(typed)
    assert set(shown.boxes or NAMES) == set(NAMES)
    assert followed(back(shown)).note == ""


def test_a_mark_tells_what_was_changed_but_not_gaps_and_empty_lines() -> None:
    assert mark("moss  fern\r\n") == mark("moss fern")
    assert mark("moss\r\n \r\nfern") == mark("moss\nfern") != mark("moss fern")
    assert mark("moss", "fern") != mark("moss fern")
    assert mark("moss", "", "") == mark("moss")
    assert mark("", "moss") != mark("moss")
