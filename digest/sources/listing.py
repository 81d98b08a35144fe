"""What a source listed, as values: an `Entry` a paper, a `Listing` a look; and the `Facts` of a paper. Pure.

Identity keys are written in one spelling: `arxiv:2604.07429` (no version), `doi:10.1000/x` (lower case),
`guid:<source>:<guid>`. The public key of a paper, the one people see and type, is its arXiv id, else its
DOI, else `source:guid`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any

ARXIV_ID = re.compile(r"(?:arxiv:)?(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?", re.ASCII | re.IGNORECASE)
SUBJECT_CLASS = re.compile(r"\.[a-z]{2}/")  # math.GT/0309136 and math/0309136 are one paper
ARXIV_DOI = "10.48550/arxiv."
DOI_RESOLVER = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)", re.IGNORECASE)

# the fields of an entry that become facts as they are
TOLD_BY_ENTRY = (
    "title",
    "abstract",
    "authors",
    "organisations",
    "code",
    "project",
    "link",
    "categories",
    "primary",
    "keywords",
    "journal",
    "remarks",
)

OF_VERSION = ("title", "abstract", "authors", "categories", "primary", "journal", "remarks")  # a newer one's stand


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper as one source listed it. What the source did not say is empty or None, never a guess."""

    keys: tuple[str, ...]  # identity keys, the strongest first; at least one
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    upvotes: int | None = None
    comments: int | None = None
    code: str = ""  # URL
    project: str = ""  # URL
    link: str = ""  # where the source shows it: URL
    published: date | None = None  # first published, as the source says
    day: date | None = None  # the day this entry belongs to, when the entry itself says so
    version: int | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    announce: str = ""  # arXiv: new, cross, replace, replace-cross
    aliases: tuple[str, ...] = ()  # keys that name this paper only together with its title (a feed's link)
    dated: str = ""  # the entry's own date as the feed gave it, readable or not
    journal: str = ""  # where it was published, as the source says
    remarks: str = ""  # what the authors say beside the abstract: pages, venue
    primary: str = ""  # arXiv: the category that the paper was submitted to, one of `categories`
    summary: str = ""  # the source's own, in a sentence or two, beside the authors' abstract


@dataclass(frozen=True, slots=True)
class Listing:
    """What one look saw: one source's page (or pages) for one day."""

    day: date
    entries: tuple[Entry, ...]
    whole: bool  # all of the day's entries with all their fields; a partial look only adds
    note: str = ""  # what was odd, in words for the operator
    shown_day: date | None = None  # the day that the page says it shows; None when it does not say
    rolling: bool = False  # a feed: its newest entries of any day; what it no longer shows is not gone


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader can see or filter on, of all sources together, at one moment."""

    key: str  # public key
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    upvotes: int = 0
    comments: int = 0
    sources: tuple[str, ...] = ()  # short names of the sources that have listed it, in order
    code: str = ""
    project: str = ""
    link: str = ""
    published: str = ""  # ISO date or ""
    listed: str = ""  # ISO date: the day of the first listing
    arxiv: str = ""  # arXiv id without version
    doi: str = ""
    version: int = 0  # 0: not said
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    journal: str = ""
    remarks: str = ""
    primary: str = ""  # arXiv's primary category
    # How arXiv announced it last: new, cross, replace, replace-cross; "" when it did not say. Two lists that announce
    # one paper differently say nothing different of the paper itself, so it is not compared.
    announce: str = field(default="", compare=False)
    # What a list's model made of the abstract, and may make anew. It says nothing new of the paper, so it is not
    # compared and makes no change; a change that is made for another reason has the newest one known then.
    summary: str = field(default="", compare=False)
    # ISO date (UTC) of the moment at which a filter judges these facts: of the change, not of the paper, so not kept.
    judged: str = field(default="", compare=False)

    def to_json(self) -> dict[str, Any]:
        """Only what is set, so that a change row stays small."""
        kept = {name: value for name, value in asdict(self).items() if value not in ("", 0, ())}
        kept.pop("judged", None)
        return kept

    @classmethod
    def from_json(cls, data: dict[str, Any], judged: date | None = None) -> Facts:
        """The inverse of `to_json`; unknown names (of a later version) are ignored. `judged`: the day on which filters
        judge them, that of the change or of today."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return cls(**{"key": "", "title": "", **values, "judged": judged.isoformat() if judged else ""})

    def judged_on(self, day: date) -> Facts:
        """The same facts, judged on this day (UTC)."""
        return replace(self, judged=day.isoformat())


def arxiv_key(text: str) -> str:
    """`arxiv:ID` for an arXiv id with or without version, or "" when the text is none."""
    found = ARXIV_ID.fullmatch(text.strip())
    if not found:
        return ""
    named = found[1].lower()
    return f"arxiv:{SUBJECT_CLASS.sub('/', named) if '/' in named else named}"


def doi_key(text: str) -> str:
    """`doi:...` in lower case without resolver; an arXiv DOI becomes the arXiv key; "" when it is no DOI."""
    doi = DOI_RESOLVER.sub("", text.strip()).lower()
    if doi.startswith(ARXIV_DOI):
        return arxiv_key(doi.removeprefix(ARXIV_DOI))
    return f"doi:{doi}" if doi.startswith("10.") and "/" in doi else ""


def guid_key(source: str, guid: str) -> str:
    """The key of a paper that has neither arXiv id nor DOI: the source and the source's own name for it."""
    return f"guid:{source}:{guid}"


def public_key(keys: Iterable[str]) -> str:
    """The name of a paper that people see: the arXiv id, else the DOI, else `source:guid`."""
    ranked = sorted(keys, key=lambda key: (not key.startswith("arxiv:"), not key.startswith("doi:")))
    return ranked[0].partition(":")[2]


def one_line(text: str) -> str:
    """White space of any kind, folded to single spaces: listings break titles, names and URLs in lines."""
    return " ".join(text.split())


def first_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries without those that share a key with one before (a listing may repeat itself)."""
    kept: list[Entry] = []
    seen: set[str] = set()
    for entry in entries:
        if seen.isdisjoint(entry.keys):
            kept.append(entry)
        seen.update(entry.keys)
    return tuple(kept)


def merged(facts: Facts, entry: Entry, *, own: bool) -> Facts:
    """The facts with what the entry says; the same facts when it says nothing else."""
    updates = said(facts, entry, own=own)
    return replace(facts, **updates) if updates else facts


def said(facts: Facts, entry: Entry, *, own: bool) -> dict[str, Any]:
    """What the entry says otherwise than the facts, by their names; silence of the entry erases nothing.

    Texts are those of the source that listed the paper first (`own`), and of whoever shows a newer version; another
    source, or an older version, only fills what is empty, so that two spellings of one title don't chase each other.
    Who says no version shows the first. Code, keywords and where it is shown don't come with a version.
    Votes and comments are not merged here: they are counted per appearance (see `changes`). The announcement is the
    last one, of any list, of the newest version; a newer version that nobody announced takes the older's away. The
    summary is the last one that any list gave.
    """
    newer, older = (entry.version or 1) > (facts.version or 1), (entry.version or 1) < (facts.version or 1)
    updates: dict[str, Any] = {}
    for name in TOLD_BY_ENTRY:
        value, known = getattr(entry, name), getattr(facts, name)
        stands = older and (entry.version or name in OF_VERSION)
        if value and value != known and ((own and not stands) or (newer and name in OF_VERSION) or not known):
            updates[name] = value
    if entry.published and not facts.published:
        updates["published"] = entry.published.isoformat()
    if (entry.version or 0) > facts.version:
        updates["version"] = entry.version
        updates["announce"] = entry.announce
    elif entry.announce not in ("", facts.announce) and (entry.version or facts.version) == facts.version:
        updates["announce"] = entry.announce
    if entry.summary not in ("", facts.summary):
        updates["summary"] = entry.summary
    return updates
