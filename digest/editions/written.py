"""Drafts as the text of their JSON: what many readers share is written once. Pure.

`Draft.to_json` says what that is. Here its parts are put together as texts, since to make the plain data of each hit
and to write it again for each reader is most of what posting a letter costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from digest.editions.draft import Draft, Hit, Section

T = TypeVar("T")
OWN = ("sections", "counts", "person")  # of the plain data: what differs among readers of one slot
_FRAME = attrgetter(
    "date",
    "slot",
    "since",
    "next",
    "zone",
    "late",
    "first",
    "missing",
    "oldest",
    "wording",
    "renderer",
    "length",
    "silence",
    "near",
)
MOST_KEPT = 100_000  # hits


def kept(work: Callable[[Hit], T]) -> Callable[[Hit], T]:
    """The same work, done once for each hit: for those that readers share, which are told by what they are in memory
    since comparing their marks takes longer."""
    known: dict[int, tuple[Hit, T]] = {}

    def find(hit: Hit) -> T:
        found = known.get(id(hit))
        if found is None:
            if len(known) >= MOST_KEPT:
                known.clear()
            found = known[id(hit)] = hit, work(hit)  # the hit, so that no other one takes its place
        return found[1]

    return find


class Writer:
    """Writes the drafts of one run."""

    def __init__(self) -> None:
        self._hits: dict[int, tuple[Hit, str]] = {}
        self._frames: dict[tuple[object, ...], str] = {}
        self._people: dict[tuple[object, ...], str] = {}

    def __call__(self, drafts: Sequence[Draft]) -> list[str]:
        """The text of each."""
        if len(self._hits) > MOST_KEPT:
            self._hits, self._frames, self._people = {}, {}, {}
        for draft in drafts:
            for section in draft.sections:
                for hit in section.hits:
                    if id(hit) not in self._hits:
                        self._hits[id(hit)] = hit, json.dumps(hit.line())
        return [self._text(draft) for draft in drafts]

    def _text(self, draft: Draft) -> str:
        sections = ", ".join(map(self._section, draft.sections))
        return f'{self._frame(draft)}, "counts": "{draft.counts()}", {self._person(draft)}, "sections": [{sections}]}}'

    def _frame(self, draft: Draft) -> str:
        """Everything else."""
        key = _FRAME(draft)
        frame = self._frames.get(key)
        if frame is None:
            plain = {name: value for name, value in replace(draft, sections=()).to_json().items() if name not in OWN}
            frame = self._frames[key] = json.dumps(plain)[:-1]
        return frame

    def _person(self, draft: Draft) -> str:
        key = draft.asked, draft.added, draft.topics, draft.schedule
        person = self._people.get(key)
        if person is None:
            person = self._people[key] = f'"person": {json.dumps(draft.person())}'
        return person

    def _section(self, section: Section) -> str:
        hits = ", ".join([self._hits[id(hit)][1] for hit in section.hits])
        more = " ".join(map(str, section.more))
        return f'[{section.topic}, {json.dumps(section.name)}, {json.dumps(section.query)}, [{hits}], "{more}"]'
