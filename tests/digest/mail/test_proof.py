"""What is refused when a part is saved, and with which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from digest.mail import limited, samples
from digest.mail.compose import Composer
from digest.mail.parts import Part, WordingError, shipped
from digest.mail.proof import prove
from tests.digest.mail.invented import SITE, TEMPLATES, wording
from tests.digest.mail.reading import read

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    limited._PROCESS.end()


@cache
def parts(kind: str) -> tuple[Part, ...]:
    return tuple(part for part in shipped(TEMPLATES) if part.kind == kind)


def body(kind: str, part: str, format: str) -> str:
    return next(one.body for one in parts(kind) if one.place == (part, format))


def judge(text: str, part: str = "head", format: str = "html", kind: str = "digest") -> None:
    prove(parts(kind), Part(kind, part, format, text), SITE)


def edited(before: str, after: str, part: str = "head", format: str = "html", kind: str = "digest") -> str:
    text = body(kind, part, format)
    assert before in text
    return text.replace(before, after)


@pytest.fixture
def ordinary_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Compose no other day than an ordinary one: where more of them would say the same again."""
    some = samples.days()[:1]
    return lambda: monkeypatch.setattr(samples, "days", lambda: some)


@pytest.mark.parametrize("one", shipped(TEMPLATES), ids=str)
def test_what_comes_with_the_service_would_be_let_in(one: Part, ordinary_only: Callable[[], None]) -> None:
    if one.place != ("card", "html"):
        ordinary_only()  # whichever part is looked at, the mails are those of the same parts
    judge(one.body, one.part, one.format, one.kind)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "digest/head.html: it is empty"),
        ("x" * 60_001, "60,001 characters; 60,000 are the most"),
        ("a\n{% if %}", "digest/head.html, line 2: Expected an expression"),
        ("a\n{{ nonsense }}", "digest/head.html, line 2: there is no 'nonsense' here; there are edition, site, slot"),
        ("{{ slot.leave }}{% if false %}{{ slot.nope }}{% endif %}", "line 1: there is no slot.nope here; there are "),
        ("{% if false %}{{ edition.nope }}{% endif %}", "there is no edition.nope here; there are date, day, year"),
        ('{% call when("nope") %}{% endcall %}', "there is no when\\('nope'\\) here"),
        ('{% call each("found") %}{% endcall %}', "there is no each\\('found'\\) here; there are contents, missing"),
        ("{% include 'x' %}", "line 1: a part stands alone"),
        ("{% autoescape false %}{% endautoescape %}", "the escaping can't be turned off"),
        ("{{ site.name|safe }}", "No filter named 'safe'"),
        ("a\ue0b0b", "line 1: characters U\\+E0B0 to U\\+E0BF mark the slots"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "more than 2 seconds"),
        ("{% for i in range(99999) %}{{ 'x'.ljust(100) }}{% endfor %}", "it writes more than 200,000 characters"),
        ("{{ 'x' * 10**9 }}", "SecurityError: \\* is for numbers"),
    ],
)
def test_a_part_that_would_fail_is_refused_with_what_is_wrong_and_where(text: str, said: str) -> None:
    with pytest.raises(WordingError, match=said):
        judge(text)


@pytest.mark.parametrize(("part", "format"), [(p, f) for p in ("head", "foot") for f in ("html", "txt")])
def test_a_digest_keeps_its_link_to_leave_in_head_and_foot(part: str, format: str) -> None:
    with pytest.raises(WordingError, match=f"digest/{part}.{format}: the link to leave is missing"):
        judge(edited("{{ slot.leave }}", "", part, format), part, format)


@pytest.mark.parametrize(
    "instead",
    [
        '{% call when("found") %}<a href="{{ slot.leave }}">Leave</a>{% endcall %}',
        '<!-- <a href="{{ slot.leave }}">Leave</a> -->',
        "{{ slot.leave }}",
        '<a href="{{ slot.leave }}"></a>',
        '<a href="{{ slot.leave }}">&nbsp;\u200b</a>',
        '<b style="DISPLAY : none"><a href="{{ slot.leave }}">Leave</a></b>',
        '<a href="{{ slot.leave }}" style="font-size:0">Leave</a>',
        '<p hidden><a href="{{ slot.leave }}">Leave</a></p>',
        '{% if edition.date == "2026-11-25" %}<a href="{{ slot.leave }}">Leave</a>{% endif %}',
    ],
)
def test_a_link_to_leave_that_not_everybody_sees_does_not_count(instead: str) -> None:
    with pytest.raises(WordingError, match="the link to leave is missing"):
        judge(edited('<a href="{{ slot.leave }}">Unsubscribe</a>', instead))


def test_a_subject_is_one_line() -> None:
    with pytest.raises(WordingError, match=r"digest/subject\.txt: a subject is one line"):
        judge("{{ slot.date }}\n{{ slot.about }}", "subject", "txt")
    judge("{{ slot.date }}: {{ slot.about }}\n", "subject", "txt")


@pytest.mark.parametrize(
    ("part", "format", "text"),
    [
        ("style", "css", "a{visibility:hidden}"),
        ("head", "html", edited("body{margin", "a{display:none!important}body{margin")),
        ("foot", "html", edited("<p><a", "<!-- <p><a", "foot").replace("On the web</a></p>", "")),
    ],
)  # fmt: skip
def test_a_mail_whose_links_to_leave_are_all_hidden_is_refused(part: str, format: str, text: str) -> None:
    with pytest.raises(WordingError, match="link to leave is missing"):
        judge(text, part, format)


@pytest.mark.parametrize(
    ("kind", "slot", "what"),
    [
        ("confirm", "link", "confirm"),
        ("goodbye", "link", "come back"),
        ("welcome", "me", "the reader’s page"),
        ("welcome", "leave", "leave"),
        ("known", "leave", "leave"),
        ("alert", "panel", "the front panel"),
    ],
)
@pytest.mark.parametrize("format", ["html", "txt"])
def test_each_mail_keeps_the_links_that_it_is_sent_for(kind: str, slot: str, what: str, format: str) -> None:
    with pytest.raises(WordingError, match=f"{kind}/head.{format}: .* the link to {what} is missing"):
        judge(edited(f"{{{{ slot.{slot} }}}}", "https://a.example/", "head", format, kind), "head", format, kind)


@pytest.mark.parametrize(
    "instead",
    [
        '<a href="{{ slot.link }}"></a>',
        '<div style="display:none"><a href="{{ slot.link }}">Confirm</a></div>',
        '{% if site.name == "x" %}<a href="{{ slot.link }}">Confirm</a>{% endif %}',
    ],
)
def test_a_link_that_nobody_sees_confirms_nothing(instead: str) -> None:
    with pytest.raises(WordingError, match="the link to confirm is missing, or nobody sees it"):
        judge(edited('<a class="button" href="{{ slot.link }}">Open the page to confirm</a>', instead, kind="confirm"),
              kind="confirm")  # fmt: skip


def test_a_link_within_another_address_is_none() -> None:
    text = edited("{{ slot.link }}", "https://a.example/?to={{ slot.link }}", "head", "txt", "confirm")
    with pytest.raises(WordingError, match="the link to confirm is missing"):
        judge(text, "head", "txt", "confirm")


@pytest.mark.parametrize(
    "text",
    [
        '{% call when("nothing") %}Nothing{% endcall %}',
        '{% call when("found") %}{{ slot.count }}{% endcall %}',
        "{% if edition.day == 'Monday, 1 February' %}x{% endif %}",
    ],
)
def test_a_subject_is_never_empty(text: str) -> None:
    with pytest.raises(WordingError, match=r"digest/subject\.txt: with .* the subject is empty"):
        judge(text, "subject", "txt")


@pytest.mark.parametrize(
    "what",
    ["<script>x</script>", '<img src="https://a.example/x.gif">', '<b onclick="x">', '<a href="javascript:x">y</a>',
     '<form action="https://a.example">', '<p style="background:url(https://a.example)">',
     '<meta http-equiv="refresh" content="0">', '<iframe src="https://a.example"></iframe>',
     '<table background="https://a.example/x.png">', '<img srcset="https://a.example/a.png 1x" alt="">',
     '<link rel="stylesheet" href="https://a.example/x.css">', '<p style="background:u\\72l(//a.example)">',
     "<p style='background:image-set(\"//a.example/a.png\" 1x)'>", '<textarea>', '<video poster="//a.example">',
     '<style>.q{background-image:url("https://a.example/b.png")}</style>',
     '<style>/**/ @import "//a.example/x.css";</style>', '<!--[if mso]><img src="https://a.example/a.png"><![endif]-->',
     '<a href="https://a.example/" ping="https://a.example/">x</a>'],
)  # fmt: skip
@pytest.mark.parametrize("part", ["foot", "card"])
def test_what_runs_asks_or_loads_has_no_place_in_a_mail(
    what: str, part: str, ordinary_only: Callable[[], None]
) -> None:
    ordinary_only()
    before = "</td></tr>\n</table>\n" if part == "card" else "</table>\n</div>"
    with pytest.raises(WordingError, match="has no place in a mail"):
        judge(edited(before, what + before, part), part)


@pytest.mark.parametrize("rule", ['@import "//a.example/x.css";', ".bg{background:url(https://a.example/a.png)}"])
def test_a_style_element_loads_nothing_wherever_it_says_so(rule: str) -> None:
    for before in ("body{margin:0", "@media (max-width", "</style>"):
        with pytest.raises(WordingError, match=r"in a style, which loads something from elsewhere, has no place"):
            judge(edited(before, f"{rule}{before}"))


@pytest.mark.parametrize(
    ("what", "part", "said"),
    [
        ('<a href="https://a.example/?{{ slot.me }}">x</a>', "head", "tells it what is the reader’s"),
        ('<a href="{{ slot.lead }}">x</a>', "head", r"href='{{ slot\.lead }}' has no place"),
        ("<style>{{ slot.lead }}</style>", "head", "a slot, a block or data of a paper in a style"),
        ("<b title={{ paper.title }}>x</b>", "card", "a value without quotes around it has no place"),
        ('<b style="{{ paper.title }}">x</b>', "card", "data of a paper in a style"),
    ],
)
def test_what_a_paper_or_reader_is_stays_text(what: str, part: str, said: str) -> None:
    before = "<h3>" if part == "card" else "<h1"
    with pytest.raises(WordingError, match=said):
        judge(edited(before, what + before, part), part)


@pytest.mark.parametrize(("before", "part"), [("</h1>", "head"), ("</body>", "foot")])
def test_a_comment_that_swallows_what_stands_behind_it_is_refused(before: str, part: str) -> None:
    with pytest.raises(WordingError, match="a comment that is not closed"):
        judge(edited(before, "<!-- oops", part), part)


def test_what_only_some_papers_get_is_looked_at_too() -> None:
    before = "</td></tr>\n</table>\n"
    with pytest.raises(WordingError, match="has no place in a mail"):
        judge(edited(before, "{% if paper.upvotes == 41 %}<img src='//a.example'>{% endif %}" + before, "card"), "card")


@pytest.mark.parametrize("rule", [".a{background:url(x)}", "@import 'x';", "</style>", ".a{b:u\\52L (x)}"])
def test_a_style_sheet_loads_nothing(rule: str) -> None:
    with pytest.raises(WordingError, match=r"digest/style\.css, line 2: .* nothing is loaded"):
        judge(f".m{{color:red}}\n{rule}", "style", "css")


def test_a_mail_of_one_paper_must_stay_below_what_is_clipped() -> None:
    with pytest.raises(WordingError, match="90,000 are the most"):
        judge(edited("<h1", "{% for n in range(10) %}<p>{{ 'x'.ljust(9_000, 'x') }}</p>{% endfor %}<h1"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{{ 1 / (paper.upvotes - 84) }}{{ paper.title }}",
            "with an ordinary day: 2611.90084: digest/card.txt, line 1",
        ),
        ("{{ paper.links[0].url }}{{ paper.authors[3] }}", "with an ordinary day: .*UndefinedError"),
    ],
)
def test_a_card_is_tried_with_papers_that_lack_things(text: str, said: str) -> None:
    with pytest.raises(WordingError, match=said):
        judge(text, "card", "txt")


def test_a_name_that_is_known_in_one_repetition_only_is_refused_elsewhere() -> None:
    with pytest.raises(WordingError, match="'page' is known inside"):
        judge(edited('{% call when("is_late") %}', '{% call when("is_late") %}{{ slot.page }}'))


def test_the_other_mails_are_tried_with_all_that_they_may_have_to_say() -> None:
    with pytest.raises(WordingError, match=r"alert/head\.txt: 'said' is known inside each\(\"raised\"\) only"):
        judge("{{ slot.said }}", format="txt", kind="alert")
    with pytest.raises(WordingError, match=r"there is no slot\.papers here; there are date, email, link, subject"):
        judge("{{ slot.papers }}", format="txt", kind="confirm")


@pytest.mark.parametrize("day", samples.days(), ids=lambda day: day.name)
def test_every_sample_makes_a_whole_mail(day: samples.Day) -> None:
    made = Composer(wording(), SITE, day.facts)
    mail = read(made.compose(day.draft, samples.READER, "<x@example.org>", samples.NOW))
    assert not made.failed
    assert "<script" not in mail.html
    papers = {hit.change for section in day.draft.sections for hit in section.hits}
    assert mail.html.count("<h3") == len(papers)
