"""What a form changed of a topic that may have been changed since the form was opened.

A form carries a mark of each thing that its page showed. What comes back as it was shown was not touched: what is
stored now stays, whoever wrote it, another tab or the operator of the ready-made topic that this one follows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from subscribers.models import Topic
from subscribers.topics import TopicWish

FIELDS = ("text", "name", "cadence", "cap", "boosts", "threshold", "weight", "settled", "revisions", "muted", "note")


@dataclass(frozen=True, slots=True)
class Merged:
    """What the topic is to say; `clashes`: of `FIELDS` those that were changed on both sides, each to something else.
    Of these `wish` has what was typed."""

    wish: TopicWish
    clashes: tuple[str, ...]


def as_it_is(topic: Topic) -> TopicWish:
    """The wish that a stored topic is."""
    kept = {name: getattr(topic, name) for name in FIELDS}
    return TopicWish(**{**kept, "boosts": tuple(topic.boosts)}, ready=topic.ready_id)


def marks(wish: TopicWish) -> str:
    """What a form brings back of the topic that its page showed: `field:mark`, with spaces between."""
    return " ".join(f"{name}:{_mark(getattr(wish, name))}" for name in FIELDS)


def merged(opened: str, typed: TopicWish, stored: TopicWish) -> Merged:
    """The typed topic, but as stored now where the form, opened with these `marks`, was not touched. A field without
    a mark counts as touched, and as seen."""
    seen = dict(pair.split(":", 1) for pair in opened.split() if ":" in pair)
    kept: dict[str, Any] = {"ready": stored.ready}
    clashes = []
    for name in FIELDS:
        now, said = _mark(getattr(stored, name)), _mark(getattr(typed, name))
        was = seen.get(name, now)
        if name in seen and said == was:
            kept[name] = getattr(stored, name)
        elif was != now != said:
            clashes.append(name)
    return Merged(replace(typed, **kept), tuple(clashes))


def _mark(value: Any) -> str:
    """A short sign of a field's value, whatever line ends a browser gave it."""
    said = "\n".join(value) if isinstance(value, tuple) else str(value)
    plain = "\n".join(said.strip().splitlines())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:12]
