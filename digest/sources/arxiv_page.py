"""arXiv's page /list/CATEGORY/new: a day's new submissions, cross-lists and replacements. Pure.

A heading names the day; under a heading each stand pairs of `dt` (id, "(cross-list from X)", "(replaced)") and
`dd` (title, authors, comments, subjects, abstract). Several `dl` share one id. Each heading says how many
entries it has and how many are shown. The page of recent days is another one and has no abstracts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from bs4 import BeautifulSoup, Tag

from digest.sources.listing import Entry, arxiv_key
from digest.sources.people import sort_people
from digest.sources.plain import plain
from digest.sources.untrusted import TEXT_LIMIT, TITLE_LIMIT, UnreadableListing, cause_of, decoded, line

PAPERS = "https://arxiv.org/abs/"
PAGE_LIMIT = 12_000_000  # bytes; the largest page, of 2,000 entries, has about 6 million
DAY = re.compile(r"(?:new|recent) listings for \w+, (\d{1,2}) (\w+) (\d{4})", re.IGNORECASE)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SECTION = re.compile(r"(new|cross|replacement) submissions?\b(?:[^()]*\(.*?(\d+) of (\d+) entr)?", re.IGNORECASE)
EMPTY = re.compile(r"No updates (?:today|for this time period)", re.IGNORECASE)
LABEL = re.compile(r"\s*(?:Title|Comments|Subjects|Journal-ref):")
SUBJECT = re.compile(r"\(([a-z-]+(?:\.[A-Za-z-]+)?)\)")
AGAIN = "Look again later; the last good look stands"


@dataclass
class Page:
    """What the page holds."""

    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    shown_day: date | None = None


@dataclass
class Section:
    """One of the page's lists: what it says it shows, of how many, and what was seen of it."""

    name: str
    shown: int
    total: int
    seen: int = 0


def is_page(text: str) -> bool:
    """Whether the page is a list page of arXiv."""
    return ("dlpage" in text or "id='articles'" in text or 'id="articles"' in text) and (
        "listings for" in text or "list-title" in text or EMPTY.search(text) is not None
    )


def read(body: bytes, where: str) -> Page:
    """The page's entries. Raises UnreadableListing for another page."""
    if len(body) > PAGE_LIMIT:
        raise UnreadableListing(f"the page is too big: {len(body)} bytes", where, AGAIN)
    text = decoded(body)
    if not is_page(text):
        start = line(text[:200], 80)
        raise UnreadableListing(f"this is no list page of arXiv: {start}", where, AGAIN, cause_of(start))
    soup = BeautifulSoup(text.replace("<?", "&lt;?"), "lxml")
    page, sections = Page(), [Section("", 0, 0)]
    held: Tag | None = None
    for element in soup.find_all(["h3", "dt", "dd"]):
        if element.name == "h3":
            _heading(element.get_text(" ")[:300], page, sections)
        elif element.name == "dt":
            held = element
            sections[-1].seen += 1
        elif held is not None:
            _take(held, element, sections[-1].name, page)
            held = None
    _judge(page, sections, text, where)
    return page


def _heading(text: str, page: Page, sections: list[Section]) -> None:
    section = SECTION.search(text)
    if section:
        shown, total = int(section[2] or 0), int(section[3] or 0)
        sections.append(Section(section[1].lower(), shown, total))
    page.shown_day = page.shown_day or _day(text)


def _day(text: str) -> date | None:
    found = DAY.search(" ".join(text.split()))
    month = found[2].lower()[:3] if found else ""
    if not found or month not in MONTHS:
        return None
    try:
        return date(int(found[3]), MONTHS.index(month) + 1, int(found[1]))
    except ValueError:
        return None


def _judge(page: Page, sections: list[Section], text: str, where: str) -> None:
    """Doubts about how much of the day this is."""
    if page.shown_day is None and len(sections) == 1 and not EMPTY.search(text):
        what = "this is a list page of arXiv, but not the one of new papers"
        raise UnreadableListing(what, where, "Give the page /list/CATEGORY/new")
    for section in sections:
        if section.total > section.seen:
            page.doubts.append(f"of {section.total} entries under “{section.name}”, {section.seen} are on the page")
    if "</html>" not in text[-2_000:].lower():
        page.doubts.append("the page breaks off")


def _take(dt: Tag, dd: Tag, section: str, page: Page) -> None:
    entry = _entry(dt, dd, section)
    if isinstance(entry, str):
        page.left_out.append(f"entry {len(page.entries) + len(page.left_out) + 1} {entry}")
    else:
        page.entries.append(entry)


def _entry(dt: Tag, dd: Tag, section: str) -> Entry | str:
    anchor = dt.select_one('a[href^="/abs/"], a[href*="arxiv.org/abs/"]')
    key = arxiv_key(str(anchor.get("href", "")).partition("/abs/")[2]) if anchor else ""
    title = plain(_field(dd, "list-title"), TITLE_LIMIT)
    if not key or not title:
        return f"({key.removeprefix('arxiv:')}) has no title" if key else "has no arXiv id"
    names = [author.get_text(" ") for author in dd.select(".list-authors a")]
    authors, organisations = sort_people(names)
    abstract = dd.select_one("p.mathjax")
    categories = tuple(dict.fromkeys(SUBJECT.findall(_field(dd, "list-subjects"))))
    return Entry(
        keys=(key,),
        title=title,
        abstract=plain(abstract.get_text(), TEXT_LIMIT) if abstract else "",
        authors=authors,
        organisations=organisations,
        link=PAPERS + key.removeprefix("arxiv:"),
        categories=categories,
        primary="".join(categories[:1]),  # the page names it first
        announce=_announce(section, dt.get_text(" ").lower()),
        journal=line(_field(dd, "list-journal-ref")),
        remarks=line(_field(dd, "list-comments")),
    )


def _announce(section: str, marks: str) -> str:
    crossed = "cross-list" in marks
    if section == "replacement" or "(replaced)" in marks:
        return "replace-cross" if crossed else "replace"
    return "cross" if crossed or section == "cross" else "new"


def _field(dd: Tag, name: str) -> str:
    """A field without the word before it ("Title:")."""
    element = dd.select_one(f".{name}")
    if element is None:
        return ""
    label = element.select_one(".descriptor")
    text, before = element.get_text(), label.get_text() if label else ""
    return LABEL.sub("", text.partition(before)[2] if before else text, count=1)
