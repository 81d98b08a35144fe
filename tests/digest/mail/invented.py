"""Invented papers, readers and drafts for the tests of mails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from digest.editions.draft import Draft, Hit, Mark, Missing, Near, Section
from digest.mail import alert
from digest.mail.alert import Alert
from digest.mail.compose import Addressee, Composer, Site, compose_notice
from digest.mail.parts import Wording, shipped
from digest.mail.said import Said, known, one_link, welcome
from digest.sources.listing import Facts
from subscribers.outbox.message import Message
from subscribers.query.tex import readable

TEMPLATES = Path(__file__).parents[3] / "templates" / "email"
NOW = datetime(2026, 11, 25, 6, 31, 12, tzinfo=UTC)
MESSAGE_ID = "<digest.00112233445566778899aabbccddeeff.20261125T063000@papers.example.org>"
SITE = Site(
    name="Daily Papers Digest",
    url="https://papers.example.org",
    mail_from="Daily Papers Digest <digest@papers.example.org>",
    reply_to="editor@papers.example.org",
    postal_address="Example Reading Room, 1 Sample Street, 00000 Exampleton",
    list_domain="papers.example.org",
)
READER = Addressee(
    email="reader@example.org",
    key="00112233445566778899aabbccddeeff",
    token="ABEiM0RVZneImaq7zN3u_wE0-4bU2Yq8mXn1tLr5sKc0",
    leave_token="ABEiM0RVZneImaq7zN3u_0nXc7Lw1Fv9aHd2eKp6Rz8T",
    since="2026-08-03",
    topics=3,
    schedule="Monday to Friday, 07:30",
)

PAPERS = {
    101: Facts(
        key="2611.90512",
        title="Forgetting on Purpose: Cache Eviction That Can Be Undone",
        abstract="A long context is mostly silence. We drop what has not been asked for in a while, keep a sketch of "
        "$2^{6}$ bytes in its place, and bring a block back when a query misses it badly. On five models the cache "
        "shrinks 14-fold; code at https://code.example.org/undo.",
        authors=("Ilka Quorndal", "Tovi Marrash", "Okeme Vantor", "Ruta Senn", "Pell Avery"),
        organisations=("Harrow Fen Laboratory",),
        upvotes=84,
        comments=12,
        code="https://code.example.org/undo",
        link="https://huggingface.co/papers/2611.90512",
        published="2026-11-24",
        arxiv="2611.90512",
    ),
    102: Facts(
        key="2611.90505",
        title="Serving a Long Context Without Pages",
        abstract="Page tables made batching possible and long-context decoding slow. We keep each sequence in one "
        "piece and move it in the gaps between layers. The allocator is 400 lines.",
        summary="Keeping each sequence in one piece makes decoding with a long context fast again, in 400 lines.",
        authors=("Maren Oxholt", "Sefu Dalgarn"),
        organisations=("Kestrel Compute", "University of Saltmarsh"),
        upvotes=41,
        comments=1,
        published="2026-11-24",
        arxiv="2611.90505",
    ),
    103: Facts(
        key="2611.90488",
        title="Diffusion Policies That Stop When the Cup Is Full",
        abstract="Robots trained by imitation repeat a finished motion, since no demonstration shows one. A second "
        "head predicts how much is left to do. Needless contact falls by 81 %.",
        authors=("Annel Tarkwood",),
        upvotes=1,
        project="https://robots.example.org/full-cup",
        link="https://huggingface.co/papers/2611.90488",
        published="2026-11-23",
        arxiv="2611.90488",
    ),
    104: Facts(
        key="10.5555/moss.7",
        title="苔の研究: 東京における長期観察と小さな機械学習モデル",
        abstract="苔は静かに育つ。" * 30,
        authors=("苔野 青", "Zoë Ångström"),
        organisations=("緑町大学",),
        published="2026-11-24",
        doi="10.5555/moss.7",
        link="https://feed.example.org/moss/7",
    ),
    105: Facts(key="moss:a b/c", title="مقدمة في الطحالب", abstract="", listed="2026-11-25"),
    106: Facts(key="2611.90471", title="One More on Benchmarks", arxiv="2611.90471"),
}


def marks(change: int, *sought: str) -> tuple[Mark, ...]:
    """Marks wherever the words stand in title or abstract."""
    found = []
    for field in ("title", "abstract"):
        text = readable(getattr(PAPERS[change], field))
        for words in sought:
            start = text.lower().find(words.lower())
            if start >= 0:
                end = start + len(words)
                found.append(Mark(f'"{words}"', field, start, end, text[start:end]))
    return tuple(found)


DRAFT = Draft(
    date="2026-11-25",
    slot="2026-11-25T07:30:00+01:00",
    since="2026-11-24T07:30:00+01:00",
    next="2026-11-26T07:30:00+01:00",
    zone="Europe/Berlin",
    sections=(
        Section(
            topic=1,
            name="Long-context inference",
            query='("long context" OR "kv cache" OR "cache eviction"~5) -survey upvotes:>=10',
            hits=(
                Hit(101, 90, marks(101, "cache eviction", "long context"), also=("Memory & machines",)),
                Hit(102, 70, marks(102, "long context", "long-context")),
            ),
            more=(106,),
        ),
        Section(
            2,
            "Robot learning",
            'robot* OR "diffusion policy"',
            (Hit(103, 60, marks(103, "Diffusion Policies", "Robots")),),
        ),
        Section(
            3,
            "=?utf-8?q?R&D?=",
            "moss OR 苔",
            (Hit(104, 50, marks(104, "苔", "研究"), carried="2026-11-24"), Hit(105, 40)),
        ),
    ),
    listed=61,
    told=2,
    outside=54,
    carried=1,
    missing=(Missing("2026-11-20", "20261120T0630"),),
)


NOTHING = replace(
    DRAFT,
    sections=(),
    told=2,
    outside=59,
    carried=0,
    missing=(),
    silence="nothing matched",
    near=(
        Near(103, "Long-context inference: has no “long context” · Moss: has no moss or 苔"),
        Near(102, "Robot learning: has no robot*"),
    ),
)


@cache
def wording(kind: str = "digest") -> Wording:
    """The wording that comes with the service."""
    return Wording(part for part in shipped(TEMPLATES) if part.kind == kind)


def composer(facts: dict[int, Facts] | None = None) -> Composer:
    return Composer(wording(), SITE, PAPERS if facts is None else facts)


CONFIRM = "https://papers.example.org/confirm/ABEiM0RVZneImaq7zN3u_0nXc7Lw1Fv9aHd2eKp6Rz8TABEiM0RV"
ME, LEAVE = f"{SITE.url}/me/{READER.token}", f"{SITE.url}/leave/{READER.leave_token}"
WHEN = {"schedule": "Monday to Friday, 07:30, Europe/Berlin", "next": "2026-11-26T07:30:00+01:00"}
ACTIVE = {"paused": False, **WHEN}
PAUSED = {"paused": True, **WHEN, "next": ""}
WELCOME = {
    "topics": [
        {"name": "Long-context inference", "text": '("long context" OR "kv cache") -survey', "cadence": "slot"},
        {
            "name": "=?utf-8?q?R&D?=",
            "text": "moss OR 苔 OR " + " OR ".join(f'"<b>{n}"' for n in range(12)),
            "cadence": "weekly",
        },
    ],
    **WHEN,
}
PANEL = f"{SITE.url}/admin/"
DOUBT = {
    "what": "huggingface, 2026-11-25: a look that can't be believed",
    "error": "too short: it shows 1, less than half of the 30 known before",
    "source": "huggingface",
    "day": "2026-11-25",
    "sort": "too short",
    "seen": 1,
    "known": 30,
    "titles": ["Moss <b>at</b> Night", "苔の研究"],
}
FAILING = {
    "what": "blog has failed since 2026-11-24 05:00 UTC",
    "error": "the address is not there any more (404)",
    "source": "blog",
    "since": "2026-11-24T05:00:00+00:00",
}
RESTS = {"what": "mail channel paused", "reply": "AUTH 535 5.7.8 authentication failed"}
UNFIT = {"what": "a letter can't be composed", "message_id": MESSAGE_ID, "error": "WordingError: no slot"}


def alarm(data: dict[str, object], number: int = 7) -> Alert:
    return Alert(NOW, data, f"{PANEL}subscribers/event/{number}/change/")


SAID = {
    "alert": alert.said([alarm(d) for d in (DOUBT, FAILING, RESTS, UNFIT)], [alarm(DOUBT, 3)], PANEL),
    "confirm": one_link(CONFIRM),
    "known": known(ACTIVE, ME, LEAVE),
    "welcome": welcome(WELCOME, ME, LEAVE),
    "goodbye": one_link(LEAVE),
}


def notice(kind: str, said: Said | None = None, date: datetime = NOW, **reader: str) -> Message:
    """A mail to one person."""
    name = MESSAGE_ID.replace("digest.", f"{kind}.", 1)
    told = SAID[kind] if said is None else said
    return compose_notice(kind, wording(kind), SITE, replace(READER, **reader), told, name, date)
