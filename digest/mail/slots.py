"""What a template may name: slots, conditions and repetitions, with what they say. Pure.

A template writes `{{ slot.name }}`, `{% call when("name") %}...{% endcall %}` for a condition and
`{% call each("name") %}...{% endcall %}` for a repetition.
"""

from __future__ import annotations

from collections.abc import Mapping

from digest.mail.names import Names
from digest.mail.notice_slots import NOTICES, SUBJECTS

__all__ = ["HTML", "NOTICES", "SUBJECTS", "TEXT", "Names", "data_of", "names_of", "of_digest"]

HTML, TEXT = "html", "txt"

_COMMON = {
    "web": "the page that shows this digest",
    "me": "the reader's page: topics, schedule, pause",
    "leave": "the page that ends the mails",
}
_FRAME = _COMMON | {
    "subject": "the subject of the mail",
    "papers": "how many papers, counted with their word: 15 papers, 1 paper, no papers",
    "lead": "title of the first paper",
    "others": "how many papers besides the first",
    "listed": "papers with news in the period",
    "period": "when: since yesterday, 07:30 · in the last 7 days",
    "due": "clock time of the slot",
    "fresh": "papers of this period (without the carried ones)",
    "above": "of them shown in the mail",
    "more": "of them on the web only",
    "told": "papers told before",
    "outside": "papers outside the topics",
    "carried": "how many papers come from digests that did not arrive",
    "date": "of an earlier digest: 9 April",
    "page": "the page of that digest",
    "anchor": "name of a section's place: t1",
    "topic": "name of a topic",
    "count": "papers of that topic",
    "number": "number of the topic's first paper in the mail",
    "start": "when the period begins, in full",
    "end": "when it ends",
    "zone": "the reader's zone: Europe/Berlin",
    "next": "the next slot, in full",
    "silence": "why there is nothing for the reader: nothing matched your topics",
    "lacks": "what a paper that came close lacks",
    "email": "the reader's address",
    "asked": "the day the reader asked for the digest: 3 August 2026",
    "consent": "why they get it: asked for it on 3 August 2026 and confirmed · was added by the operator on ...",
    "topics": "how many topics, counted with their word: 3 topics",
    "schedule": "the schedule in words: Monday to Friday, 07:30",
}
SLOTS: Mapping[str, Mapping[str, str]] = {
    "subject": {
        "count": "how many papers",
        "date": "the day of the digest, with its year (and time, when the reader has more than one within a day)",
        "about": "the first title, or the topics with their counts",
    },
    "head": _FRAME,
    "foot": _FRAME,
    "section": _COMMON
    | {
        "anchor": "name of the section's place: t1",
        "topic": "name of the topic",
        "query": "its filter as typed",
        "edit": "the page that changes the topic",
        "less": "the page that brings less of it",
        "papers": "its papers, counted with their word",
        "here": "how many are in the mail",
        "more": "how many are on the web only",
        "gap": "text only: what puts the count at the right edge behind the name",
        "cards": "the papers of the section",
    },
    "card": {
        "number": "number of the paper in the mail",
        "why": "the reason, in words",
        "score": "the paper's score for the topic: 0 to 100",
        "topic": "name of another topic that matches it (text: all of them)",
        "date": "date of the digest that did not arrive: 9 April",
    },
}
_FRAME_CONDITIONS = {
    "found": "there are papers",
    "nothing": "there are none",
    "has_others": "there is more than one paper",
    "has_carried": "some papers come from digests that did not arrive",
    "no_carried": "none does",
    "is_first": "the reader's first digest",
    "is_late": "the slot was missed while the service was down",
    "numbered": "inside contents: the section has papers in the mail",
    "has_next": "there is a next slot",
    "has_asked": "the day the reader asked is known",
    "has_schedule": "the schedule is known",
    "is_silent": "there is nothing for the reader, who wants to be told so",
}
CONDITIONS: Mapping[str, Mapping[str, str]] = {
    "subject": {name: _FRAME_CONDITIONS[name] for name in ("found", "nothing", "is_first")},
    "head": _FRAME_CONDITIONS,
    "foot": _FRAME_CONDITIONS,
    "section": {"behind": "the section has papers on the web only"},
    "card": {
        "reason": "there is a reason to name",
        "has_score": "the score is above 0",
        "has_carried": "the paper comes from a digest that did not arrive",
    },
}
_FRAME_REPETITIONS = {
    "missing": "for each earlier digest of which nobody knows whether it arrived",
    "contents": "for each section",
    "near": "for each paper that came closest, when there is nothing",
}
REPETITIONS: Mapping[str, Mapping[str, str]] = {
    "head": _FRAME_REPETITIONS,
    "foot": _FRAME_REPETITIONS,
    "card": {"also": "for each other topic that matches (text: once, naming all)"},
}


def of_digest(part: str) -> Names:
    """What a part of a digest may name."""
    return Names(SLOTS.get(part, {}), CONDITIONS.get(part, {}), REPETITIONS.get(part, {}))


# the plain data that a part may name, with what it says
_SITE = {
    "name": "the name of the service",
    "url": "its public address",
    "reply_to": "where a person reads replies",
    "postal_address": "the postal address",
}
_EDITION = {"date": "ISO date of the edition", "day": "its day in words: Wednesday, 25 November", "year": "its year"}
_PAPER = {
    "key": "its public key",
    "page": "its page here",
    "linked": "whether its title may be a link: not one that begins with an address",
    "title": "its title",
    "abstract": "its abstract: all of it, the beginning, or the paper's summary",
    "summed": "whether that is a summary, which a model made",
    "authors": "the first authors, a list",
    "more_authors": "how many authors are not among them",
    "organisations": "the first organisations, a list",
    "more_organisations": "how many are not among them",
    "upvotes": "upvotes",
    "comments": "comments",
    "date": "its date in short",
    "links": "its links elsewhere, a list of link.name and link.url",
}


def names_of(kind: str, part: str) -> Names:
    """What a part of a kind of mail may name. KeyError for a kind that there is not."""
    if kind == "digest":
        return of_digest(part)
    return SUBJECTS[kind] if part == "subject" else NOTICES[kind]


def data_of(kind: str, part: str) -> Mapping[str, Mapping[str, str]]:
    """The plain data that a part of a kind of mail may name: {"site": {"name": what it says}}."""
    if kind == "digest":
        return {"paper": _PAPER} if part == "card" else {"site": _SITE, "edition": _EDITION}
    return {"site": _SITE}
