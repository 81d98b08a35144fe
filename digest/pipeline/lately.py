"""What came of a reader's last slots, in their own words and clock. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from digest.mail.silences import SILENCES
from digest.models import Copy
from subscribers.models import Letter, Subscriber
from subscribers.outbox.message import SLOT
from subscribers.schedule import zone_of

SHOWN = 14
EXPLAINED = ("nothing matched", "all told before", "below threshold", "no topics")  # more can be said of these
STATES = {
    "waiting": "on its way",
    "dotted": "on its way",
    "deferred": "your mail server asked us to try again later",
    "accepted": "your mail server took it",
    "refused": "your mail server refused it; its papers come with the next one",
    "unknown": "it may not have arrived",
    "cancelled": "it was not sent; its papers come with the next one",
}
UNREAD = "something of yours could not be read; the next one covers this time too"


@dataclass(frozen=True, slots=True)
class Row:
    """A slot. `key` names the digest's page; "" when there is none."""

    slot: datetime  # on the reader's clocks
    said: str
    key: str = ""
    why: bool = False  # whether more can be said of it than this


def lately(person: Subscriber) -> list[Row]:
    """The newest slots first."""
    copies = Copy.objects.filter(subscriber=person).select_related("letter").order_by("-slot")[:SHOWN]
    return list(_rows(copies, clocks(person)))


def clocks(person: Subscriber) -> ZoneInfo:
    """The zone that a reader is told times in: their own, if it can be read."""
    try:
        return zone_of(person.zone)
    except (ValueError, OSError):  # a zone is a file of tzdata
        return ZoneInfo("UTC")


def _rows(copies: Iterable[Copy], zone: ZoneInfo) -> Iterator[Row]:
    for copy in copies:
        slot = copy.slot.astimezone(zone)
        if copy.letter is not None:
            yield Row(
                slot,
                letter_in_words(copy.letter),
                copy.slot.astimezone(UTC).strftime(SLOT) if copy.letter.content else "",
            )
        elif copy.result == Copy.Result.FAILED:
            yield Row(slot, UNREAD)
        else:
            yield Row(slot, f"no mail: {SILENCES.get(copy.reason, copy.reason)}", why=copy.reason in EXPLAINED)


def letter_in_words(letter: Letter) -> str:
    """What became of a digest's mail."""
    if letter.reason == "carried":
        return "its papers came with a later one"
    return STATES.get(letter.state, letter.state)
