"""Whether a part may come into force: read, rendered and composed with ordinary and extreme data first. Pure.

All of it that reads the template happens in the limited process. What is refused is said with the part, the line where
there is one, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from digest.mail import samples
from digest.mail.compose import HTML_MOST, Composer, Site, compose_notice
from digest.mail.foreign import RESERVED
from digest.mail.form import DONE, EACH, END, SLOT, WHEN, cut
from digest.mail.headers import site_data
from digest.mail.limited import Limited, NotStarted
from digest.mail.part import CSS, Part, WordingError
from digest.mail.parts import Wording
from digest.mail.slots import HTML, TEXT, data_of, names_of

BODY_MOST = 60_000  # characters of a template
MESSAGE_ID = "<sample@example.org>"
RUNS = ("script", "iframe", "object", "embed", "form", "base", "link", "svg", "math")  # no place in a mail
LINKS = ("href", "src", "action", "background", "xlink:href", "srcset", "poster")
WEB = re.compile(r"\s*(?:https?:|mailto:|#|" + SLOT + r")", re.IGNORECASE)
FETCHES = re.compile(r"url\s*\(|@import|expression\s*\(|behaviou?r\s*:|</", re.IGNORECASE)
EDITION = {"date": "2026-11-25", "day": "Wednesday, 25 November", "year": "2026"}


def prove(parts: Sequence[Part], part: Part, site: Site) -> None:
    """Refuse a part that would fail, among the parts that it is to stand with. Raises WordingError, which says all."""
    _read(part)
    standing = [part if one.place == part.place else one for one in parts]
    wording = Wording([Part(one.kind, one.part, one.format, one.body) for one in standing])  # none of them trusted
    try:
        if part.format != CSS:
            _rendered(wording, part, site)
        _composed(wording, part, site)
    except (WordingError, NotStarted):
        raise
    except Exception as error:  # whatever a sample meets, a reader's digest would meet
        raise WordingError(f"{part}: {type(error).__name__}: {error}") from error


def _read(part: Part) -> None:
    """What its text alone tells."""
    if not part.body.strip():
        raise WordingError(f"{part}: it is empty")
    if len(part.body) > BODY_MOST:
        raise WordingError(f"{part}: it has {len(part.body):,} characters; {BODY_MOST:,} are the most")
    for number, text in enumerate(part.body.splitlines(), 1):
        if any(ord(letter) in RESERVED for letter in text):
            raise WordingError(f"{part}, line {number}: characters U+E0B0 to U+E0BF mark the slots; take them out")
    if part.format == CSS:
        found = FETCHES.search(part.body)
        if found:
            line = part.body.count("\n", 0, found.start()) + 1
            raise WordingError(
                f"{part}, line {line}: {found[0]} has no place in a mail: nothing is loaded from anywhere"
            )
        return
    wrong = Limited([part]).look(part, names_of(part.kind, part.part), data_of(part.kind, part.part))
    if wrong:
        raise WordingError("\n".join(f"{part}, line {line}: {said}" for line, said in wrong))


def _rendered(wording: Wording, part: Part, site: Site) -> None:
    """What it writes by itself."""
    if part.part == "card":
        return  # it is rendered with papers, below
    context = _context(part.kind, site)
    made = wording.render(part.part, part.format, context, names_of(part.kind, part.part))
    if part.part == "subject" and "\n" in made.strip():
        raise WordingError(f"{part}: a subject is one line; it has a line break. Put blocks in one line")
    if part.format == HTML:
        _harmless(part, made)
    if part.kind == "digest" and part.part in ("head", "foot") and not _leaves(made, part.format):
        how = '<a href="{{ slot.leave }}">' if part.format == HTML else "{{ slot.leave }}"
        raise WordingError(
            f"{part}: the link to leave is missing. Each head and foot of a digest has {how}, outside of any block"
        )


def _context(kind: str, site: Site) -> Mapping[str, Any]:
    return {"site": site_data(site)} | ({"edition": EDITION} if kind == "digest" else {})


def _composed(wording: Wording, part: Part, site: Site) -> None:
    """Whole mails of ordinary and of extreme days."""
    if part.kind != "digest":
        for said in samples.notices(part.kind, site.url).values():
            made = compose_notice(part.kind, wording, site, samples.READER, said, MESSAGE_ID, samples.NOW)
            _fits(part, len(made.data))
        return
    for day in samples.days():
        composer = Composer(wording, site, day.facts)
        composer.compose(day.draft, samples.READER, MESSAGE_ID, samples.NOW)
        for reason in composer.failed.values():
            raise WordingError(f"with {day.says}: {reason}")
        cards = [composer.card_bytes(number) for number in day.draft.changes()]
        _fits(part, composer.frame_bytes() + composer.section_bytes() + max(cards, default=0))
    if part.part == "card" and part.format == HTML:
        _harmless(part, _card(wording, site))


def _card(wording: Wording, site: Site) -> str:
    composer = Composer(wording, site, samples.ORDINARY)
    composer.compose(samples.DRAFT, samples.READER, MESSAGE_ID, samples.NOW)
    paper = dict.fromkeys(data_of("digest", "card")["paper"], "x")
    lists = {"authors": [], "organisations": [], "links": [{"name": "Code", "url": "https://example.org/"}]}
    counts = dict.fromkeys(("upvotes", "comments", "more_authors", "more_organisations"), 1)
    return wording.render("card", HTML, {"paper": {**paper, **lists, **counts, "page": site.url}})


def _fits(part: Part, size: int) -> None:
    if size > HTML_MOST:
        raise WordingError(f"{part}: a mail of one paper then has {size:,} bytes; {HTML_MOST:,} are the most")


def _harmless(part: Part, html: str) -> None:
    """Nothing that runs, asks or loads: mail programs refuse it, and readers would be followed by it."""
    for at, said in _Reading(html).wrong:
        raise WordingError(f"{part}: {said} has no place in a mail (line {at} of what it writes)")


def _leaves(made: str, format: str) -> bool:
    if format == TEXT:
        return "leave" in cut(made, encode=str.encode).nodes
    return _Reading(made).leaves


class _Reading(HTMLParser):
    """What a mail program would find in a part, with its blocks still marked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.leaves = False  # a link to leave stands outside of any block
        self.wrong: list[tuple[int, str]] = []
        self._open = 0
        self.feed(html)
        self.close()

    def handle_comment(self, data: str) -> None:
        """Blocks are comments, and so is what is for one mail program only."""
        self._open += data.startswith((WHEN, EACH))
        self._open -= data.startswith(DONE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements and attributes that do something."""
        self.wrong += [(self.getpos()[0], said) for said in _wrong(tag, attrs)]
        if tag == "a" and not self._open and (dict(attrs).get("href") or "").strip() == f"{SLOT}leave{END}":
            self.leaves = True


def _wrong(tag: str, attrs: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    if tag in RUNS:
        yield f"<{tag}>"
    for name, value in attrs:
        if name.startswith("on"):
            yield name
        if name in LINKS and not WEB.match(value or "#"):
            yield f"{name}={value!r}"
        if name == "src" and (value or "").strip().lower().startswith("http"):
            yield f"a picture from elsewhere ({value!r})"
        if tag == "meta" and name == "http-equiv" and (value or "").lower() != "content-type":
            yield f"{name}={value!r}"
        if name == "style" and FETCHES.search(value or ""):
            yield f"style={value!r}"
