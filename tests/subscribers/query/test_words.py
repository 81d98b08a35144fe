from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.query.tex import readable
from subscribers.query.words import analyse, exacts, folded_line, forms, joined, joins, spelled, spellings, stems


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fine-Tuning", ("fine", "tuning")),
        ("fine tuning", ("fine", "tuning")),
        ("CAFÉ cafe\u0301", ("cafe", "cafe")),
        (
            "łódź Øre đ ħ ı straße Ærø œuvre þing ðe",
            ("lodz", "ore", "d", "h", "i", "strasse", "aero", "oeuvre", "thing", "de"),
        ),
        ("ﬁne H₂O ½ Ⅳ ２", ("fine", "h2o", "1", "2", "iv", "2")),
        ("isn't O’Neil's author's", ("isnt", "oneil", "author")),
        ("東京の苔", ("東", "京", "の", "苔")),
        ("モデル", ("モ", "デ", "ル")),
        ("한국어 हिन्दी", ("한국어", "हिन्दी")),
        ("GPT-4.5/C++ a_b", ("gpt", "4", "5", "c", "a", "b")),
        ("🧪 — & ...", ()),
    ],
)
def test_words_are_folded(text: str, words: tuple[str, ...]) -> None:
    assert exacts(text) == words


def test_stems_are_english_snowball() -> None:
    assert stems(["transformer", "transformations", "policies", "policy"]) == [
        "transform",
        "transform",
        "polici",
        "polici",
    ]


def test_a_word_too_long_to_be_one_is_its_own_stem() -> None:
    word = "running" * 40
    assert stems([word]) == [word]


def test_a_token_knows_its_place_in_the_text() -> None:
    text = "The Café\u0301's “Fine-Tuning”"
    assert [text[token.start : token.end] for token in analyse(text)] == ["The", "Café\u0301", "Fine", "Tuning"]
    assert [token.position for token in analyse(text)] == [0, 1, 2, 3]


def test_neighbours_join_over_a_hyphen_or_a_space() -> None:
    text = "fine-tuning kv cache, in form 3-5 x"
    pairs = joins(text, analyse(text))
    assert [pair.exact if pair else "" for pair in pairs] == [
        "finetuning",
        "tuningkv",
        "kvcache",
        "",
        "",
        "form3",
        "",
        "5x",
        "",
    ]
    first = pairs[0]
    assert first is not None
    assert (text[first.start : first.end], first.width, first.stem) == ("fine-tuning", 2, "finetun")


@pytest.mark.parametrize(("left", "right"), [("in", "form"), ("a", "part"), ("over", "the"), ("3", "5")])
def test_function_words_and_numbers_never_join(left: str, right: str) -> None:
    assert joined(left, right) == ""


def test_a_phrase_has_a_spelling_for_each_pair_written_as_one() -> None:
    assert spellings(("pre", "trained", "model")) == [
        ("pre", "trained", "model"),
        ("pretrained", "model"),
        ("pre", "trainedmodel"),
    ]


def test_a_long_phrase_is_not_multiplied() -> None:
    assert len(spellings(("word",) * 400)) == 1


def test_words_are_spelled_with_spaces_save_between_ideographs() -> None:
    assert spelled(exacts("KV 東京 model")) == "kv 東京 model"


@settings(deadline=None, max_examples=120)
@given(st.text(max_size=30))
def test_a_folded_word_folds_to_itself(text: str) -> None:
    for word in exacts(text):
        assert exacts(word) == (word,)


def test_every_common_character_folds_to_what_stays() -> None:
    for code in [*range(0x20, 0x3400), *range(0xF900, 0xFFFE)]:
        for word in exacts(f"q{chr(code)}z {chr(code)}"):
            assert exacts(word) == (word,), hex(code)


@settings(deadline=None, max_examples=120)
@given(st.text(max_size=40))
def test_tokens_are_in_order_and_inside_the_text(text: str) -> None:
    seen = readable(text)
    tokens = analyse(seen)
    assert all(0 <= token.start < token.end <= len(seen) for token in tokens)
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)
    assert len(joins(seen, tokens)) == len(tokens)


ODD_SIGNS = "aA1 -'’‐–.,\u00ad\u200d\u0301é½⑴ŉ字ー가\u1100\u1161ﬁ²™…İß\t\u00a0\x00sS"


def shortly(text: str) -> tuple[list[str], list[str]]:
    """The words of the short way, and each two as one."""
    words, touching = forms(text)
    pairs = zip(pairwise((*words, "")), touching, strict=True)
    return words, [joined(a, b) if near else "" for (a, b), near in pairs]


def the_long_way(text: str) -> tuple[list[str], list[str]]:
    tokens = analyse(text)
    return [token.exact for token in tokens], [pair.exact if pair else "" for pair in joins(text, tokens)]


@settings(deadline=None, max_examples=600)
@given(st.one_of(st.text(ODD_SIGNS, max_size=14), st.text("ab s'- .", max_size=14), st.text(max_size=30)))
def test_the_short_way_finds_what_the_long_one_finds(text: str) -> None:
    assert shortly(text) == the_long_way(text)


def test_the_short_way_knows_every_common_character() -> None:
    for code in [*range(0x20, 0x3400), *range(0xAC00, 0xAC20), *range(0xF900, 0xFFFE), *range(0x1D400, 0x1D500)]:
        text = "ab{0}cd {0} ef-{0} g{0}'s x".format(chr(code))
        assert shortly(text) == the_long_way(text), hex(code)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(ODD_SIGNS, max_size=14), st.text(max_size=30)))
def test_a_folded_line_holds_every_word_or_says_that_it_cant_tell(text: str) -> None:
    line = folded_line(text)
    assert not line or all(word in line for word in exacts(text))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["fine", "tuning", "Kv", "Cachés", "x"]), min_size=1, max_size=6))
def test_a_hyphen_equals_a_space(words: list[str]) -> None:
    assert exacts("-".join(words)) == exacts(" ".join(words))
    hyphened, spaced = (joins(text, analyse(text)) for text in ("-".join(words), " ".join(words)))
    assert [pair and pair.exact for pair in hyphened] == [pair and pair.exact for pair in spaced]


def test_threads_stem_alike() -> None:
    words = [f"transformer{'s' * (number % 2)}" for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(stems, [words] * 8)) == [stems(words)] * 8
