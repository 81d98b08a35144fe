"""Ways to hand over many letters at once, driven by one thread. Each letter's dot is held back until it is told.

fleet = open_fleet(place, helo)
if fleet.room(wanted): fleet.stage(key, mail)       on a connection that has nothing to do
fleet.poll(seconds)         what has happened: (key, HELD), (key, BACK) or (key, outcome)
fleet.dot(key, following)   lets a held letter go; the next one follows on the same connection
fleet.abandon(key)          cuts the connection under a held letter
"""

from __future__ import annotations

from typing import Protocol

from subscribers.outbox.happening import BACK, HELD, Event, Happened
from subscribers.outbox.lines import Lines
from subscribers.outbox.mailurl import MailServer, Place
from subscribers.outbox.policy import Outcome
from subscribers.outbox.pool import Pool
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.shelf import Shelf
from subscribers.outbox.wire import Mail

__all__ = ["BACK", "HELD", "Event", "Fleet", "Happened", "Lines", "open_fleet"]


class Fleet(Protocol):
    """Ways to hand over many letters at once, each known by a key."""

    channel: str  # what its rate is called
    follows: bool  # whether a letter can be staged behind the dot of another
    trouble: Outcome | None  # why nothing can be staged
    most: int  # letters that can be under way at once

    def room(self, wanted: int) -> int:
        """How many letters can be staged at once; more connections are opened when so many are wanted."""

    def stage(self, key: int, mail: Mail) -> None:
        """Begin to hand over everything but the dot. Only while there is room."""

    def poll(self, seconds: float) -> list[Event]:
        """What has happened; when nothing has, after so many seconds at most nothing."""

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """Let a held letter go; the letter that follows is staged where it was."""

    def abandon(self, key: int) -> None:
        """Take a held letter back: it is not delivered."""

    def close(self) -> None:
        """Say goodbye; whatever is not dotted is abandoned."""


def open_fleet(place: Place, helo: str) -> Fleet:
    """The ways to the place that EMAIL_URL names."""
    if isinstance(place, Provider):
        return Pool(place)
    return Lines(place, helo) if isinstance(place, MailServer) else Shelf(place)
