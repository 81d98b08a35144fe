"""What a draft and its reader put into the slots of head, section and foot. Pure.

Everything comes in pairs: values for the text part, values for the HTML part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from digest.editions.draft import Draft, Section
from digest.mail import days
from digest.mail.card import LEAD_BYTES, NAME_BYTES
from digest.mail.cells import Pair, bounded, counted, html, in_words, number, pair, whole_pair
from digest.mail.foreign import cut
from digest.mail.form import Values
from digest.mail.headers import SUBJECT_MOST, TOKEN, Addressee
from digest.mail.quoted import encoded
from digest.mail.wrap import WIDTH, columns

QUERY_BYTES, SCHEDULE_BYTES, ZONE_BYTES, PHRASE_BYTES = 480, 200, 80, 60  # most bytes of such slots in HTML
EMAIL_BYTES = 254 * 6
CONTENTS_COLUMNS = 46  # of a topic's name in the text part's contents
MISSING_MOST = 4  # earlier digests named
URL_BYTES, PAGE_BYTES = 90, 170  # of a link of ours behind the site's address: a path and one token, or two

Both = tuple[Values, Values]  # text, HTML


def by_format(pairs: Mapping[str, Pair]) -> Both:
    """Pairs by name as the cells of each format by name."""
    return {name: cells[0] for name, cells in pairs.items()}, {name: cells[1] for name, cells in pairs.items()}


def total(section: Section) -> int:
    """The papers of a section, in the mail and on the web."""
    return len(section.hits) + len(section.more)


def links(url: str, to: Addressee) -> Both:
    """The reader's own pages. ValueError when a token can't stand in a link."""
    read, leave = _token(to.token), _token(to.leave_token)
    web, me, leaving = whole_pair(f"{url}/l/{read}"), whole_pair(f"{url}/me/{read}"), whole_pair(f"{url}/leave/{leave}")
    return by_format({"web": web, "me": me, "leave": leaving})


def counts(draft: Draft, sections: Sequence[Section]) -> Values:
    """The numbers of a digest, for both formats."""
    papers = sum(map(total, sections))
    above = sum(len(section.hits) for section in sections)
    carried = draft.carried + draft.carried_more
    return {
        "papers": _papers(papers),
        "others": number(papers - 1),
        "listed": number(draft.listed),
        "fresh": number(papers - carried),
        "above": number(above - draft.carried),
        "more": number(papers - above - draft.carried_more),
        "told": number(draft.told),
        "outside": number(draft.outside),
        "carried": counted(carried, "paper", "papers"),
        "found": papers > 0,
        "nothing": papers == 0,
        "has_others": papers > 1,
        "has_carried": carried > 0,
        "no_carried": carried == 0,
        "is_first": draft.first,
        "is_late": draft.late,
        "has_next": bool(draft.next),
    }


@lru_cache(maxsize=512)
def _papers(value: int) -> bytes:
    return encoded(in_words(value, "paper", "papers").capitalize())


@lru_cache(maxsize=4096)
def period(date: str, since: str, slot: str, following: str, zone: str, first: bool) -> Both:
    """The times of a digest, the same for all readers of one slot."""
    texts = {
        "period": "in the last 7 days" if first else days.since(since, date),
        "due": days.clock(slot),
        "start": days.moment(since),
        "end": days.moment(slot),
        "next": days.moment(following) if following else "",
        "zone": bounded(zone, ZONE_BYTES),
    }
    return by_format({name: pair(text) for name, text in texts.items()})


def reader(to: Addressee, subject: str) -> Both:
    """What the foot says about the reader."""
    line, email = whole_pair(subject), whole_pair(to.email)
    schedule = pair(bounded(to.schedule, SCHEDULE_BYTES))
    same: Values = {
        "asked": encoded(days.long(to.since)) if to.since else b"",
        "consent": encoded(consent(to)),
        "topics": counted(to.topics, "topic", "topics"),
        "has_asked": bool(to.since),
        "has_schedule": bool(to.schedule),
    }
    return (
        {**same, "subject": line[0], "email": email[0], "schedule": schedule[0]},
        {**same, "subject": line[1], "email": email[1], "schedule": schedule[1]},
    )


def consent(to: Addressee) -> str:
    """Why they get digests, behind their address: one who was added never asked, and is not told that they did."""
    on = f" on {days.long(to.since)}" if to.since else ""
    return f"was added by the operator{on}" if to.added else f"asked for it{on} and confirmed"


def contents(sections: Sequence[Section], leads: Sequence[Pair]) -> tuple[list[Values], list[Values]]:
    """Rows of the head's list of sections."""
    texts: list[Values] = []
    htmls: list[Values] = []
    first = 1
    for place, (section, lead) in enumerate(zip(sections, leads, strict=True), 1):
        name = bounded(section.name, NAME_BYTES)
        same: Values = {"anchor": anchor(place), "number": number(first), "numbered": bool(section.hits)}
        texts.append({**same, "topic": _narrow(name), "count": _padded(total(section)), "lead": lead[0]})
        htmls.append({**same, "topic": pair(name)[1], "count": number(total(section)), "lead": lead[1]})
        first += len(section.hits)
    return texts, htmls


def missing(draft: Draft, to: Addressee, url: str) -> tuple[list[Values], list[Values]]:
    """Rows for the earlier digests of which nobody knows whether they arrived, the newest first, at most 4."""
    newest = sorted(draft.missing, key=lambda missing: missing.key, reverse=True)[:MISSING_MOST]
    rows = [
        by_format(
            {
                "date": pair(days.without_year(item.date)),
                "page": whole_pair(f"{url}/l/{_token(to.token)}/{_token(item.key)}"),
            }
        )
        for item in newest
    ]
    return [row[0] for row in rows], [row[1] for row in rows]


def section(given: Section, place: int) -> Both:
    """What a section says, without its cards."""
    name = bounded(given.name, NAME_BYTES)
    papers, here = total(given), len(given.hits)
    same: Values = {
        "anchor": anchor(place),
        "papers": counted(papers, "paper", "papers"),
        "here": number(here),
        "more": number(papers - here),
        "behind": here < papers,
    }
    topic, query = pair(name), pair(bounded(given.query, QUERY_BYTES))
    text = {**same, "topic": topic[0], "query": query[0], "gap": _gap(name, papers, here)}
    return text, {**same, "topic": topic[1], "query": query[1], "gap": b""}


@lru_cache(maxsize=512)
def anchor(place: int) -> bytes:
    """The name of a section's place in the mail and on its page: t1."""
    return encoded(f"t{place}")


@lru_cache(maxsize=4096)
def _gap(name: str, papers: int, here: int) -> bytes:
    """What puts the count at the right edge behind a topic's name; on its own line when both don't fit in one."""
    said = in_words(papers, "paper", "papers") + (f", {here} here" if here < papers else "")
    room = WIDTH - columns(name) - len(said)
    return encoded(" " * room if room >= 2 else "\n" + " " * (WIDTH - len(said)))


@lru_cache(maxsize=4096)
def _narrow(name: str) -> bytes:
    """A name that fits in one line of the text part's contents."""
    while columns(name) > CONTENTS_COLUMNS:
        name = cut(name.removesuffix("…"), min(len(name) - 1, CONTENTS_COLUMNS))
    return pair(name)[0]


@lru_cache(maxsize=512)
def _padded(count: int) -> bytes:
    return encoded(f"{count:>4}")


def _token(token: str) -> str:
    if TOKEN.fullmatch(token) is None:
        raise ValueError(f"no token for a link: {token!r}")
    return token


def bounds(url: str) -> dict[str, int]:
    """The most bytes of each slot of head, section and foot in HTML, and how often their repetitions stand there."""
    phrases = ("papers", "period", "due", "carried", "start", "end", "next", "asked", "consent", "topics", "date")
    numbers = ("others", "listed", "fresh", "above", "more", "told", "outside", "count", "number", "here", "anchor")
    return {
        **dict.fromkeys(phrases, PHRASE_BYTES),
        **dict.fromkeys(numbers, 12),
        **dict.fromkeys(("web", "me", "leave"), len(html(url)) + URL_BYTES),
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
    }
