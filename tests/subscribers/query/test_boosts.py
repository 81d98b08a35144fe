from __future__ import annotations

import pytest

from subscribers.query.boosts import MOST, Boost, read_boosts
from subscribers.query.nodes import Author, Org, Phrase, Prefix, Word


def test_boosts_are_read_a_line_each() -> None:
    typed = ['+3 "kv cache"', "", " -2: title:benchmarks ", "5 robot*", "+1 org:Fen", "PIN author:Moss"]
    assert read_boosts(typed) == (
        Boost(Phrase(("kv", "cache")), 3),
        Boost(Word("benchmarks", "title"), -2),
        Boost(Prefix("robot"), 5),
        Boost(Org(("fen",)), 1),
        Boost(Author(("moss",)), pinned=True),
    )


def test_a_boost_is_written_as_it_is_read() -> None:
    typed = ['+3 "kv cache"', "-2 title:benchmarks", "pin author:moss"]
    assert [boost.line for boost in read_boosts(typed)] == typed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cache", "line 1, 'cache', is no boost"),
        ("+6 cache", "line 1: 6 is not from -5 to 5"),
        ("0 cache", "line 1: 0 is not from -5 to 5"),
        ("+2 cache OR kv", "is not one word, phrase, author: or org:"),
        ("+2 upvotes:>=3", "is not one word, phrase, author: or org:"),
        ("pin cache", "only an author: or an org: can be pinned"),
        ('+2 "kv', "this quote is never closed"),
    ],
)
def test_a_line_that_is_no_boost_says_why(line: str, said: str) -> None:
    with pytest.raises(ValueError, match="line 1") as error:
        read_boosts([line])
    assert said in str(error.value)


def test_there_are_not_too_many() -> None:
    with pytest.raises(ValueError, match="at most 20"):
        read_boosts(["+1 cache"] * (MOST + 1))
