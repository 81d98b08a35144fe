from __future__ import annotations

from dataclasses import replace

from digest.matching import reading
from digest.matching.columns import Columns, words
from digest.matching.engine import Engine
from digest.sources.listing import Facts
from subscribers.query.parser import parse

ONE = Facts("2611.00001", "Moss", "On moss.", authors=("A. Bee", "J. Dee"), sources=("hf",), upvotes=3, code="x")


def test_changes_of_one_paper_share_texts_and_names() -> None:
    columns = Columns([(1, ONE), (2, replace(ONE, upvotes=9)), (3, Facts("2611.00002", "Moss", "Other."))])
    assert columns.numbers == (1, 2, 3)
    assert columns.texts == {"title": {"Moss": 0b111}, "abstract": {"On moss.": 0b011, "Other.": 0b100}}
    assert columns.authors == {"A. Bee": 0b011, "J. Dee": 0b011}
    assert columns.names["source"] == {"hf": 0b011}
    assert columns.counts["upvotes"].tolist() == [3, 9, 0]
    assert columns.flags == {"code": 0b011, "project": 0}
    assert (len(columns), columns.planes, columns.all) == (3, 1, 0b111)


def test_each_distinct_text_is_analysed_once() -> None:
    reading.read.cache_clear()
    changes = [(number, replace(ONE, upvotes=number)) for number in range(70)]
    Engine({1: parse("moss").query}).match(Columns(changes))
    assert reading.read.cache_info().misses == 2


def test_a_set_of_columns_becomes_words() -> None:
    assert words(1 | 1 << 63 | 1 << 64, 2) == [1 | 1 << 63, 1]
    assert words(0, 0) == []
