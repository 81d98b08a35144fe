from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.hashing import Hasher
from digest.matching.packing import UnreadablePart, packed, unpacked
from digest.matching.table import Index, Table
from digest.sources.listing import Facts
from subscribers.query.canonical import normal
from subscribers.query.nodes import Query
from subscribers.query.parser import parse
from tests.digest.matching.brute import matches
from tests.digest.matching.invented import facts
from tests.subscribers.query.invented import queries

SALT, STAMP = b"salt", bytes(range(32))
TEXTS = ['"kv cache"~2 -survey', "robot* upvotes:>=3", 'author:"Y LeCun" OR =fine-tuning', "org:fen has:code -(a b)",
         "cat:cs.LG OR #rlhf published:P7D is:new id:2611.00001 journal:fen"]  # fmt: skip


def keys(count: int, first: int = 0) -> np.ndarray:
    """Keys as digests make them: evenly spread."""
    return Hasher(b"keys").words([str(number) for number in range(first, first + count)])


def engine_of(some: list[Query], cuts: list[int]) -> Engine:
    """Queries 0, 1, 2 ... compiled in pieces."""
    engine = Engine({}, SALT)
    for start, end in zip([0, *cuts], [*cuts, len(some)], strict=True):
        engine.add([*map(normal, some[start:end])], np.arange(start, end), keys(end - start, start))
    return engine


def kept(engine: Engine) -> Engine:
    """The engine as another process reads it."""
    return Engine.of([unpacked(packed(part, STAMP), STAMP) for part in engine.parts], SALT)


def found(engine: Engine, count: int, papers: list[Facts]) -> list[list[int]]:
    bits = engine.match(Columns(list(enumerate(papers))))
    return [bits.indexes(number) for number in range(count)]


@settings(deadline=None, max_examples=60)
@given(st.lists(queries, min_size=1, max_size=12), st.lists(facts, min_size=1, max_size=6), st.data())
def test_filters_added_in_pieces_kept_and_named_again_match_as_the_definition_says(
    some: list[Query], papers: list[Facts], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(some)), max_size=5)))
    defined = [[place for place, one in enumerate(papers) if matches(query, one)] for query in some]
    engine = engine_of(some, cuts)
    assert found(engine, len(some), papers) == defined
    again = kept(engine)
    assert not again.name(np.arange(len(some)), keys(len(some))).any()
    assert found(again, len(some), papers) == defined


def test_parts_stay_few_however_many_come_one_by_one() -> None:
    some = [parse(f"w{number} OR {text}").query for number in range(40) for text in TEXTS]
    engine = engine_of(some, list(range(1, len(some))))
    assert sum(map(len, engine.parts)) == len(some)
    assert len(engine.parts) <= 4
    assert len(engine.parts[0].steps) < 12, "steps that do the same are one"


def test_a_filter_that_two_parts_have_is_there_once() -> None:
    some = [parse(text).query for text in TEXTS]
    one, other = (Engine({}, SALT) for _ in range(2))
    one.add(some, np.arange(5), keys(5))
    other.add(some[2:], np.arange(2, 5), keys(3, 2))
    joined = one.parts[0].joined(other.parts[0])
    assert len(joined) == 5
    engine = Engine.of([joined], SALT)
    assert not engine.name(np.arange(5), keys(5)).any()


def test_only_filters_that_are_compiled_get_a_number() -> None:
    engine = kept(engine_of([parse(text).query for text in TEXTS], []))
    assert engine.name(np.array([70, 80, 90]), keys(3, 3)).tolist() == [False, False, True]
    bits = engine.match(Columns([(1, Facts("2611.00001", "a robot"))]))
    assert bits.ids.tolist() == [70, 80]
    with pytest.raises(KeyError):
        bits.row(90)


def test_a_part_is_read_back_as_it_was() -> None:
    (part,) = engine_of([parse(text).query for text in TEXTS], []).parts
    again = unpacked(packed(part, STAMP), STAMP)
    before, after = part.arrays(), again.arrays()
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() and before[name].dtype == after[name].dtype for name in before)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_part_that_was_cut_changed_or_written_otherwise_is_not_read(data: st.DataObject) -> None:
    (part,) = engine_of([parse(text).query for text in TEXTS], []).parts
    whole = packed(part, STAMP)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    for wrong in (whole[:place], bytes(changed), whole + b"x"):
        with pytest.raises(UnreadablePart):
            unpacked(wrong, STAMP)
    with pytest.raises(UnreadablePart):
        unpacked(whole, STAMP[::-1])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=6), max_size=30), st.lists(st.text(max_size=6), max_size=30))
def test_a_table_finds_what_was_put_into_it(put: list[str], asked: list[str]) -> None:
    hasher = Hasher(SALT)
    table = Table.of(hasher.words(put), np.arange(len(put)))
    which, values = table.find(hasher.words(asked))
    pairs = sorted(zip(which.tolist(), values.tolist(), strict=True))
    assert pairs == [(i, k) for i, word in enumerate(asked) for k, other in enumerate(put) if word == other]
    assert table.has(hasher.words(asked)).tolist() == [word in put for word in asked]
    once = table.without_repetitions()
    assert len(once) == len(set(put))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("abé", max_size=20), min_size=1, max_size=9), st.sets(st.integers(1, 12), max_size=4), st.data()
)
def test_what_a_word_begins_with_has_the_key_of_that_word(
    words: list[str], lengths: set[int], data: st.DataObject
) -> None:
    behind = data.draw(st.lists(st.integers(0, 9), min_size=len(words), max_size=len(words)))
    found, owners = Hasher(SALT).beginnings(words, sorted(lengths), np.array(behind))
    cuts = {(place, word[:length]) for place, word in enumerate(words) for length in lengths
            if behind[place] < length <= len(word)}  # fmt: skip
    keyed = {(place, tuple(Hasher(SALT).words([cut])[:, 0].tolist())) for place, cut in cuts}
    assert len(owners) == len(cuts)
    assert {(place, tuple(key)) for place, key in zip(owners.tolist(), found.T.tolist(), strict=True)} == keyed


def test_the_longest_word_has_a_key_of_its_own() -> None:
    words = ["a" * 3_000, "a" * 2_999 + "b", "b" + "a" * 2_999, "a" * 3_001]
    assert len({*map(tuple, Hasher(SALT).words(words).T.tolist())}) == 4
    assert Hasher(SALT).words(words[:1]).tolist() == Hasher(SALT).words(words)[:, :1].tolist()
    assert Hasher(SALT).words(words).tolist() != Hasher(b"other").words(words).tolist()


@settings(deadline=None, max_examples=60)
@given(st.sets(st.integers(-5, 99)), st.lists(st.integers(-9, 120)), st.sampled_from([1, 3, 1_000]))
def test_an_index_tells_where_ids_stand(ids: set[int], asked: list[int], apart: int) -> None:
    ordered = sorted(ids)
    found = Index(np.array(ordered, dtype=np.int64) * apart).find(np.array(asked, dtype=np.int64) * apart)
    assert found.tolist() == [ordered.index(one) if one in ids else -1 for one in asked]


def test_a_prefix_longer_than_the_first_of_two_words_is_found_wherever_they_are_parted() -> None:
    papers = [
        Facts("1", "finet uning"),
        Facts("2", "fine tuning"),
        Facts("3", "finetuning"),
        Facts("4", "fine, tuning"),
    ]
    assert found(Engine({0: parse("finet*").query, 1: parse("fine*").query}), 2, papers) == [[0, 1, 2], [0, 1, 2, 3]]
