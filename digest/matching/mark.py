"""Why a paper matched: the words, and where they stand. Pure."""

from __future__ import annotations

from dataclasses import dataclass


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
