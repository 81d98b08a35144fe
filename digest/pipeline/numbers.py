"""Change numbers: given from one counter row, locked as the last step of a transaction.

Whoever holds the row commits before the next one gets a number; so a change becomes visible only when all
changes with smaller numbers are, and a reader's cursor can never pass one that is still under way.
"""

from __future__ import annotations

from collections.abc import Sequence

from digest.models import Change, Counter

COUNTER = "change"


def head() -> int:
    """The newest change number that is committed."""
    return Counter.objects.values_list("value", flat=True).get(name=COUNTER)


def append(changes: Sequence[Change]) -> int:
    """Number the changes, write them, return the head. Call it last in the transaction: it locks the counter."""
    counter = Counter.objects.select_for_update().get(name=COUNTER)
    for offset, change in enumerate(changes, start=1):
        change.number = counter.value + offset
    if changes:
        counter.value += len(changes)
        counter.save(update_fields=["value"])
        Change.objects.bulk_create(changes, batch_size=500)
    return counter.value
