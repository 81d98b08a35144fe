"""Is this look to be believed? A listing is compared with the day asked for and with what is known of its source.

Pure: the facts come as a `Record`. Growth is never suspect: shortly after midnight UTC most days hold under a third
of their final count. A suspect look teaches nothing; an operator may accept it, for one source and day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from digest.sources.listing import Entry, Listing
from digest.sources.untrusted import UnreadableListing

Kind = Literal["ok", "unchanged", "partial", "suspect", "failed"]
BELIEVED: tuple[Kind, ...] = ("ok", "unchanged", "partial")
FEW = 6  # fewer known papers than this say nothing about a shrunken list: single papers do get moved away
ENOUGH_DAYS = 10  # days from which it is known how long a source's lists are, and at what hour they begin
TIMES = 3  # as long as the longest of them a list may be
OLD = timedelta(days=14)  # more than half of a list that nobody knows, and older than this: some other list
SATURDAY = 5
NO_LISTING = "No listing yet"  # how the reasons begin of which readers hear "source had no listing"
CHALLENGE, MARKUP = UNREAD = "Challenge page", "Markup changed"  # and of those that could not be read


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look is worth, and why, as a full sentence for operators."""

    kind: Kind
    reason: str

    @property
    def no_listing(self) -> bool:
        """The source answers, but has nothing of this day yet."""
        return is_no_listing(self.kind, self.reason)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a source and a day when a look at it is judged. What is left out is not held against it."""

    known: int = 0  # papers that the source is known to list for the day
    same_body: bool = False  # the bodies equal those of the last look at the day
    repeats: date | None = None  # an earlier day whose batch this is once more, under a fresh date
    strangers: int = 0  # entries that are old (see `old`) and no known paper
    sizes: Sequence[int] = ()  # entries in the longest look at each of the source's other days that had any
    late: str = ""  # an open day is empty past the hour by which the source always had papers: as `overdue` says
    accepted: bool = False  # an operator has said that the day's looks are to be believed


def judge(listing: Listing, requested: date, record: Record) -> Verdict:
    """The verdict on a listing that could be read.

    Only `ok` and `partial` looks teach anything; a suspect one is kept and nothing is drawn from it, even when it
    comes a second time.
    """
    doubt = "" if record.accepted else _no_listing_yet(listing, requested, record) or _doubt(listing, requested, record)
    if doubt:
        return Verdict("suspect", doubt)
    if record.same_body:
        return Verdict("unchanged", f"The list for {requested} is the same as at the last look.")
    if not listing.whole:
        return Verdict("partial", _sentence(listing.note or "Not everything could be read"))
    if not listing.entries:
        return Verdict("ok", "The source lists nothing for this day.")
    return Verdict("ok", _sentence(f"The source lists {_papers(len(listing.entries))}", listing.note))


def unread(failure: Exception) -> Verdict:
    """The verdict on a look that brought nothing to read, in the error's own sentences.

    It is suspect when the source answers, but with a page for people only or in a format that we do not know, as the
    cause of an UnreadableListing says: that does not mend itself, as a failure does.
    """
    said = str(failure)
    cause = failure.cause if isinstance(failure, UnreadableListing) else "damage"
    if cause == "challenge":
        return Verdict("suspect", _sentence(f"{CHALLENGE}: the source wants to see that a person asks", said))
    if cause == "format":
        return Verdict("suspect", _sentence(f"{MARKUP}: the source writes its list in another way", said))
    return Verdict("failed", said)


def is_no_listing(kind: str, reason: str) -> bool:
    """As `Verdict.no_listing`, of a verdict that was stored."""
    return kind == "suspect" and reason.startswith(NO_LISTING)


def old(entries: Iterable[Entry], day: date) -> list[Entry]:
    """The entries that are dated more than 14 days before the day, by themselves or by their paper."""
    return [entry for entry in entries if (dated := entry.day or entry.published) and dated < day - OLD]


def overdue(day: date, now: datetime, beginnings: Sequence[timedelta]) -> str:
    """What to say of an empty day, when it is a weekday and past the source's usual hour; else "".

    `beginnings` are the times after 00:00 UTC at which the source's last weekdays had their first papers. The usual
    hour is the latest of at least ten: nothing is overdue that has ever come as late.
    """
    if day.weekday() >= SATURDAY or len(beginnings) < ENOUGH_DAYS:
        return ""
    usual = datetime.combine(day, time(), UTC) + max(beginnings)
    if now <= usual:
        return ""
    return f"its last {len(beginnings)} weekdays all had papers by {usual:%H:%M} UTC"


def _no_listing_yet(listing: Listing, requested: date, record: Record) -> str:
    """What the source shows in the place of the day that was asked for, or ""."""
    asked = f"asked for {requested}, the source shows"
    if record.repeats is not None:
        return f"{NO_LISTING}: {asked} the entries of {record.repeats} under a fresh date."
    shown = listing.shown_day
    if shown is not None and shown > requested:
        return f"{_begun(asked)} {shown}, a later day."
    if shown is not None and shown < requested:
        clamped = "" if any(entry.announce for entry in listing.entries) else " (day clamped)"
        return f"{NO_LISTING}{clamped}: {asked} {shown}."
    if not listing.entries and not record.known and record.late:
        return f"{NO_LISTING}: the list for {requested} is empty, and {record.late}."
    return ""


def _doubt(listing: Listing, requested: date, record: Record) -> str:
    """Why not to believe it, or ""."""
    seen, known = len(listing.entries), record.known
    of_day = f"The list for {requested}"
    if not seen and known:
        return f"{of_day} is empty, but it had {_papers(known)} before."
    if known >= FEW and seen * 2 < known and not listing.rolling:
        return f"{of_day} has {_papers(seen)}, less than half of the {known} known before."
    if record.strangers * 2 > seen:
        return f"{of_day} has {_papers(seen)}, and {record.strangers} of them are unknown and more than 14 days old."
    if not known and len(record.sizes) >= ENOUGH_DAYS and seen > TIMES * max(record.sizes):
        longest = f"the longest of {len(record.sizes)} other days had {max(record.sizes)}"
        return f"{of_day} has {_papers(seen)}, more than three times as many as ever: {longest}."
    return ""


def _papers(number: int) -> str:
    return "1 paper" if number == 1 else f"{number} papers"


def _sentence(*parts: str) -> str:
    return " ".join(f"{_begun(part.strip().rstrip('.'))}." for part in parts if part.strip())


def _begun(text: str) -> str:
    """With a capital, save where an address begins the sentence."""
    return text if text.startswith(("http:", "https:")) else text[:1].upper() + text[1:]
