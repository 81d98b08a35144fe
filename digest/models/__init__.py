"""The rows of this house, in three rooms: looks, papers, editions."""

from digest.models.editions import Copy, Edition, Template, Told
from digest.models.looks import Body, Host, Snapshot, Source, SourceDay
from digest.models.papers import Appearance, Change, Counter, Identity, Paper

__all__ = [
    "Appearance",
    "Body",
    "Change",
    "Copy",
    "Counter",
    "Edition",
    "Host",
    "Identity",
    "Paper",
    "Snapshot",
    "Source",
    "SourceDay",
    "Template",
    "Told",
]
