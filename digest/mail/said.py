"""What each mail to one person says, besides address, date and subject. Pure.

`content` is what the letter has kept of the moment in which it was posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from digest.mail import days
from digest.mail.card import NAME_BYTES
from digest.mail.cells import Pair, bounded, in_words, pair, whole_pair
from digest.mail.form import Values
from digest.mail.values import QUERY_BYTES, SCHEDULE_BYTES, Both, by_format

TOPICS_MOST = 20  # named in a welcome: even the longest then stay far below what Gmail clips
CADENCES = {"slot": "", "weekly": "once a week", "monthly": "once a month"}


@dataclass(frozen=True, slots=True)
class Said:
    """Values for the templates of one mail, by name."""

    links: Mapping[str, str] = field(default_factory=dict)  # stand whole, whatever their length
    texts: Mapping[str, str] = field(default_factory=dict)
    holds: Mapping[str, bool] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Both]] = field(default_factory=dict)  # of repetitions
    about: str = ""  # what the subject says besides, where its kind does

    def by_format(self) -> Both:
        """All of it as cells of the text part and of the HTML part."""
        cells = {name: whole_pair(text) for name, text in self.links.items()}
        cells |= {name: pair(text) for name, text in self.texts.items()}
        text, html = by_format(cells)
        texts = {name: [row[0] for row in rows] for name, rows in self.rows.items()}
        htmls = {name: [row[1] for row in rows] for name, rows in self.rows.items()}
        return {**text, **self.holds, **texts}, {**html, **self.holds, **htmls}


def one_link(link: str) -> Said:
    """Of a confirmation and a goodbye: the page behind their one button."""
    return Said(links={"link": link})


def known(content: Mapping[str, Any], me: str, leave: str) -> Said:
    """Of the answer to somebody who is a reader already. KeyError when the content lacks something."""
    paused = bool(content["paused"])
    texts, holds = _when(content)
    return Said({"me": me, "leave": leave}, texts, {**holds, "is_paused": paused, "is_active": not paused})


def welcome(content: Mapping[str, Any], me: str, leave: str) -> Said:
    """Of a welcome: topics, schedule, next slot. KeyError when the content lacks something."""
    topics: Sequence[Mapping[str, str]] = content["topics"]
    texts, holds = _when(content)
    more = len(topics) - TOPICS_MOST
    texts |= {"more": in_words(max(more, 0), "topic", "topics")}
    holds |= {"has_topics": bool(topics), "no_topics": not topics, "has_more": more > 0}
    return Said({"me": me, "leave": leave}, texts, holds, {"wanted": [_topic(topic) for topic in topics[:TOPICS_MOST]]})


def _when(content: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, bool]]:
    schedule, upcoming = content["schedule"], content["next"]
    texts = {
        "schedule": bounded(schedule, SCHEDULE_BYTES),
        "next": days.moment(upcoming) if upcoming else "",
    }
    return texts, {"has_schedule": bool(schedule), "has_next": bool(upcoming)}


def _topic(topic: Mapping[str, str]) -> Both:
    cadence = CADENCES[topic["cadence"]]
    cells: dict[str, Pair] = {
        "topic": pair(bounded(topic["name"], NAME_BYTES), 2),
        "query": pair(bounded(topic["text"], QUERY_BYTES), 4),
        "cadence": pair(cadence),
    }
    same: Values = {"is_slower": bool(cadence)}
    text, html = by_format(cells)
    return text | same, html | same
