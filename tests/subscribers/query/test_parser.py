from __future__ import annotations

import json
import os
import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError, caret
from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Published,
    Query,
    Recent,
    Source,
    Tag,
    Word,
    numbers,
)
from subscribers.query.parser import parse
from tests.listings import BESIDE

A, B, C = Word("a"), Word("b"), Word("c")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("*", Everything()),
        ("diffusion policy", And((Word("diffusion"), Word("policy")))),
        ("a AND b", And((A, B))),
        ("a && b", And((A, B))),
        ("+a b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a|b", Or((A, B))),
        ("a b OR c", Or((And((A, B)), C))),
        ("a (b OR c)", And((A, Or((B, C))))),
        ("-a", Not(A)),
        ("NOT a", Not(A)),
        ("!a b", And((Not(A), B))),
        ("a ANDNOT b", And((A, Not(B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("NOT -a", A),
        ("a --b", And((A, Not(B)))),
        ("-(a OR b)", Not(Or((A, B)))),
        ('"kv cache"', Phrase(("kv", "cache"))),
        ('"cache"', Word("cache")),
        ('"cache eviction"~5', Near(("cache", "eviction"), 5)),
        ("quantiz*", Prefix("quantiz")),
        ("title:quantiz*", Prefix("quantiz", "title")),
        ("=training", Word("training", exact=True)),
        ('="vision transformer"', Phrase(("vision", "transformer"), exact=True)),
        ('title:="a b"~2', Near(("a", "b"), 2, "title", exact=True)),
        ("title:a", Word("a", "title")),
        ("title: a", Word("a", "title")),
        ("Title:(a OR -b)", Or((Word("a", "title"), Not(Word("b", "title"))))),
        ('abstract:"a b"', Phrase(("a", "b"), "abstract")),
        ('author:"Y LeCun"', Author(("y", "lecun"))),
        ('author:"LeCun, Yann"', Author(("yann", "lecun"))),
        ('author:"LeCun Y"', Author(("y", "lecun"))),
        ("author:(moss OR dee)", Or((Author(("moss",)), Author(("dee",))))),
        ('org:"Harrow & Fen"', Org(("harrow", "fen"))),
        ("source:HF", Source("hf")),
        ("upvotes:>=20", Number("upvotes", 20)),
        ("upvotes:>20", Number("upvotes", 21)),
        ("upvotes:<=20", Number("upvotes", 0, 20)),
        ("upvotes:<20", Number("upvotes", 0, 19)),
        ("upvotes:20", Number("upvotes", 20, 20)),
        ("upvotes:=20", Number("upvotes", 20, 20)),
        ("comments:5..", Number("comments", 5)),
        ("comments:..50", Number("comments", 0, 50)),
        ("comments:10..50", Number("comments", 10, 50)),
        ("upvotes>=20", Number("upvotes", 20)),
        ("has:code", Has("code")),
        ("has:Project", Has("project")),
        ("cat:cs.lg", Category("cs.LG")),
        ("cat:CS.*", Category("cs.*")),
        ("cat:cond-mat.STR-EL", Category("cond-mat.str-el")),
        ("cat:hep-th", Category("hep-th")),
        ("primary:cs.CL", Category("cs.CL", primary=True)),
        ("cat:(cs.LG OR stat.ML)", Or((Category("cs.LG"), Category("stat.ML")))),
        ("tag:rlhf", Tag(("rlhf",))),
        ('tag:"Diffusion Models"', Tag(("diffusion", "models"))),
        ("id:2401.01234", Key("2401.01234")),
        ("id:math.GT/0309136", Key("math/0309136")),
        ("id:10.1000/ABC", Key("10.1000/abc")),
        ("id:10.48550/arXiv.2401.01234", Key("2401.01234")),
        ('id:"blog:Post (7)"', Key("blog:Post (7)")),
        ("journal:nature", Journal(("nature",))),
        ("published:P7D", Recent(7)),
        ("published:p2w", Recent(14)),
        ("published:2026-01-05", Published(date(2026, 1, 5), date(2026, 1, 5))),
        ("published:2026-02", Published(date(2026, 2, 1), date(2026, 2, 28))),
        ("published:2026", Published(date(2026, 1, 1), date(2026, 12, 31))),
        ("published:2026-01-01..", Published(date(2026, 1, 1))),
        ("published:..2026-02", Published(None, date(2026, 2, 28))),
        ("published:2026-01-01..2026-02-01", Published(date(2026, 1, 1), date(2026, 2, 1))),
        ("published:>2026-01", Published(date(2026, 2, 1))),
        ("published:≥2026", Published(date(2026, 1, 1))),
        ("published:<2026", Published(None, date(2025, 12, 31))),
        ("published:<=2026", Published(None, date(2026, 12, 31))),
        ("published:=2026-01-05", Published(date(2026, 1, 5), date(2026, 1, 5))),
        ("is:New", Announced("new")),
        ("-is:cross", Not(Announced("cross"))),
        ("1234.56789", Phrase(("1234", "56789"))),
        ('"2401.01234"', Phrase(("2401", "01234"))),
        ("title:#rlhf", Word("rlhf", "title")),
        ("東京", Phrase(("東", "京"))),
        ("10:30", Phrase(("10", "30"))),
        (r"$\tau$-bench", Phrase(("τ", "bench"))),
        ("don't", Word("dont")),
        ("ORACLE NOTE ANDES", And((Word("oracle"), Word("note"), Word("andes")))),
    ],
)
def test_the_language_means(text: str, query: Query) -> None:
    assert parse(text).query == query


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ti:a", "title:a"),
        ("intitle:a", "title:a"),
        ("a[ti]", "title:a"),
        ('"a b"[ab]', 'abstract:"a b"'),
        ("(a OR b)[ti]", "title:(a OR b)"),
        ("abs:a", "abstract:a"),
        ("intext:a", "abstract:a"),
        ("a[tiab]", "a"),
        ("tiab:a", "a"),
        ('"x y"[tiab:~5]', '"x y"~5'),
        ('"x y"[ti:~5]', 'title:"x y"~5'),
        ("au:dee", "author:dee"),
        ('"Dee J"[au]', 'author:"J Dee"'),
        ("affiliation:fen", "org:fen"),
        ("fen[ad]", "org:fen"),
        ("feed:hf", "source:hf"),
        ("!a", "-a"),
        ("a ANDNOT b", "a -b"),
        ("“kv cache” –survey", '"kv cache" -survey'),
        ("a −b", "a -b"),
        ("（a OR b）", "(a OR b)"),
        ("upvotes>=3", "upvotes:>=3"),
        ("category:cs.LG", "cat:cs.LG"),
        ("cat:cs", "cat:cs.*"),
        ("primary:CS*", "primary:cs.*"),
        ("#rlhf", "tag:rlhf"),
        ("a -#kv-cache", 'a -tag:"kv cache"'),
        ("keyword:rlhf", "tag:rlhf"),
        ("2401.01234", "id:2401.01234"),
        ("2401.01234v2", "id:2401.01234"),
        ("hep-th/9901001", "id:hep-th/9901001"),
        ("arXiv:2401.01234v2", "id:2401.01234"),
        ("doi:10.1000/x", "id:10.1000/x"),
        ("jr:nature", "journal:nature"),
        ("nature[ta]", "journal:nature"),
        ("submittedDate:[20260101 TO 20260201]", "published:2026-01-01..2026-02-01"),
        ("submittedDate:[202601010000 TO 202602012359]", "published:2026-01-01..2026-02-01"),
        ("published:[2026-01-01 to *]", "published:2026-01-01.."),
        ("submittedDate:P7D", "published:P7D"),
        ("is:replace", "is:revised"),
        ("announce:cross-list", "is:cross"),
    ],
)
def test_spellings_of_elsewhere_are_rewritten(text: str, same: str) -> None:
    assert canonical(parse(text).query) == canonical(parse(same).query)


@pytest.mark.parametrize(
    "text",
    [
        "ti:a",
        "a[ti]",
        "au:dee",
        "feed:hf",
        "!a",
        "a ANDNOT b",
        "“a b”",
        "a –b",
        "C++",
        "upvotes>=3",
        "#rlhf",
        "2401.01234",
        "id:2401.01234v2",
        "jr:a",
        "cat:cs",
        "is:replaced",
        "published:[2026 TO *]",
    ],
)
def test_what_is_rewritten_is_told_in_a_notice(text: str) -> None:
    assert len(parse(text).notices) == 1


@pytest.mark.parametrize(
    "text",
    [
        "diffusion policy",
        "A OR B",
        "-term",
        '"kv cache"',
        "=a",
        "upvotes:>=20",
        "title:(a b)",
        "a-b",
        "cat:cs.LG",
        "cat:cs.*",
        "id:2401.01234",
        "published:P7D",
        "is:new",
    ],
)
def test_our_own_spelling_brings_no_notice(text: str) -> None:
    assert parse(text).notices == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a or b", "the operator is written OR"),
        ("a And b", "the operator is written AND"),
        ("a not b", "the operator is written NOT"),
        ("-survey", "everything except papers with “survey”"),
        ("-a -b", "only exclusions"),
        ("a b OR c", "(a b) OR c"),
        ("a, b", "comma is no operator"),
        ("a - b", "a dash alone"),
        ("'kv cache'", "double quotes"),
        ("upvotes:20", "exactly 20"),
        ("a & b", "“&” has no letters"),
        ('"a a"~3', "~3 needs two words"),
        ("author:y lecun", "whole name in quotes"),
        ("source:nature", "did you mean journal:nature ?"),
        ("source:jmlr-feed", 'did you mean journal:"jmlr feed" ?'),
    ],
)
def test_what_is_valid_but_odd_is_warned_of(text: str, said: str) -> None:
    assert any(said in warning for warning in parse(text).warnings)


@pytest.mark.parametrize("text", ["diffusion policy", '"a - b"', "a -b", "NOT -a", "upvotes:>=20", "(a OR b) c"])
def test_what_is_plain_brings_no_warning(text: str) -> None:
    assert parse(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("", 0, "empty", "*"),
        ("  \n ", 0, "empty", "*"),
        ("touch (robot* OR grasp* -survey", 6, "never closed", "touch (robot* OR grasp*) -survey"),
        ("a )", 2, "never opened", "add ("),
        ('a "b', 2, "quote is never closed", 'add "'),
        ("()", 1, "missing before this bracket", "add a word"),
        ("a OR", 4, "missing at the end", "add a word"),
        ("OR a", 0, "both sides", "remove “OR”"),
        ("a OR OR b", 5, "both sides", "remove “OR”"),
        ("a AND", 5, "missing at the end", "add a word"),
        ("title:", 6, "missing at the end", "add a word"),
        ("a ~5", 2, "goes behind a phrase", '"cache eviction"~5'),
        ("[ti]", 0, "no term before", "cache[ti]"),
        ("a [", 2, "square bracket", "quotes"),
        ("a[xx]", 1, "no tag “[xx]”", "[ti]"),
        ("b title:-x", 8, "can't stand here", "-title:survey"),
        ("authr:x", 0, "no field “authr:”", "did you mean “author:”?"),
        ("a upvote:>3", 2, "no field “upvote:”", "did you mean “upvotes:”?"),
        ("http://x.example", 0, "no field “http:”", "quotes"),
        ("foo:bar", 0, "no field “foo:”", "title:, abstract:, author:"),
        ("cat:cs.L*", 4, "a category of arXiv", "cat:cs.*"),
        ('primary:"machine learning"', 8, "primary: takes a category", "primary:cs.LG"),
        ("cat:=cs.LG", 5, "a category of arXiv", "cat:cs.LG"),
        ("tag:*", 4, "takes a name", "tag:rlhf"),
        ("id:foo", 3, "an arXiv id, a DOI, or source:guid", "id:2401.01234"),
        ("a id:blog:post-7", 5, "can't hold another field", "of its own"),
        ('source:"Nature Medicine"', 7, "short name", 'did you mean journal:"nature medicine" ?'),
        ("is:old", 3, "“is:old” is not known", "is:new, is:revised, is:cross"),
        ("is:replace-cross", 3, "not known", "is:revised is:cross"),
        ("published:soon", 10, "a day, a range or a duration", "published:P7D"),
        ("published:..", 10, "a day, a range or a duration", "published:P7D"),
        ("published:2026-02-30", 10, "no day 2026-02-30", "2026-01-31"),
        ("published:2026-02-01..2026-01-01", 10, "no day is in this range", "published:2026-01-01..2026-02-01"),
        ("published:P1M", 10, "no fixed length", "published:P30D"),
        ("published:P0D", 10, "no day is in this range", "published:P1D"),
        ("published:P99999W", 10, "too far", "P36500D"),
        ("published:>9999", 10, "no day beyond", "published:P7D"),
        ("published:<0001", 10, "no day beyond", "published:P7D"),
        ('published:"P7D"~5', 10, "takes no ~", "published:P7D"),
        ("submittedDate:[a TO b]", 14, "a day, a range or a duration", "2026-01-01..2026-02-01"),
        ("submittedDate:[2026]", 14, "[a TO b]", "2026-01-01..2026-02-01"),
        ("title:[a TO b]", 6, "no term before it", "cache[ti]"),
        ("title:(author:x)", 7, "can't hold another field", "of its own"),
        ("title:[x]", 6, "no term before it", "cache[ti]"),
        ("title:&", 6, "needs a word", "title:cache"),
        ("title:*", 6, "needs 3 letters", "write more"),
        ("qu*", 0, "3 letters or more", "every paper"),
        ("*foo", 0, "at the end of a word", "quantiz*"),
        ("f*o", 0, "at the end of a word", "quantiz*"),
        ("in-context*", 0, "behind a single word", '"in context"'),
        ("=foo*", 1, "exclude each other", "one of the two"),
        ("upvotes:abc", 8, "whole number", "upvotes:>=20"),
        ("upvotes:..", 8, "whole number", "upvotes:10..50"),
        ("upvotes:=>5", 8, "whole number", "upvotes:>=20"),
        ("upvotes:٣", 8, "whole number", "upvotes:>=20"),
        ("upvotes:50..10", 8, "no count", "upvotes:10..50"),
        ("upvotes:<0", 8, "no count", "begin at 0"),
        ("upvotes:" + "9" * 400, 8, "beyond any count", "1,000,000,000"),
        ("has:data", 4, "not known", "has:code"),
        ('source:"a b"', 7, "short name", "source:hf"),
        ("author:*", 7, "takes a name", 'author:"Y LeCun"'),
        ('author:"a b"~2', 7, "neither = nor ~", "names"),
        ('"a b"~500', 0, "at most 100 words", "~100"),
        ("🧪", 0, "nothing to look for", "*"),
        ("a" * 1_001, 1_000, "1,001 characters", "several topics"),
        (" ".join(["a"] * 65), 128, "more than 64 terms", "several topics"),
        ("(" * 17 + "a" + ")" * 17, 16, "deeper than 16", "brackets"),
    ],
)
def test_an_error_says_what_where_and_how_to_mend(text: str, position: int, message: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.position == position
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert str(caught.value) == caught.value.message


def test_the_limits_themselves_are_allowed() -> None:
    assert parse(f"{'a' * 998} b").query == And((Word("a" * 998), B))
    assert len(parse(" ".join(f"a{n}" for n in range(64))).query.parts) == 64  # type: ignore[union-attr]
    assert parse("(" * 16 + "a" + ")" * 16).query == A


def test_an_inner_hyphen_is_never_an_exclusion() -> None:
    assert parse("non-invasive").query == Phrase(("non", "invasive"))
    assert parse("state–of–the–art −survey").query == And((Phrase(("state", "of", "the", "art")), Not(Word("survey"))))


def test_a_caret_stands_under_the_position() -> None:
    assert caret("touch (robot*", 6) == "touch (robot*\n      ^"
    assert caret("a\nb\tc", 99) == "a b c\n     ^"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("upvotes:>=20", {("upvotes", 20)}),
        ("upvotes:>20", {("upvotes", 21)}),
        ("upvotes:..50", {("upvotes", 51)}),
        ("-(upvotes:10..50 a)", {("upvotes", 10), ("upvotes", 51)}),
        ("upvotes:5 OR comments:>=2", {("upvotes", 5), ("upvotes", 6), ("comments", 2)}),
        ("upvotes:>=0 a", set()),
    ],
)
def test_numbers_names_the_steps_at_which_a_match_can_change(text: str, steps: set[tuple[str, int]]) -> None:
    assert numbers(parse(text).query) == steps


HOSTILE = [
    *"()[]{}\"'*-+!=~:|&<>.,#$\\^_@/%; \n\t\0éß京🧪−“”",
    *[
        "OR",
        "AND",
        "NOT",
        "ANDNOT",
        "or",
        "title:",
        "author:",
        "upvotes:",
        ">=",
        "..",
        "~5",
        "[ti]",
        "[tiab:~9]",
        "cat:",
        "cs.*",
        "#",
        "id:",
        "2401.01234",
        "10.1/(x",
        "published:",
        "P9W",
        "2026-02",
        "[20260101 TO *]",
        "is:",
        "revised",
        "journal:",
        "abc",
        "http://",
    ],
    *[
        "\u202e",
        "\u0301",
        "\ud800",
        "ﷺ",
        "９",
        "\\frac{",
        "$x$",
        "has:code",
        "quantiz*",
        '"kv cache"',
        "=",
        "99999999999",
    ],
]


def answered(text: str) -> bool:
    """Is there a query, whose canonical form reads back, or else a QueryError with a place and a mend?"""
    try:
        query = parse(text).query
    except QueryError as error:
        return bool(0 <= error.position <= len(text) and error.message and error.hint and caret(text, error.position))
    return canonical(parse(canonical(query), stored=True).query) == canonical(query)


def test_ten_thousand_hostile_texts_are_answered() -> None:
    source = random.Random(11)
    for _ in range(10_000):
        text = "".join(source.choices(HOSTILE, k=source.randint(1, 12)))
        assert answered(text), repr(text)


@pytest.mark.parametrize("piece", [*HOSTILE, "(a ", "NOT ", "a OR (", "-(", "title:(", "- ", "!", "a|", '"" '])
def test_a_thousand_of_one_thing_are_answered(piece: str) -> None:
    assert answered(piece * (1_000 // len(piece)))
    assert answered(piece * 3_000)


def hostile_strings() -> list[str]:
    """Public collections of hostile inputs, where they are on this machine: strings, and objects that hold them."""
    folder = Path(os.environ.get("PAYLOADS", "") or BESIDE.parent / "payloads")
    if not folder.is_dir():
        pytest.skip("the hostile inputs are not on this machine (set PAYLOADS to their folder)")
    listed = [one for file in sorted(folder.glob("*.json")) for one in json.loads(file.read_text("utf-8"))]
    return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in listed]


def test_hostile_strings_of_public_collections_are_answered() -> None:
    strings = hostile_strings()
    assert len(strings) > 1_000
    for text in strings:
        for typed in (text, text[:900], f'"{text[:900].replace(chr(34), "")}"', f"title:{text[:900]}"):
            assert answered(typed), repr(typed)


@settings(deadline=None, max_examples=120)
@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert answered(text)
