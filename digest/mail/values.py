"""What a letter's content puts into the slots of head, section and foot, as cells. Pure.

A content comes in texts that many readers share (see `digest.editions.draft`); the cells of each are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from digest.editions.line import parted
from digest.mail import days
from digest.mail.card import LEAD_BYTES, NAME_BYTES
from digest.mail.cells import KEPT, Pair, bounded, counted, html, in_words, number, pair
from digest.mail.foreign import cut
from digest.mail.form import Values
from digest.mail.headers import SUBJECT_MOST
from digest.mail.pages import LINKS, MISSING_MOST, PAGES
from digest.mail.quoted import encoded
from digest.mail.sheet import Cells, both
from digest.mail.silences import SILENCES
from digest.mail.wrap import WIDTH, columns

QUERY_BYTES, SCHEDULE_BYTES, ZONE_BYTES, PHRASE_BYTES = 480, 200, 80, 60  # most bytes of such slots in HTML
EMAIL_BYTES = 254 * 6
CONTENTS_COLUMNS = 46  # of a topic's name in the text part's contents
LACKS_BYTES = 400
URL_BYTES, PAGE_BYTES = 90, 170  # of a link of ours behind the site's address: a path and one token, or two

BOTH_SIDES = 5  # the renderer from which on the subject's time looks at the slot behind, too
DAY = timedelta(hours=23)  # the shortest one, when the clocks go forward

Both = tuple[Values, Values]  # text, HTML

TIMES = (*both("period", "due", "start", "end", "next", "zone"), "is_first", "is_late", "has_next")
COUNTS = ("papers", "others", "listed", "fresh", "above", "more", "told", "outside", "carried",
          "found", "nothing", "has_others", "has_carried", "no_carried")  # fmt: skip
PERSON = ("has_asked", "asked", "consent", "topics", *both("schedule"), "has_schedule")
OWN = both("subject", "email", "lead")
SILENCE = (*both("silence"), "is_silent")
NEAR = both("lead", "page", "lacks")
FRAME = (*TIMES, *COUNTS, *PERSON, *LINKS, *OWN, *SILENCE)
CONTENTS = ("anchor", "number", "numbered", *both("count", "topic", "lead"))
FRAME_ROWS = {"contents": CONTENTS, "missing": both("date", "page"), "near": NEAR}
SECTION = (*LINKS, *PAGES, "anchor", "papers", "here", "more", "behind", *both("topic", "query", "gap", "cards"))


def by_format(pairs: Mapping[str, Pair]) -> Both:
    """Pairs by name as the cells of each format by name."""
    return {name: cells[0] for name, cells in pairs.items()}, {name: cells[1] for name, cells in pairs.items()}


class When(NamedTuple):
    """The slot of a digest."""

    date: str  # ISO
    told: str  # the day as the subject says it; with the time when another digest is or may be of that day
    first: bool
    cells: Cells  # TIMES


@lru_cache(maxsize=4096)
def when(text: str, renderer: int) -> When:
    """The times of a digest, the same for all readers of one slot and zone, in the words of a renderer."""
    date, slot, since, following, zone, late, first = parted(text)
    texts = (
        "in the last 7 days" if first else days.since(since, date),
        days.clock(slot),
        days.moment(since),
        days.moment(slot),
        days.moment(following) if following else "",
        bounded(zone, ZONE_BYTES),
    )
    cells = [cell for text in texts for cell in pair(text)]
    day = days.short(date)
    before_only = renderer < BOTH_SIDES
    shared = since[:10] == date if before_only else _near(since, slot) or _near(slot, following)
    told = f"{day}, {days.clock(slot)}" if first or shared else day
    return When(date, told, bool(first), (*cells, bool(first), bool(late), bool(following)))


def _near(earlier: str, later: str) -> bool:
    """Whether a day may hold both, in whichever zone: also where a slot was silent, or the reader has moved."""
    if not (earlier and later):
        return False
    return datetime.fromisoformat(later) - datetime.fromisoformat(earlier) < DAY


@lru_cache(maxsize=KEPT)
def counts(text: str, papers: int, above: int) -> Cells:
    """The numbers of a digest with so many papers, and so many of them shown in the mail."""
    listed, told, outside, carried_above, carried_more = map(int, text.split(" "))
    carried = carried_above + carried_more
    return (
        encoded(in_words(papers, "paper", "papers").capitalize()),
        number(papers - 1),
        number(listed),
        number(papers - carried),
        number(above - carried_above),
        number(papers - above - carried_more),
        number(told),
        number(outside),
        counted(carried, "paper", "papers"),
        papers > 0,
        papers == 0,
        papers > 1,
        carried > 0,
        carried == 0,
    )


def person(text: str) -> Cells:
    """What the foot says of the reader."""
    asked, added, topics, schedule = parted(text)
    return (*_consent(asked, added), counted(int(topics), "topic", "topics"), *_schedule(schedule))


@lru_cache(maxsize=4096)
def _consent(asked: str, added: str) -> Cells:
    return bool(asked), encoded(days.long(asked)) if asked else b"", encoded(consent(asked, bool(added)))


@lru_cache(maxsize=4096)
def _schedule(text: str) -> Cells:
    return (*pair(bounded(text, SCHEDULE_BYTES)), bool(text))


def consent(asked: str, added: bool) -> str:
    """Why they get digests, behind their address: one who was added never asked, and is not told that they did."""
    on = f" on {days.long(asked)}" if asked else ""
    return f"was added by the operator{on}" if added else f"asked for it{on} and confirmed"


@lru_cache(maxsize=64)
def silence(reason: str) -> Cells:
    """Why there is nothing, in words."""
    return (*pair(bounded(SILENCES.get(reason, reason), LACKS_BYTES)), bool(reason))


@lru_cache(maxsize=KEPT)
def lacks(said: str) -> Pair:
    """What a paper that came close lacks."""
    return pair(bounded(said, LACKS_BYTES), 5)


class Topic(NamedTuple):
    """A topic as sections and the list of sections name it."""

    name: str  # clean and cut
    cells: Cells  # topic and query, for each format
    row: Pair  # its name in the list of sections


@lru_cache(maxsize=KEPT)
def topic(name: str, query: str) -> Topic:
    """What is said of a topic with this name and filter."""
    short = bounded(name, NAME_BYTES)
    cells = pair(short)
    return Topic(short, (*cells, *pair(bounded(query, QUERY_BYTES))), (_narrow(short), cells[1]))


class Placed(NamedTuple):
    """Where a section stands and how many papers it has."""

    section: Cells  # of SECTION: anchor to behind
    row: Cells  # of CONTENTS: anchor to count


@lru_cache(maxsize=4096)
def placed(place: int, first: int, papers: int, here: int) -> Placed:
    """The section with this place, whose first paper has this number; it has so many papers, so many in the mail."""
    at = anchor(place)
    section = at, counted(papers, "paper", "papers"), number(here), number(papers - here), here < papers
    return Placed(section, (at, number(first), here > 0, encoded(f"{papers:>4}"), number(papers)))


@lru_cache(maxsize=512)
def anchor(place: int) -> bytes:
    """The name of a section's place in the mail and on its page: t1."""
    return encoded(f"t{place}")


@lru_cache(maxsize=KEPT)
def gap(name: str, papers: int, here: int) -> bytes:
    """What puts the count at the right edge behind a topic's name; on its own line when both don't fit in one."""
    said = in_words(papers, "paper", "papers") + (f", {here} here" if here < papers else "")
    room = WIDTH - columns(name) - len(said)
    return encoded(" " * room if room >= 2 else "\n" + " " * (WIDTH - len(said)))


def _narrow(name: str) -> bytes:
    """A name that fits in one line of the text part's contents."""
    if len(name) <= CONTENTS_COLUMNS // 2:  # of wide characters each takes two
        return pair(name)[0]
    while columns(name) > CONTENTS_COLUMNS:
        name = cut(name.removesuffix("…"), min(len(name) - 1, CONTENTS_COLUMNS))
    return pair(name)[0]


def bounds(url: str) -> dict[str, int]:
    """The most bytes of each slot of head, section and foot in HTML, and how often their repetitions stand there."""
    phrases = ("papers", "period", "due", "carried", "start", "end", "next", "asked", "consent", "topics", "date")
    numbers = ("others", "listed", "fresh", "above", "more", "told", "outside", "count", "number", "here", "anchor")
    return {
        **dict.fromkeys(phrases, PHRASE_BYTES),
        **dict.fromkeys(numbers, 12),
        **dict.fromkeys(("web", "me", "leave", "edit", "less"), len(html(url)) + URL_BYTES),
        "page": len(html(url)) + PAGE_BYTES,
        "zone": ZONE_BYTES,
        "schedule": SCHEDULE_BYTES,
        "subject": SUBJECT_MOST * 6,
        "lead": LEAD_BYTES,
        "topic": NAME_BYTES,
        "query": QUERY_BYTES,
        "email": EMAIL_BYTES,
        "gap": 0,
        "cards": 0,
        "contents": 0,
        "missing": MISSING_MOST,
        "silence": LACKS_BYTES,
        "lacks": LACKS_BYTES,
        "near": 0,  # it stands where no section does, and is small
    }
