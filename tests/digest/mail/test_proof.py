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
    "what",
    ["<script>x</script>", '<img src="https://a.example/x.gif">', '<b onclick="x">', '<a href="javascript:x">y</a>',
     '<form action="https://a.example">', '<p style="background:url(https://a.example)">',
     '<meta http-equiv="refresh" content="0">', '<iframe src="https://a.example"></iframe>'],
)  # fmt: skip
@pytest.mark.parametrize("part", ["foot", "card"])
def test_what_runs_asks_or_loads_has_no_place_in_a_mail(
    what: str, part: str, ordinary_only: Callable[[], None]
) -> None:
    ordinary_only()
    before = "</td></tr>\n</table>\n" if part == "card" else "</table>\n</div>"
    with pytest.raises(WordingError, match="has no place in a mail"):
        judge(edited(before, what + before, part), part)


@pytest.mark.parametrize("rule", [".a{background:url(x)}", "@import 'x';", "</style>"])
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
