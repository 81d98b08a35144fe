"""Drafts as the text of their JSON: what many readers share is written once. Pure.

`Draft.to_json` says what that is. Here its parts are put together as texts, since to make the plain data of each hit
and to write it again for each reader is most of what posting a letter costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import TypeVar

from digest.editions.draft import Draft, Hit, Section

T = TypeVar("T")
OWN = ("sections", "asked", "outside")  # what differs among readers with the same schedule
_FRAME = attrgetter(*(f.name for f in fields(Draft) if f.name not in OWN))
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

    def __call__(self, drafts: Sequence[Draft]) -> list[str]:
        """The text of each."""
        if len(self._hits) > MOST_KEPT:
            self._hits, self._frames = {}, {}
        self._keep({id(hit): hit for draft in drafts for section in draft.sections for hit in section.hits})
        return [self._text(draft) for draft in drafts]

    def _keep(self, hits: Mapping[int, Hit]) -> None:
        new = [hit for number, hit in hits.items() if number not in self._hits]
        plain = Draft("", "", "", "", "", (Section(0, "", "", tuple(new)),)).to_json()["sections"][0]["hits"]
        self._hits.update((id(hit), (hit, json.dumps(one))) for hit, one in zip(new, plain, strict=True))

    def _text(self, draft: Draft) -> str:
        own = _FRAME(draft)
        frame = self._frames.get(own)
        if frame is None:
            plain = replace(draft, sections=()).to_json()
            frame = self._frames[own] = json.dumps({name: plain[name] for name in plain if name not in OWN})[:-1]
        sections = ", ".join(map(self._section, draft.sections))
        return f'{frame}, "asked": {json.dumps(draft.asked)}, "outside": {draft.outside}, "sections": [{sections}]}}'

    def _section(self, section: Section) -> str:
        hits = ", ".join([self._hits[id(hit)][1] for hit in section.hits])
        named = f'"name": {json.dumps(section.name)}, "query": {json.dumps(section.query)}'
        return f'{{"topic": {section.topic}, {named}, "more": {list(section.more)}, "hits": [{hits}]}}'
