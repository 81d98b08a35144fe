"""Invented papers, readers and drafts for trying out a wording: an ordinary day, and the worst ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from digest.editions.draft import SHORT, Draft, Hit, Mark, Missing, Near, Section
from digest.mail import alert, said
from digest.mail.alert import Alert
from digest.mail.headers import Addressee
from digest.mail.said import Said
from digest.sources.listing import Facts

NOW = datetime(2026, 11, 25, 6, 31, 12, tzinfo=UTC)
TOKEN = "sample"  # signed by nobody: its links lead nowhere  # noqa: S105
READER = Addressee(
    email="reader@example.org",
    key="0" * 32,
    token=TOKEN,
    leave_token=TOKEN,
    since="2026-08-03",
    topics=3,
    schedule="Monday to Friday, 07:30",
)
UGLY = (
    "<script>alert(1)</script>\"'&amp;",
    "{{ 7 * 7 }}{% if %}",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤ ̖t̝͕̳̣̻̪͞",
    "\u202etxet sdrawkcab\u202c \ufeff\u200d",
    "-->]]><!--<!DOCTYPE",
    "null\x00byte\r\nBcc: a@example.org",
    "👩‍👩‍👧‍👦🏳️‍🌈 \U0001f468\u200d\U0001f4bb",
    "$\\frac{1}{0}$ \\\\ %s %(x)s {0.__class__}",
)
ARABIC = "تعلم الآلة العميق للطحالب: دراسة طويلة الأمد في المختبر"
HEBREW = "למידה עמוקה של טחב"


@dataclass(frozen=True)
class Day:
    """A digest to try a wording with, and the facts that its draft names."""

    name: str
    says: str
    draft: Draft
    facts: Mapping[int, Facts]


def _paper(number: int, title: str, abstract: str = "", **more: object) -> Facts:
    fields: dict[str, object] = {
        "key": f"2611.{90000 + number}",
        "title": title,
        "abstract": abstract or f"What {title} is about, in a sentence or two. It works on five models.",
        "authors": ("Ilka Quorndal", "Tovi Marrash", "Okeme Vantor", "Ruta Senn"),
        "organisations": ("Harrow Fen Laboratory",),
        "upvotes": number % 90,
        "comments": number % 13,
        "published": "2026-11-24",
        "arxiv": f"2611.{90000 + number}",
        **more,
    }
    return Facts(**fields)  # type: ignore[arg-type]


ORDINARY = {
    1: _paper(84, "Forgetting on Purpose: Cache Eviction That Can Be Undone", code="https://code.example.org/undo"),
    2: _paper(
        41,
        "Serving a Long Context Without Pages",
        organisations=("Kestrel Compute", "University of Saltmarsh"),
        summary="Keeping each sequence in one piece makes a long context fast to serve again.",
    ),
    3: _paper(1, "Diffusion Policies That Stop When the Cup Is Full", project="https://robots.example.org/full-cup"),
    4: Facts(key="moss:7", title="苔の研究", listed="2026-11-25", link="https://feed.example.org/moss/7"),
    5: _paper(12, "One More on Benchmarks"),
}
DRAFT = Draft(
    date="2026-11-25",
    slot="2026-11-25T07:30:00+01:00",
    since="2026-11-24T07:30:00+01:00",
    next="2026-11-26T07:30:00+01:00",
    zone="Europe/Berlin",
    sections=(
        Section(
            1,
            "Long context",
            '"long context" OR "cache eviction"',
            (
                Hit(1, 90, (Mark('"cache eviction"', "title", 23, 37, "Cache Eviction"),), also=("Memory",)),
                Hit(2, 70, (Mark('"long context"', "title", 10, 22, "Long Context"),), also=("A", "B", "C")),
            ),
            more=(5,),
        ),
        Section(2, "Robots", "robot*", (Hit(3, 60),)),
        Section(3, "Moss", "moss OR 苔", (Hit(4, 0, carried="2026-11-24"),)),
    ),
    listed=61,
    told=2,
    outside=55,
    carried=1,
    length=SHORT,
)


def days() -> tuple[Day, ...]:
    """Digests to try a wording with, the ordinary one first."""
    return (
        Day("ordinary", "an ordinary day", DRAFT, ORDINARY),
        Day("first", "somebody’s first digest, late, without a schedule", _first(), ORDINARY),
        Day("missing", "earlier digests that may not have arrived", _missing(), ORDINARY),
        Day("none", "nothing for the reader", _nothing(), ORDINARY),
        _many("sixty", "60 papers in one topic", [f"Paper Number {n} of a Long Day" for n in range(60)]),
        _many("naughty", "titles and names made to break things", list(UGLY), topic=UGLY[0], query=UGLY[1]),
        _long(),
        _many("rtl", "papers and topics written from right to left", [ARABIC, HEBREW, f"{ARABIC} BERT"], topic=HEBREW),
    )


def day(name: str) -> Day | None:
    """The digest of this name."""
    return next((one for one in days() if one.name == name), None)


def _first() -> Draft:
    return replace(DRAFT, first=True, late=True, next="", asked="", topics=0, carried=0, sections=DRAFT.sections[:1])


def _nothing() -> Draft:
    near = tuple(Near(number, f"Robots: has no robot*; {text}") for number, text in zip((1, 2, 4), UGLY, strict=False))
    return replace(DRAFT, sections=(), outside=59, carried=0, silence="nothing matched", near=near)


def _missing() -> Draft:
    missing = tuple(Missing(f"2026-11-{n}", f"202611{n}T063000") for n in (17, 18, 19, 20, 21))
    return replace(DRAFT, missing=missing, added=True)


def _many(name: str, says: str, titles: list[str], *, topic: str = "Everything", query: str = "*") -> Day:
    authors = (*UGLY[:3], ARABIC) if name != "sixty" else ("Ilka Quorndal",)
    facts = {n: _paper(n, title, title, authors=authors, organisations=(title,)) for n, title in enumerate(titles, 1)}
    hits = tuple(Hit(n, n, also=(titles[0],)) for n in facts)
    section = Section(1, topic, query, hits)
    listed = len(titles)
    return Day(name, says, replace(DRAFT, sections=(section,), listed=listed, told=0, outside=0, carried=0), facts)


def _long() -> Day:
    """Everything as long as it can be, and without a space."""
    word = "Donaudampfschifffahrtsgesellschaft" * 40
    facts = {
        1: _paper(1, word, f"{word} " * 20, authors=(word,) * 50, organisations=(word,) * 20),
        2: _paper(2, "W" * 2_000, "m" * 9_000, upvotes=10**9, comments=10**9, link=f"https://example.org/{'x' * 900}"),
    }
    section = Section(1, word, word, (Hit(1, 100, also=(word,) * 9), Hit(2, 100, also=(word,))), more=(1,))
    return Day("long", "the longest titles, names and links", replace(DRAFT, sections=(section,)), facts)


_WHEN = {"schedule": "Monday to Friday, 07:30, Europe/Berlin", "next": "2026-11-26T07:30:00+01:00"}
_NEVER = {"schedule": "", "next": ""}


def notices(kind: str, url: str) -> dict[str, Said]:
    """What a mail to one person may have to say, by name, the ordinary case first. KeyError for another kind."""
    me, leave = f"{url}/me/{TOKEN}", f"{url}/leave/{TOKEN}"
    if kind == "alert":
        return _alerts(f"{url}/admin/")
    if kind == "welcome":
        topic = {"name": "Robots", "text": "robot*", "cadence": "weekly"}
        ugly = [{"name": text, "text": text, "cadence": "slot"} for text in (*UGLY, ARABIC, "W" * 2_000) * 5]
        return {
            "ordinary": said.welcome({"topics": [topic], **_WHEN}, me, leave),
            "no topics": said.welcome({"topics": [], **_NEVER}, me, leave),
            "naughty": said.welcome({"topics": ugly, **_WHEN}, me, leave),
        }
    if kind == "known":
        return {
            "ordinary": said.known({"paused": False, **_WHEN}, me, leave),
            "paused": said.known({"paused": True, **_NEVER}, me, leave),
        }
    return {"ordinary": {"confirm": said.one_link(f"{url}/confirm/{TOKEN}"), "goodbye": said.one_link(leave)}[kind]}


def _alerts(panel: str) -> dict[str, Said]:
    data: list[dict[str, object]] = [
        {"what": "hf, 2026-11-25: a look that can't be believed", "error": "too short", "source": "hf",
         "day": "2026-11-25", "seen": 1, "known": 30, "titles": [*UGLY]},
        {"what": "blog has failed since 2026-11-24 05:00 UTC", "error": "not there (404)", "source": "blog"},
        {"what": alert.CHANNEL, "reply": "AUTH 535 5.7.8 authentication failed"},
        {"what": "a letter can't be composed", "message_id": "<x@example.org>", "error": UGLY[0]},
    ]  # fmt: skip
    raised = [Alert(NOW, one, f"{panel}subscribers/event/1/change/") for one in data]
    return {
        "ordinary": alert.said(raised, raised[1:2], panel),
        "over": alert.said([], raised[:1], panel),
        "many": alert.said(raised * 5, raised * 5, panel),
    }
