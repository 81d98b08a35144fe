"""What one reader will get, before it exists: the values that a digest letter freezes. Pure.

A letter's `content` is `Draft.to_json()`; the facts of the papers are not in it but in the changes that it
names, which never alter. So a retry years later composes the same bytes.

The content is kept small, and in pieces that many readers share, since composing looks them up as they stand: what is
the same for a slot and a zone is one text, what is counted another, what the foot says of the reader a third; a hit is
a line (`digest.editions.line`). Letters that were posted before `v` was written are read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from digest.editions import line
from digest.editions.line import joined, parted
from digest.matching.mark import Mark

__all__ = ["ABSTRACTS", "LENGTHS", "SHORT", "TITLES", "Draft", "Hit", "Mark", "Missing", "Near", "Section"]

FORM = 2  # of the content; the first one had no number
LATE, FIRST = "late", "first"
# What a digest shows of each abstract: a summary or its beginning, all of it, nothing.
SHORT, ABSTRACTS, TITLES = LENGTHS = "short", "abstracts", "titles"


@dataclass(frozen=True, slots=True)
class Hit:
    """A change and why it is here."""

    change: int
    score: int = 0  # 0 to 100
    marks: tuple[Mark, ...] = ()
    also: tuple[str, ...] = ()  # names of the reader's other topics that matched it
    carried: str = ""  # ISO date of the digest that did not arrive, when the paper comes from there

    def line(self) -> str:
        """As the content keeps it."""
        return line.written(self.change, self.score, self.marks, self.also, self.carried)


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
class Near:
    """A paper that came close to the reader's topics, and what it lacks."""

    change: int
    lacks: str


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
    length: str = ABSTRACTS  # one of LENGTHS
    silence: str = ""  # why there is nothing for one who wants to be told so: see `compose.Silence`
    near: tuple[Near, ...] = ()  # then what came closest

    def changes(self) -> list[int]:
        """Every change number of its sections, shown first."""
        shown = [hit.change for section in self.sections for hit in section.hits]
        return shown + [number for section in self.sections for number in section.more]

    def to_json(self) -> dict[str, Any]:
        """Plain data for the letter's `content`; what is empty is left out."""
        kind = LATE * self.late, FIRST * self.first
        plain = {
            "v": FORM,
            "when": joined((self.date, self.slot, self.since, self.next, self.zone, *kind)),
            "counts": self.counts(),
            "person": self.person(),
            "sections": [_plain_section(section) for section in self.sections],
            "wording": list(self.wording),
            "renderer": self.renderer,
        }
        if self.missing:
            plain["missing"] = [[item.date, item.key] for item in self.missing]
        if self.length != ABSTRACTS:
            plain["length"] = self.length
        if self.silence:
            plain |= {"silence": self.silence, "near": [[item.change, item.lacks] for item in self.near]}
        return plain if self.oldest == self.slot else plain | {"oldest": self.oldest}

    def counts(self) -> str:
        """What is counted, as the content keeps it."""
        return f"{self.listed} {self.told} {self.outside} {self.carried} {self.carried_more}"

    def person(self) -> str:
        """What the foot says of the reader, as the content keeps it."""
        return joined((self.asked, "added" * self.added, str(self.topics), self.schedule))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Draft:
        """The inverse of `to_json`. KeyError, TypeError or ValueError for what is no content of ours."""
        if "v" not in data:
            return _of_the_first_form(data)
        date, slot, since, following, zone, late, first = parted(data["when"])
        listed, told, outside, carried, carried_more = map(int, data["counts"].split(" "))
        asked, added, topics, schedule = parted(data["person"])
        return cls(
            date=date,
            slot=slot,
            since=since,
            next=following,
            zone=zone,
            sections=tuple(_section(*section) for section in data["sections"]),
            listed=listed,
            told=told,
            outside=outside,
            carried=carried,
            carried_more=carried_more,
            missing=tuple(Missing(*item) for item in data.get("missing", ())),
            oldest=data.get("oldest", slot),
            late=bool(late),
            first=bool(first),
            asked=asked,
            added=bool(added),
            topics=int(topics),
            schedule=schedule,
            wording=tuple(data["wording"]),
            renderer=data["renderer"],
            length=length_of(data),
            silence=data.get("silence", ""),
            near=tuple(Near(*item) for item in data.get("near", ())),
        )


def length_of(content: Mapping[str, Any]) -> str:
    """How long the mail of a content is: one of LENGTHS. While there were two, `titles` told which."""
    return content.get("length") or (TITLES if "titles" in content else ABSTRACTS)


def current(content: dict[str, Any]) -> dict[str, Any]:
    """A letter's content in the form that is written today. Raises as `Draft.from_json` does."""
    return content if content.get("v") == FORM else Draft.from_json(content).to_json()


def changes(content: dict[str, Any]) -> set[int]:
    """The change numbers whose papers a mail of this content names; of today's form."""
    found = {change for change, _ in content.get("near", ())}
    for _, _, _, hits, more in content["sections"]:
        found.update(map(line.change_of, hits) if hits else map(int, more.split()[:1]))
    return found


def _plain_section(section: Section) -> list[Any]:
    lines = [hit.line() for hit in section.hits]
    return [section.topic, section.name, section.query, lines, " ".join(map(str, section.more))]


def _section(topic: int, name: str, query: str, lines: list[str], more: str) -> Section:
    return Section(topic, name, query, tuple(map(_hit, lines)), tuple(map(int, more.split())))


def _hit(text: str) -> Hit:
    change, score, _, _, rest = text.split("|", 4)
    because = line.because(rest)
    return Hit(int(change), int(score), line.marks(text), because.also, because.carried)


def _of_the_first_form(data: dict[str, Any]) -> Draft:
    sections = tuple(_first_section(section) for section in data["sections"])
    missing = tuple(Missing(**item) for item in data["missing"])
    return Draft(**{**data, "sections": sections, "missing": missing, "wording": tuple(data["wording"])})


def _first_section(data: dict[str, Any]) -> Section:
    return Section(**{**data, "hits": tuple(_first_hit(hit) for hit in data["hits"]), "more": tuple(data["more"])})


def _first_hit(data: dict[str, Any]) -> Hit:
    marks = tuple(Mark(*mark) for mark in data["marks"])
    return Hit(data["change"], data["score"], marks, tuple(data.get("also", ())), data.get("carried", ""))
