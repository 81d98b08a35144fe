"""What the parts of a mail to one person may name, with what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from digest.mail.names import Names

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
