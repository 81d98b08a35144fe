"""What a template may name: slots, conditions and repetitions, with what they say. Pure.

A template writes `{{ slot.name }}`, `{% call when("name") %}...{% endcall %}` for a condition and
`{% call each("name") %}...{% endcall %}` for a repetition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
        "date": "the day of the digest, with its year (and time, when it isn't the day's first)",
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


# what is known inside a repetition, and nowhere else unless HERE_TOO says so
_ROWS: Mapping[str, frozenset[str]] = {
    "missing": frozenset({"date", "page"}),
    "contents": frozenset({"anchor", "topic", "count", "number", "lead", "numbered"}),
    "near": frozenset({"lead", "page", "lacks"}),
    "also": frozenset({"topic"}),
    "wanted": frozenset({"topic", "query", "cadence", "is_slower"}),
    "raised": frozenset(
        {"what", "at", "page", "said", "titles", "seen", "before", "believe"}
        | {"has_said", "has_titles", "has_counts", "is_doubt", "is_failing", "is_channel", "is_letter"}
    ),
    "over": frozenset({"what", "at", "page"}),
}
_HERE_TOO = frozenset({"lead"})


@dataclass(frozen=True)
class Names:
    """What one part may name: slots, conditions and repetitions, each with what it says."""

    slots: Mapping[str, str]
    conditions: Mapping[str, str]
    repetitions: Mapping[str, str]

    def rows(self, repetition: str) -> frozenset[str]:
        """The slots and conditions that are known inside one of its repetitions."""
        return _ROWS[repetition]

    def everywhere(self) -> frozenset[str]:
        """The slots and conditions that are known in the whole part."""
        inside = frozenset[str]().union(*(_ROWS[name] for name in self.repetitions)) - _HERE_TOO
        return frozenset({*self.slots, *self.conditions}) - inside


def of_digest(part: str) -> Names:
    """What a part of a digest may name."""
    return Names(SLOTS.get(part, {}), CONDITIONS.get(part, {}), REPETITIONS.get(part, {}))


# what the subject of a mail to one person may name
NOTICE_SUBJECT = Names(
    {
        "email": "the reader's address",
        "date": "the day and time it was asked for, so that no two subjects of a reader are equal",
    },
    {},
    {},
)
_NOTICE = {**NOTICE_SUBJECT.slots, "subject": "the subject of the mail"}
_READER = _NOTICE | {
    "me": "the reader's page: topics, schedule, pause",
    "leave": "the page that ends the mails",
    "schedule": "the schedule in words: Monday to Friday, 07:30, Europe/Berlin",
    "next": "the next slot, in full",
}
_READER_CONDITIONS = {
    "has_schedule": "the schedule can be read",
    "has_next": "there is a next slot",
}
_ALERT_CONDITIONS = {
    "has_raised": "there are new alerts",
    "only_over": "there are none, and what was told is over",
}
# what the head of a mail to one person may name, by the mail's kind
NOTICES: Mapping[str, Names] = {
    "confirm": Names(_NOTICE | {"link": "the page with the button that confirms"}, {}, {}),
    "known": Names(
        _READER,
        _READER_CONDITIONS | {"is_active": "digests are sent", "is_paused": "the reader has paused"},
        {},
    ),
    "welcome": Names(
        _READER
        | {
            "topic": "inside wanted: name of the topic",
            "query": "inside wanted: its filter as typed",
            "cadence": "inside wanted: how often a slower topic is told: once a week",
            "more": "how many topics are not named, counted with their word",
        },
        _READER_CONDITIONS
        | {
            "has_topics": "there are topics",
            "no_topics": "there are none",
            "is_slower": "inside wanted: the topic is not in each digest",
            "has_more": "there are more topics than are named",
        },
        {"wanted": "for each topic"},
    ),
    "goodbye": Names(_NOTICE | {"link": "the page with the button to come back"}, {}, {}),
    "alert": Names(
        _NOTICE
        | {
            "panel": "the operators' front panel",
            "more": "how many alerts are not named, counted with their word",
            "what": "inside raised and over: what it is about",
            "at": "inside raised and over: when it was raised, in full, UTC",
            "page": "inside raised and over: its page in the admin",
            "said": "inside raised: what a server or a program said, or why a look is doubted",
            "titles": "inside raised: the first titles of a doubted look",
            "seen": "inside raised: how many papers a doubted look shows, counted with their word",
            "before": "inside raised: how many papers of its day were known before, counted with their word",
            "believe": "inside raised: the command that accepts a doubted look",
        },
        _ALERT_CONDITIONS
        | {
            "has_over": "some that were told are over",
            "has_more": "there are more alerts than are named",
            "has_said": "inside raised: somebody said something",
            "has_titles": "inside raised: titles are known",
            "has_counts": "inside raised: it is known how many papers were seen",
            "is_doubt": "inside raised: a look can't be believed",
            "is_failing": "inside raised: a source has failed for a day",
            "is_channel": "inside raised: the mail server does not take mail",
            "is_letter": "inside raised: a letter can't be composed",
        },
        {"raised": "for each alert", "over": "for each alert that was told and is over"},
    ),
}
# what their subjects may name
SUBJECTS: Mapping[str, Names] = {
    **dict.fromkeys(NOTICES, NOTICE_SUBJECT),
    "alert": Names(
        {**NOTICE_SUBJECT.slots, "about": "what the alert is about, or how many there are"}, _ALERT_CONDITIONS, {}
    ),
}

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
    "abstract": "its abstract",
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
