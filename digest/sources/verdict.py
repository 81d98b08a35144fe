"""Is this look to be believed? A listing is compared with the day asked for and with what is known of it.

Pure. Growth is never suspect: shortly after midnight UTC most days hold under a third of their final count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from digest.sources.listing import Listing

Kind = Literal["ok", "unchanged", "partial", "suspect", "failed"]
FEW = 6  # fewer known papers than this say nothing about a shrunken list: single papers do get moved away


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look is worth, and why, as a full sentence for operators."""

    kind: Kind
    reason: str


def judge(listing: Listing, requested: date, known_count: int, same_body: bool, repeats: date | None = None) -> Verdict:
    """The verdict on a listing that could be read.

    `known_count` is the number of papers that the source is known to list for the requested day; `same_body`
    says that the bodies equal those of the last look at that day; `repeats` names an earlier day whose batch this
    is once more, under a fresh date. Only `ok` and `partial` looks teach
    anything; a suspect one is kept and nothing is drawn from it, even when it comes a second time.
    """
    doubt = _no_listing_yet(listing, requested, repeats) or _doubt(listing, requested, known_count)
    if doubt:
        return Verdict("suspect", doubt)
    if same_body:
        return Verdict("unchanged", f"The list for {requested} is the same as at the last look.")
    if not listing.whole:
        return Verdict("partial", _sentence(listing.note or "Not everything could be read"))
    if not listing.entries:
        return Verdict("ok", "The source lists nothing for this day.")
    return Verdict("ok", _sentence(f"The source lists {_papers(len(listing.entries))}", listing.note))


def failed(problem: Exception) -> Verdict:
    """The verdict on a look that brought nothing to read: the error's own sentences."""
    return Verdict("failed", _sentence(str(problem) or type(problem).__name__))


def _no_listing_yet(listing: Listing, requested: date, repeats: date | None) -> str:
    """What the source shows in the place of the day that was asked for, or ""."""
    if repeats is not None:
        return f"No listing yet: asked for {requested}, the source shows the entries of {repeats} under a fresh date."
    if listing.shown_day is None or listing.shown_day == requested:
        return ""
    shown = f"asked for {requested}, the source shows {listing.shown_day}"
    return f"No listing yet: {shown}." if listing.shown_day < requested else f"{_begun(shown)}, a later day."


def _doubt(listing: Listing, requested: date, known: int) -> str:
    """Why not to believe it, or ""."""
    seen = len(listing.entries)
    if not seen and known:
        return f"The list for {requested} is empty, but it had {_papers(known)} before."
    if known >= FEW and seen * 2 < known and not listing.rolling:
        return f"The list for {requested} has {_papers(seen)}, less than half of the {known} known before."
    return ""


def _papers(number: int) -> str:
    return "1 paper" if number == 1 else f"{number} papers"


def _sentence(*parts: str) -> str:
    return " ".join(f"{_begun(part.strip().rstrip('.'))}." for part in parts if part.strip())


def _begun(text: str) -> str:
    """With a capital, save where an address begins the sentence."""
    return text if text.startswith(("http:", "https:")) else text[:1].upper() + text[1:]
