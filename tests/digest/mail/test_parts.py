"""The parts of a wording."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.mail.parts import Part, Wording, WordingError, shipped
from tests.digest.mail.invented import TEMPLATES

EDITION = {"edition": {"day": "Wednesday"}, "site": {"name": "x"}}


def wording(body: str, part: str = "head", format: str = "txt", style: str = "") -> Wording:
    return Wording([Part("digest", part, format, body)], style)


def test_a_digest_ships_five_parts_and_a_style_sheet() -> None:
    found = {(part.part, part.format) for part in shipped(TEMPLATES) if part.kind == "digest"}
    both = {(part, format) for part in ("head", "section", "card", "foot") for format in ("html", "txt")}
    assert found == both | {("subject", "txt"), ("style", "css")}


def test_a_folder_without_wording_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WordingError, match="no wording"):
        shipped(tmp_path)


def test_parts_of_two_kinds_are_no_wording() -> None:
    with pytest.raises(WordingError, match="one kind"):
        Wording(shipped(TEMPLATES))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a\n{% if %}", r"digest/head.txt, line 2: "),
        ("{{ slot.nonsense }}", r"digest/head.txt, line 1: there is no slot 'nonsense' here; there are above, "),
        ('{% call when("nonsense") %}{% endcall %}', r"digest/head.txt, line 1: there is no block 'nonsense' here"),
        ("{{ edition.nonsense }}", "UndefinedError"),
        ("{{ reader }}", "UndefinedError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError|UndefinedError"),
        ("{{ slot._known }}", "SecurityError|UndefinedError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_part_that_fails_is_named_with_what_is_wrong(body: str, said: str) -> None:
    with pytest.raises(WordingError, match=said):
        wording(body).render("head", "txt", EDITION)


def test_a_missing_part_is_named() -> None:
    with pytest.raises(WordingError, match=r"digest/foot.html is missing"):
        wording("x").render("foot", "html", EDITION)


def test_html_is_escaped_and_text_is_not() -> None:
    context = {"site": {"name": "R&D <x>"}}
    assert wording("{{ site.name }}").render("head", "txt", context) == "R&D <x>"
    assert wording("{{ site.name }}", format="html").render("head", "html", context) == "R&amp;D &lt;x&gt;"


def test_the_style_sheet_is_written_into_the_elements_and_no_other_is_loaded() -> None:
    card = '<link rel="stylesheet" href="https://evil.example/x.css"><b class="m">x</b>'
    made = Wording([Part("digest", "card", "html", card), Part("digest", "style", "css", ".m{color:red}")])
    assert '<b class="m" style="color:red">x</b>' in made.fragment("card", "html", {})
    assert made.marks["html"] == ('<b class="m" style="color:red">', "</b>")


def test_a_style_sheet_given_apart_comes_first() -> None:
    parts = [Part("digest", "card", "html", "<i>x</i>"), Part("digest", "style", "css", "i{color:red}")]
    assert Wording(parts, "i{color:blue}").fragment("card", "html", {}) == '<i style="color:#00f">x</i>' or (
        "blue" in Wording(parts, "i{color:blue}").fragment("card", "html", {})
    )


def test_rules_of_the_head_stay_rules() -> None:
    body = '<html><head><style data-css-inline="ignore">@media print{.m{color:red}}</style></head><body class="m">'
    made = Wording([Part("digest", "head", "html", body), Part("digest", "foot", "html", "</body></html>")])
    head, foot = made.frame("html", EDITION)
    assert "<style>@media print{.m{color:red}}</style>" in head
    assert head.endswith('<body class="m">')
    assert foot.strip() == "</body></html>"
