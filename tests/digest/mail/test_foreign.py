"""Foreign text made fit for a mail."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.mail.foreign import BIDI, RESERVED, apart, clean, cut, cut_to_bytes, web_link, words


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters()))
def test_a_clean_text_is_one_line_without_controls_and_marks_of_ours(text: str) -> None:
    shown = clean(text)
    assert shown == " ".join(shown.split())
    assert not {ord(letter) for letter in shown} & {*BIDI, *RESERVED, *range(0x20), *range(0x7F, 0xA0)}
    assert shown.encode().decode() == shown
    assert clean(shown) == shown


def test_nothing_splits_a_word_unseen_and_joiners_stay_where_scripts_need_them() -> None:
    assert clean("a\u200bb\u2060c\ufeffd\xade") == "abcde"
    for joined in ("\U0001f469\u200d\U0001f52c", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"):
        assert clean(joined) == joined


def test_a_word_is_a_run_of_letters_and_digits_with_their_accents() -> None:
    text = "fine-tuning e\u0301te\u0301 $5, 2⁶"
    assert [text[start:end] for start, end in words(text)] == ["fine", "tuning", "e\u0301te\u0301", "5", "2⁶"]


def test_wide_characters_are_words_of_their_own() -> None:
    text = "moss苔の研究2"
    assert [text[start:end] for start, end in words(text)] == ["moss", "苔", "の", "研", "究", "2"]


def test_a_voiced_mark_stays_with_its_kana() -> None:
    assert words("か\u3099く") == ((0, 2), (2, 3))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_the_places_of_words_are_in_order_and_apart(text: str) -> None:
    flat = [place for both in words(text) for place in both]
    assert flat == sorted(flat)
    assert all(start < end <= len(text) for start, end in words(text))


def test_a_text_is_cut_between_words() -> None:
    assert cut("one two three four", 13) == "one two…"
    assert cut("one two", 7) == "one two"


def test_a_long_word_is_cut_between_letters() -> None:
    assert cut("x" * 8 + "e\u0301" + "y" * 9, 10) == "x" * 8 + "…"
    assert cut("x" * 8 + "👍🏽" + "y" * 9, 10) == "x" * 8 + "…"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(1, 40))
def test_a_cut_text_is_no_longer_than_asked_and_a_beginning(text: str, most: int) -> None:
    shown = cut(text, most)
    assert len(shown) <= most
    assert shown == text or text.startswith(shown.removesuffix("…"))
    following = text[len(shown.removesuffix("…")) :][:1]
    assert shown == text or not following or unicodedata.category(following)[0] != "M" or shown == "…"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(12, 60))
def test_a_text_cut_to_bytes_fits_when_it_is_escaped(text: str, most: int) -> None:
    assert len(html.escape(cut_to_bytes(clean(text), most, html.escape)).encode()) <= most


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://code.example.org/a?b=1&c=(2)#d", "https://code.example.org/a?b=1&c=(2)#d"),
        (" http://code.example.org ", "http://code.example.org"),
        ('https://code.example.org/"<x>', "https://code.example.org/%22%3Cx%3E"),
        ("https://code.example.org/ä b", "https://code.example.org/%C3%A4%20b"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//code.example.org/x", ""),
        ("https://", ""),
        ("https://good.example@evil.example/", ""),
        ("https://[broken", ""),
        ("https://exa mple.org/", ""),
        ("https://code.example.org/" + "x" * 1_000, ""),
        ("", ""),
    ],
)
def test_only_plain_web_addresses_become_links(url: str, expected: str) -> None:
    assert web_link(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code at https://a.example/x.", "code at https://a.example/x ."),
        ("(https://a.example/x), more", "( https://a.example/x ), more"),
        ("see https://a.example/x_(y) there", "see https://a.example/x_(y) there"),
        ("https://a.example/?q=1&r=2", "https://a.example/?q=1&r=2"),
        ("no address: a://b", "no address: a://b"),
    ],
)
def test_a_web_address_in_a_text_stands_between_white_space(text: str, expected: str) -> None:
    assert apart(text) == expected
