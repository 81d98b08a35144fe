"""Why a paper matched: the words, and where they stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_MARKS = 16  # a mail marks no more in one card


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that made a clause true: places in the readable text of a field (see `subscribers.query.words`).

    `field` is title, abstract, author, org ...; only title and abstract have places (characters, end
    exclusive); for the others start = end = 0 and `shown` is the text to name.
    """

    clause: str  # as the filter language writes it: "cache eviction", robot*, upvotes:>=20
    field: str
    start: int = 0
    end: int = 0
    shown: str = ""  # the words as they stand in the paper
    by_stem: bool = False  # rests on the stem alone: transform for transformer


def kept(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks that a letter freezes: the first of each clause, then the first of all, as many as a card shows."""
    if len(marks) <= MOST_MARKS // 2:  # nearly always
        return tuple(marks)
    first = list({mark.clause: mark for mark in reversed(marks)}.values())
    wanted = {id(mark) for mark in [*first, *marks][: max(MOST_MARKS, len(first))]}
    return tuple(mark for mark in marks if id(mark) in wanted)
