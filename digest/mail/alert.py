"""What a mail to the operators says: alerts that were raised, and those told before that are over. Pure.

An alert's data is what was noted when it was raised (`pipeline.alarms`, `outbox.channel`, `outbox.delivery`); data of
another shape is told all the same. Titles and replies are other people's texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from digest.mail import days
from digest.mail.cells import Pair, bounded, in_words, pair, whole_pair
from digest.mail.form import Values
from digest.mail.said import Said
from digest.mail.values import Both, by_format

SHOWN = 10  # alerts of a sort in one mail; the rest is a number
ABOUT_BYTES = 100  # in the subject
WHAT_BYTES, SAID_BYTES, TITLE_BYTES = 240, 800, 200  # in HTML
TITLES = 3
CHANNEL = "mail channel paused"  # what an alert of the outbox's channel is about
COUNTS = ("seen", "known")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it was noted; `page` is its address in the admin."""

    at: datetime
    data: Mapping[str, Any]
    page: str

    @property
    def what(self) -> str:
        """What it is about, in one line."""
        return str(self.data.get("what") or "an alert")


def said(raised: Sequence[Alert], over: Sequence[Alert], panel: str) -> Said:
    """Of a mail about these alerts, in this order; there is at least one."""
    more = max(len(raised) - SHOWN, 0) + max(len(over) - SHOWN, 0)
    return Said(
        links={"panel": panel},
        texts={"more": in_words(more, "alert", "alerts")},
        holds={"has_raised": bool(raised), "only_over": not raised, "has_over": bool(over), "has_more": more > 0},
        rows={"raised": [_raised(one) for one in raised[:SHOWN]], "over": [_over(one) for one in over[:SHOWN]]},
        about=_about(raised or over),
    )


def _about(alerts: Sequence[Alert]) -> str:
    return bounded(alerts[0].what, ABOUT_BYTES) if len(alerts) == 1 else in_words(len(alerts), "alert", "alerts")


def _raised(alert: Alert) -> Both:
    data = alert.data
    words = bounded(str(data.get("reply") or data.get("error") or ""), SAID_BYTES)
    titles = data.get("titles")
    shown = [bounded(str(title), TITLE_BYTES) for title in titles[:TITLES]] if isinstance(titles, list) else []
    counts = [data.get(name) for name in COUNTS]
    seen, known = (count if isinstance(count, int) else 0 for count in counts)
    day = data.get("day")
    cells = _named(alert) | {
        "said": pair(words, 2),
        "titles": pair(" · ".join(shown), 2),
        "seen": pair(in_words(seen, "paper", "papers")),
        "before": pair(in_words(known, "paper", "papers")),
        "believe": whole_pair(bounded(f"source accept {data.get('source')} {day}", WHAT_BYTES)),
    }
    same: Values = {
        "has_said": bool(words),
        "has_titles": bool(shown),
        "has_counts": all(isinstance(count, int) for count in counts),
        "is_doubt": "source" in data and day is not None,
        "is_failing": "source" in data and day is None,
        "is_channel": data.get("what") == CHANNEL,
        "is_letter": "message_id" in data,
    }
    return _both(cells, same)


def _over(alert: Alert) -> Both:
    return _both(_named(alert), {})


def _named(alert: Alert) -> dict[str, Pair]:
    when = f"{days.moment(alert.at.astimezone(UTC).isoformat())} UTC"
    return {
        "what": pair(bounded(alert.what, WHAT_BYTES), 2),
        "at": pair(when),
        "page": whole_pair(alert.page),
    }


def _both(cells: Mapping[str, Pair], same: Values) -> Both:
    text, html = by_format(cells)
    return text | same, html | same
