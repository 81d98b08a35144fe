"""Whom to say it to, and proof that we said it. Every constraint and index names the rule or query it serves."""

from subscribers.models.control import Hold, Rate
from subscribers.models.outbox import Batch, Bulletin, Channel, Event, Letter
from subscribers.models.people import Subscriber, Suppression, new_key
from subscribers.models.topics import Filter, Milestone, ReadyTopic, Topic

__all__ = [
    "Batch",
    "Bulletin",
    "Channel",
    "Event",
    "Filter",
    "Hold",
    "Letter",
    "Milestone",
    "Rate",
    "ReadyTopic",
    "Subscriber",
    "Suppression",
    "Topic",
    "new_key",
]
