"""Composing: mails joined from pieces, against rendering each in full with the same parts."""

import email.policy
import random
from argparse import Namespace
from dataclasses import replace

from digest.editions.draft import Draft, Hit, Section
from digest.mail.compose import Composer
from digest.mail.parts import Wording, shipped
from digest.matching.mark import kept
from digest.matching.why import why
from digest.sources.listing import Facts
from subscribers.query.parser import parse
from tests.bench.inventing import filters, papers
from tests.bench.measuring import doubled, measured, peak, table
from tests.digest.mail import reference
from tests.digest.mail.invented import NOW, READER, SITE, TEMPLATES
from tests.digest.mail.reading import read, spelled_alike

HEAD = ("readers", "kB a mail", "joined us", "in full us", "ratio", "peak MB")
SAMPLE = 60  # mails rendered in full, and compared after decoding
EACH = 8  # papers a mail


def drafts(count: int, facts: dict[int, Facts]) -> list[Draft]:
    """Digests of eight papers in two topics, with the words that matched marked."""
    chance = random.Random(3)
    queries = [(text, parse(text).query) for text in filters(400)]
    made = []
    for _ in range(count):
        numbers = chance.sample(sorted(facts), EACH)
        topics = chance.sample(queries, 2)
        sections = tuple(
            Section(
                n, f"Topic {n}", text, tuple(Hit(c, 50, kept(why(query, facts[c]))) for c in numbers[n * 4 : n * 4 + 4])
            )
            for n, (text, query) in enumerate(topics)
        )
        made.append(Draft(date="2026-11-25", slot="2026-11-25T07:30:00+01:00", since="2026-11-24T07:30:00+01:00",
                          next="2026-11-26T07:30:00+01:00", zone="Europe/Berlin", sections=sections,
                          listed=61, told=2, outside=61 - 2 - EACH))  # fmt: skip
    return made


def run(options: Namespace) -> str:
    """Both ways over growing numbers of readers."""
    facts = dict(enumerate(papers(50)))
    wording = Wording(part for part in shipped(TEMPLATES) if part.kind == "digest")
    people = drafts(options.readers, facts)
    rows = [_row(people[:size], wording, facts) for size in doubled(options.readers)]
    return f"{table(HEAD, rows)}\n({EACH} papers a mail, marked; in full: {SAMPLE} mails, equal after decoding; CPU)"


def _row(people: list[Draft], wording: Wording, facts: dict[int, Facts]) -> tuple[str, ...]:
    composer = Composer(wording, SITE, facts)
    to = [replace(READER, email=f"r{n}@example.org") for n in range(len(people))]
    names = [f"<digest.{n}@papers.example.org>" for n in range(len(people))]
    mails, joining, _ = measured(lambda: list(map(composer.compose, people, to, names, [NOW] * len(people))))
    some = random.Random(len(people)).sample(range(len(people)), min(SAMPLE, len(people)))
    subjects = [composer.subject(people[n]) for n in some]

    def in_full() -> list[bytes]:
        made = (reference.mail(people[n], facts, SITE, to[n], s) for n, s in zip(some, subjects, strict=True))
        return [mail.as_bytes(policy=email.policy.SMTP) for mail in made]

    slow, rendering, _ = measured(in_full)
    assert all(_bodies(mails[n].data) == _bodies(full) for n, full in zip(some, slow, strict=True)), "the two differ"
    joined, full = joining / len(people) * 1e6, rendering / len(some) * 1e6
    weight = sum(len(mail.data) for mail in mails) / len(mails) / 1000
    figures = (f"{weight:.1f}", f"{joined:.1f}", f"{full:,.0f}", f"{full / joined:.0f}", f"{peak():.0f}")
    return f"{len(people):,}", *figures


def _bodies(data: bytes) -> tuple[str, str]:
    mail = read(data)
    return mail.text, spelled_alike(mail.html)
