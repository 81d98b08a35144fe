"""The joined mail is, decoded, the mail that is rendered for each reader by itself."""

from __future__ import annotations

from dataclasses import replace
from email.policy import SMTP

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions.draft import LENGTHS, Draft, Hit, Mark, Missing, Near, Section
from digest.sources.listing import Facts
from subscribers.query.tex import readable
from tests.digest.mail import reference
from tests.digest.mail.invented import DRAFT, MESSAGE_ID, NOW, PAPERS, READER, SITE, composer
from tests.digest.mail.reading import read, spelled_alike

NAUGHTY = (
    "",
    " ",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</td></table></body></html>",
    "{{ 7 * 7 }}{% for x in y %}",
    "--=_daily_papers_digest",
    "line\r\nBcc: other@example.org\r\n\r\nbody",
    "\u202eright to left\u202c and \u2066isolated\u2069",
    "Z\u0336a\u0336l\u0301\u0301go e\u0301te\u0301",
    "👩‍🔬🏳️‍🌈 👍🏽 flags 🇫🇷",
    "\ue0b0name\ue0b1 \ue0b4word\ue0b6 <!--\ue0b2found\ue0b1-->",
    "\x00\x07\x1b[31m \ufeff \ufffe \ud800",
    "=?utf-8?q?R=26D?= =3D= ==\r\n",
    "مقدمة في \u200fالطحالب",
    "苔の研究：長期観察（東京）。" * 9,
    "see https://a.example/x_(y), (https://b.example/) and http://c.example/?q=1&r=2.",
    "$\\nu<a$ costs $5 to $10; {\\\"o} \\textbf{bold} \\",
    "a" * 200 + " " + "b&" * 60,
    ". dot\n.\n..",
    "100 % of %(name)s %b %%",
    "\u00a0no\u00a0break\u2028line",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(NAUGHTY), st.text(max_size=120), st.lists(st.sampled_from(NAUGHTY), max_size=4).map(" ".join)
)
urls = st.sampled_from(
    ("", "https://code.example.org/a?b=1&c='2'", "javascript:alert(1)", "http://[", "https://ä.example/", "x")
)
facts = st.builds(
    Facts,
    key=st.sampled_from(("2611.90412", "10.5555/a<b>&c", 'moss:http://j.example/1?a="b"')),
    title=texts,
    abstract=texts,
    summary=st.one_of(st.just(""), texts),
    authors=st.lists(texts, max_size=5).map(tuple),
    organisations=st.lists(texts, max_size=3).map(tuple),
    upvotes=st.integers(0, 3),
    comments=st.integers(0, 2),
    code=urls,
    link=urls,
    published=st.sampled_from(("", "2026-11-24", "soon")),
    arxiv=st.sampled_from(("", "2611.90412")),
)


@st.composite
def hits(draw: st.DrawFn, change: int, paper: Facts) -> Hit:
    marks = []
    for field in draw(st.lists(st.sampled_from(("title", "abstract")), max_size=30)):
        length = len(readable(getattr(paper, field)))
        start = draw(st.integers(0, max(0, length - 1)))
        end = start + draw(st.integers(1, 12))
        marks.append(Mark('"some words"', field, start, end, draw(st.sampled_from(NAUGHTY))))
    if draw(st.booleans()):
        marks.append(Mark("upvotes:>=2", "upvotes", shown="2 upvotes"))
    also = tuple(draw(st.lists(texts, max_size=5)))
    return Hit(change, 50, tuple(marks), also, draw(st.sampled_from(("", "2026-11-24"))))


@st.composite
def drafts(draw: st.DrawFn) -> tuple[Draft, dict[int, Facts]]:
    papers = dict(enumerate(draw(st.lists(facts, min_size=1, max_size=4)), 1))
    sections = []
    for topic in range(draw(st.integers(0, 3))):
        chosen = draw(st.lists(st.sampled_from(sorted(papers)), max_size=3))
        shown = tuple(draw(hits(change, papers[change])) for change in chosen)
        more = tuple(draw(st.lists(st.sampled_from(sorted(papers)), max_size=2)))
        sections.append(Section(topic, draw(texts), draw(texts), shown, more))
    missing = (Missing("2026-11-20", "20261120T0630"),) * draw(st.integers(0, 2))
    silence = "" if sections else draw(st.sampled_from(("", "nothing matched", "all told before")))
    near = tuple(Near(n, draw(texts)) for n in draw(st.lists(st.sampled_from(sorted(papers)), max_size=3)))
    draft = replace(
        DRAFT,
        sections=tuple(sections),
        length=draw(st.sampled_from(LENGTHS)),
        silence=silence,
        near=near if silence else (),
        carried=draw(st.integers(0, 1)),
        carried_more=draw(st.integers(0, 1)),
        late=draw(st.booleans()),
        first=draw(st.booleans()),
        next=draw(st.sampled_from(("", DRAFT.next))),
        missing=missing,
    )
    return draft, papers


def check(draft: Draft, papers: dict[int, Facts]) -> None:
    made = composer(papers)
    joined = read(made.compose(draft, READER, MESSAGE_ID, NOW))
    assert not made.failed
    subject = made.subject(draft)
    plain = read(reference.mail(draft, papers, SITE, READER, subject).as_bytes(policy=SMTP))
    assert joined.text == plain.text
    assert spelled_alike(joined.html) == spelled_alike(plain.html)
    assert joined.headers["Subject"] == subject


def test_an_invented_digest_decodes_equal_to_its_full_rendering() -> None:
    check(DRAFT, PAPERS)


@settings(max_examples=40, deadline=None)
@given(drafts())
def test_any_digest_decodes_equal_to_its_full_rendering(made: tuple[Draft, dict[int, Facts]]) -> None:
    check(*made)
