"""Why a slot brought nothing, in words for the reader. Pure."""

from collections.abc import Mapping

SILENCES: Mapping[str, str] = {
    "no topics": "you had no topics, or had muted them all",
    "no topic due": "your topics come once a week or a month, and none was due",
    "source failed": "a source could not be read",
    "source had no listing": "the sources had nothing new",
    "nothing matched": "nothing matched your topics",
    "all told before": "you had been told of everything that matched",
    "below threshold": "what matched stayed below your thresholds",
    "too soon after the first": "it was too soon after your first digest",
}
