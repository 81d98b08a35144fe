"""What earlier slots still owe a reader: digests that did not, or may not, have arrived. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from digest.editions.compose import Owed
from digest.editions.draft import Draft, Missing
from subscribers import schedule
from subscribers.models import Letter
from subscribers.outbox.message import SLOT
from subscribers.reader import Reader
from subscribers.roll import NOT_ARRIVED

UNDOTTED = ("waiting", "deferred")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A digest of an earlier slot that did not, or may not, have arrived."""

    letter: int
    slot: datetime
    state: str
    draft: Draft | None = None  # None: nothing can come of it now (it is under way, or spent)
    spent: bool = False  # nothing can come of it any more: carried before, or its reader had left
    named: bool = False  # unknown, and a digest since has said so

    @property
    def key(self) -> str:
        """How its page is named."""
        return self.slot.astimezone(UTC).strftime(SLOT)


def carried(earlier: Sequence[Earlier]) -> list[Earlier]:
    """The digests whose papers the next one takes over, the oldest first."""
    return [e for e in earlier if e.draft is not None and e.state != "unknown"]


def doubtful(earlier: Sequence[Earlier]) -> list[Earlier]:
    """The digests that the next one says may not have arrived.

    Each is named once, in a digest that arrived: where the one that named it is carried or in doubt itself, it is
    named again with it.
    """
    unknown = [e for e in earlier if e.draft is not None and e.state == "unknown"]
    failed = carried(earlier) + [e for e in unknown if not e.named]
    again = {missing.key for e in failed if e.draft is not None for missing in e.draft.missing}
    return [e for e in unknown if not e.named or e.key in again]


def earlier_digests(readers: Sequence[Reader]) -> Mapping[int, tuple[Earlier, ...]]:
    """For each reader the digests that were not accepted since the oldest that matters, the oldest first."""
    begins = {reader.id: _matters_from(reader) for reader in readers}
    starts = {number: start for number, start in begins.items() if start is not None}
    if not starts:
        return {}
    rows = Letter.objects.filter(subscriber__in=starts, kind="digest", slot__gte=min(starts.values())).exclude(
        state="accepted"
    )
    found: dict[int, list[Earlier]] = defaultdict(list)
    for letter in rows.order_by("slot"):
        if letter.slot >= starts[letter.subscriber_id]:
            found[letter.subscriber_id].append(_earlier(letter))
    return {reader: tuple(letters) for reader, letters in found.items()}


def _matters_from(reader: Reader) -> datetime | None:
    """Where digests begin that can still need carrying; and the first, while a slot may be too soon after it."""
    near = reader.first_slot if schedule.too_soon(reader.first_slot, reader.due) else None
    return min((start for start in (reader.owed_from, near) if start is not None), default=None)


def _earlier(letter: Letter) -> Earlier:
    spent = letter.last or letter.reason in ("carried", "left") or letter.carried_in is not None or not letter.content
    wanted = letter.state in (*UNDOTTED, *NOT_ARRIVED, "unknown")
    draft = Draft.from_json(letter.content) if wanted and not spent else None
    return Earlier(letter.pk, letter.slot, letter.state, draft, spent, letter.named_in is not None)


def owed(earlier: Sequence[Earlier]) -> Owed:
    return Owed(
        tuple(e.draft for e in carried(earlier) if e.draft),
        tuple(Missing(e.draft.date, e.key) for e in doubtful(earlier) if e.draft),
    )


def untouched(earlier: tuple[Earlier, ...]) -> tuple[Earlier, ...]:
    """Without a letter now, nothing is carried or named: the next one will."""
    return tuple(replace(e, draft=None) for e in earlier)
