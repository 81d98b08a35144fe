"""What one reader will get, before it exists: the values that a digest letter freezes. Pure.

A letter's `content` is `Draft.to_json()`; the facts of the papers are not in it but in the changes that it
names, which never alter. So a retry years later composes the same bytes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from digest.matching.mark import Mark

__all__ = ["Draft", "Hit", "Mark", "Missing", "Section"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A change and why it is here."""

    change: int
    score: int = 0  # 0 to 100
    marks: tuple[Mark, ...] = ()
    also: tuple[str, ...] = ()  # names of the reader's other topics that matched it
    carried: str = ""  # ISO date of the digest that did not arrive, when the paper comes from there


@dataclass(frozen=True, slots=True)
class Section:
    """One topic's part of a digest."""

    topic: int
    name: str
    query: str  # as the reader typed it
    hits: tuple[Hit, ...] = ()  # shown in the mail
    more: tuple[int, ...] = ()  # change numbers behind "N more on the web"


@dataclass(frozen=True, slots=True)
class Missing:
    """An earlier digest of which nobody knows whether it arrived: named in one line, with its page."""

    date: str  # ISO date of its slot
    key: str  # names its page: slot in UTC, 20261125T0730


@dataclass(frozen=True, slots=True)
class Draft:
    """One reader's digest."""

    date: str  # ISO: the slot's local date
    slot: str  # ISO instant with offset, in the reader's zone
    since: str  # ISO instant in the reader's zone: where the period covered begins
    next: str  # ISO instant in the reader's zone: the next slot
    zone: str
    sections: tuple[Section, ...]
    listed: int = 0  # papers with news in the window; listed = above + more + told + outside
    told: int = 0  # of them told before
    outside: int = 0  # of them outside the topics, or below the threshold
    carried: int = 0  # papers above that come from digests that did not arrive (not part of `listed`)
    carried_more: int = 0  # papers behind "N more" that come from there (not part of `listed` either)
    missing: tuple[Missing, ...] = ()
    oldest: str = ""  # ISO instant: the slot that the oldest news in it was first owed at
    late: bool = False  # the slot was missed while the service was down
    first: bool = False  # the first digest: the last 7 days
    asked: str = ""  # ISO date on which the reader asked for digests
    added: bool = False  # not asked: an operator added them on that date
    topics: int = 0  # how many topics they had
    schedule: str = ""  # in words: Monday to Friday, 07:30
    wording: tuple[int, ...] = field(default=())  # template versions it is worded with
    renderer: int = 0

    def changes(self) -> list[int]:
        """Every change number it names, shown first."""
        shown = [hit.change for section in self.sections for hit in section.hits]
        return shown + [number for section in self.sections for number in section.more]

    def to_json(self) -> dict[str, Any]:
        """Plain data for the letter's `content`: marks as lists and nothing that is empty, so that it stays small."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        plain["sections"] = [_plain_section(section) for section in self.sections]
        plain["missing"] = [asdict(item) for item in self.missing]
        return plain

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Draft:
        """The inverse of `to_json`."""
        sections = tuple(_section(section) for section in data["sections"])
        missing = tuple(Missing(**item) for item in data["missing"])
        plain = {**data, "sections": sections, "missing": missing, "wording": tuple(data["wording"])}
        return cls(**plain)


_PLAIN = tuple(f.name for f in fields(Draft) if f.name not in ("sections", "missing"))


def _plain_section(section: Section) -> dict[str, Any]:
    hits = [_plain_hit(hit) for hit in section.hits]
    return {"topic": section.topic, "name": section.name, "query": section.query, "hits": hits, "more": section.more}


def _plain_hit(hit: Hit) -> dict[str, Any]:
    plain = {"change": hit.change, "score": hit.score, "marks": [_plain_mark(mark) for mark in hit.marks]}
    return plain | {name: value for name, value in (("also", hit.also), ("carried", hit.carried)) if value}


def _plain_mark(mark: Mark) -> tuple[str | int | bool, ...]:
    return mark.clause, mark.field, mark.start, mark.end, mark.shown, mark.by_stem


def _section(data: dict[str, Any]) -> Section:
    return Section(**{**data, "hits": tuple(_hit(hit) for hit in data["hits"]), "more": tuple(data["more"])})


def _hit(data: dict[str, Any]) -> Hit:
    marks = tuple(Mark(*mark) for mark in data["marks"])
    return Hit(data["change"], data["score"], marks, tuple(data.get("also", ())), data.get("carried", ""))
