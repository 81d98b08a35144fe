"""The straightforward way to make a digest: everything rendered for each reader, the standard library's MIME.

It shares the templates with the composer, and the small functions for words of time, cutting and wrapping; not
the forms, spans, cells and encoded pieces. It is no straw man: templates are compiled once and not sandboxed, a paper
is cleaned, cut into words and wrapped once, the style sheet is read once.
"""

from __future__ import annotations

import html
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.message import EmailMessage
from functools import cache
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from digest.editions.draft import Draft, Hit, Mark, Section
from digest.mail import days
from digest.mail.abstract import Abstract
from digest.mail.compose import Addressee, Site
from digest.mail.foreign import apart, clean, cut, cut_to_bytes, fit, words
from digest.mail.headers import site_data
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.silences import SILENCES
from digest.mail.wrap import columns, wrap
from digest.matching.why import reason
from digest.sources.listing import Facts
from tests.digest.mail.invented import TEMPLATES

FOLDER = TEMPLATES / "digest"


def bounded(text: str, most: int) -> str:
    return cut_to_bytes(clean(text), most, html.escape)


class Slots:
    """Values by name; those of a row come first while it is rendered."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def when(self, name: str, caller: Callable[[], str]) -> str:
        return caller() if self.__dict__[name] else ""

    def each(self, name: str, caller: Callable[[], str]) -> str:
        parts, outer = [], self.__dict__.copy()
        for row in outer[name]:
            self.__dict__.update(row)
            parts.append(caller())
            self.__dict__.clear()
            self.__dict__.update(outer)
        joined = "".join(parts)
        return Markup(joined) if parts and isinstance(parts[0], Markup) else joined


@cache
def template(part: str, format: str) -> Template:
    environment = Environment(
        autoescape=format == "html", undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["wrap"] = lambda text, indent=0: text if "\n" in text else wrap(text, indent)
    return environment.from_string((FOLDER / f"{part}.{format}").read_text(encoding="utf-8"))


def render(part: str, format: str, values: Mapping[str, Any], **context: Any) -> str:
    slots = Slots(values)
    return template(part, format).render(slot=slots, when=slots.when, each=slots.each, **context)


def pages(site: Site, to: Addressee) -> dict[str, str]:
    return {
        "web": f"{site.url}/l/{to.token}",
        "me": f"{site.url}/me/{to.token}",
        "leave": f"{site.url}/leave/{to.leave_token}",
    }


def number_of(count: int, one: str, many: str) -> str:
    return f"{'no' if count == 0 else count} {many if count != 1 else one}"


class Paper:
    """What is the same of a paper in every mail: worked out once, as anybody would who sends many."""

    def __init__(self, facts: Facts, url: str, length: str) -> None:
        self.title = paper_title(facts)
        self.abstract = Abstract(facts, length)
        self.texts = {"title": Text(self.title, 2 + 3), "abstract": Text(self.abstract.text, 3)}
        self.plain = plain(facts, page_url(url, facts.key)) | {"summed": self.abstract.summed}


class Text:
    """A text with its words, its lines in the text part, and which character of these each of its words begins at."""

    def __init__(self, text: str, prefix: int) -> None:
        self.text, self.words = text, words(text)
        self.starts, self.ends = [place[0] for place in self.words], [place[1] for place in self.words]
        spaced = apart(text)
        new = words(spaced)
        if len(self.words) != len(new):
            spaced, new = text, self.words
        self.lines = wrap(fit(spaced), 3, 66)
        at = alignment(spaced, self.lines)
        self.begins = {place[0]: at[new[i][0]] for i, place in enumerate(self.words)}
        self.stops = {place[1]: at[new[i][1] - 1] + 1 for i, place in enumerate(self.words)}
        rows = self.lines.split("\n")
        self.used = [columns(row) + (prefix if number == 0 else 0) for number, row in enumerate(rows)]


papers: dict[tuple[int, str, str], Paper] = {}  # by identity of the facts, which are kept as long


def known(facts: Facts, url: str, length: str) -> Paper:
    found = papers.get((id(facts), url, length))
    if found is None:
        found = papers[id(facts), url, length] = Paper(facts, url, length)
        kept.append(facts)
    return found


kept: list[Facts] = []


def placed(mark: Mark, abstract: Abstract) -> Mark:
    """The mark where its words stand in what is shown."""
    if mark.field != "abstract" or not mark.end > mark.start:
        return mark
    start, end = abstract.place(mark.start, mark.end)
    return replace(mark, start=start, end=end)


def runs(marks: Sequence[Mark], texts: Mapping[str, Text]) -> dict[str, list[tuple[int, int]]]:
    """By field: marked places widened to whole words, in characters, without overlaps; the first 16 of a card."""
    wide = []
    for order, (field, text) in enumerate(texts.items()):
        for mark in marks:
            if mark.field == field and mark.end > mark.start:
                first, last = bisect_right(text.ends, mark.start), bisect_left(text.starts, mark.end) - 1
                if first <= last:
                    wide.append((order, text.starts[first], text.ends[last], field))
    kept: dict[str, list[tuple[int, int]]] = {field: [] for field in texts}
    for _, start, end, field in sorted(set(wide))[:16]:
        if not kept[field] or start >= kept[field][-1][1]:
            kept[field].append((start, end))
    return kept


def marked_html(text: str, places: list[tuple[int, int]]) -> Markup:
    parts, last = [], 0
    for start, end in places:
        parts += [escape(fit(text[last:start])), Markup('<b class="m">'), escape(fit(text[start:end])), Markup("</b>")]
        last = end
    return Markup("").join([*parts, escape(fit(text[last:]))])


def marked_text(text: Text, places: list[tuple[int, int]]) -> str:
    """The text in lines of 66 columns, stars put around places where the 72 columns of their lines allow."""
    if not places:
        return text.lines
    lines, used = text.lines, text.used.copy()
    stars: list[int] = []
    for start, end in places:
        first, last = text.begins[start], text.stops[end]
        touched = [lines.count("\n", 0, first), lines.count("\n", 0, last)]
        if all(used[row] + touched.count(row) <= 72 for row in touched):
            stars += [first, last]
            for row in touched:
                used[row] += 1
    parts, last = [], 0
    for place in sorted(stars):
        parts.append(lines[last:place])
        last = place
    return "*".join([*parts, lines[last:]])


def alignment(text: str, lines: str) -> list[int]:
    """For each character of the text its place in the wrapped text."""
    found, place = [], 0
    for letter in text:
        if not fit(letter):
            found.append(place)
            continue
        while lines[place] != letter and not (letter == " " and lines[place] == "\n"):
            place += 1
        found.append(place)
        place += 1
    return found


def card(facts: Facts, hit: Hit, number: int, format: str, site: Site, length: str) -> str:
    own = known(facts, site.url, length)
    places = runs([placed(mark, own.abstract) for mark in hit.marks], own.texts)
    paper = dict(own.plain)
    quotes = ("“", "”") if format == "html" else ('"', '"')
    why = bounded(reason(hit.marks, quotes), 400) if hit.marks else ""
    also = [bounded(name, 150) for name in hit.also[:2]] + ([f"{len(hit.also) - 2} more"] if len(hit.also) > 2 else [])
    for field, text in own.texts.items():
        paper[field] = marked_html(text.text, places[field]) if format == "html" else marked_text(text, places[field])
    if format == "txt":
        why = wrap(apart(why), 8)
        also = [wrap(apart(", ".join(also)), 8)] if also else []
    values = {
        "number": number,
        "why": why,
        "reason": bool(why),
        "score": str(hit.score),
        "has_score": hit.score > 0,
        "also": [{"topic": name} for name in also],
        "has_carried": bool(hit.carried),
        "date": days.without_year(hit.carried) if hit.carried else "",
    }
    return render("card", format, values, paper=paper)


def section(given: Section, place: int, cards: str, format: str, links: dict[str, str], context: dict[str, Any]) -> str:
    count = len(given.hits) + len(given.more)
    papers = number_of(count, "paper", "papers")
    topic, query = bounded(given.name, 300), bounded(given.query, 480)
    said = papers + (f", {len(given.hits)} here" if given.more else "")
    room = 72 - columns(topic) - len(said)
    values = links | {
        "edit": f"{links['me']}/topic/{given.topic}",
        "less": f"{links['me']}/topic/{given.topic}/less",
        "anchor": f"t{place}",
        "topic": topic if format == "html" else wrap(apart(topic)),
        "query": query if format == "html" else wrap(apart(query)),
        "papers": papers,
        "here": len(given.hits),
        "more": len(given.more),
        "behind": bool(given.more),
        "cards": Markup(cards) if format == "html" else cards,
        "gap": " " * room if room >= 2 else "\n" + " " * (72 - len(said)),
    }
    return render("section", format, values, **context)


def frame(
    draft: Draft, facts: Mapping[int, Facts], site: Site, to: Addressee, subject: str, format: str
) -> dict[str, Any]:
    shown = [s for s in draft.sections if s.hits or s.more]
    papers = sum(len(s.hits) + len(s.more) for s in shown)
    above = sum(len(s.hits) for s in shown)
    carried = draft.carried + draft.carried_more

    def words_of(text: str) -> str:
        return text if format == "html" else wrap(apart(text))

    def lead(s: Section) -> str:
        change = [*(hit.change for hit in s.hits), *s.more][0]
        return words_of(bounded(known(facts[change], site.url, draft.length).title, 300))

    rows, first = [], 1
    for place, s in enumerate(shown, 1):
        name, count = bounded(s.name, 300), len(s.hits) + len(s.more)
        while format == "txt" and columns(name) > 46:
            name = cut(name.removesuffix("…"), min(len(name) - 1, 46))
        row = {
            "anchor": f"t{place}",
            "topic": words_of(name),
            "lead": lead(s),
            "number": first,
            "numbered": bool(s.hits),
        }
        rows.append(row | {"count": count if format == "html" else f"{count:>4}"})
        first += len(s.hits)
    newest = sorted(draft.missing, key=lambda m: m.key, reverse=True)[:4]
    return pages(site, to) | {
        "subject": subject,
        "papers": number_of(papers, "paper", "papers").capitalize(),
        "lead": lead(shown[0]) if shown else "",
        "others": papers - 1,
        "listed": draft.listed,
        "period": "in the last 7 days" if draft.first else days.since(draft.since, draft.date),
        "due": draft.slot[11:16],
        "fresh": papers - carried,
        "above": above - draft.carried,
        "more": papers - above - draft.carried_more,
        "told": draft.told,
        "outside": draft.outside,
        "carried": number_of(carried, "paper", "papers"),
        "start": days.moment(draft.since),
        "end": days.moment(draft.slot),
        "zone": words_of(bounded(draft.zone, 80)),
        "next": days.moment(draft.next) if draft.next else "",
        "email": to.email,
        "asked": days.long(to.since) if to.since else "",
        "consent": ("was added by the operator" if to.added else "asked for it")
        + (f" on {days.long(to.since)}" if to.since else "")
        + ("" if to.added else " and confirmed"),
        "topics": number_of(to.topics, "topic", "topics"),
        "schedule": words_of(bounded(to.schedule, 200)),
        "found": papers > 0,
        "nothing": papers == 0,
        "has_others": papers > 1,
        "has_carried": carried > 0,
        "no_carried": carried == 0,
        "is_first": draft.first,
        "is_late": draft.late,
        "has_next": bool(draft.next),
        "has_asked": bool(to.since),
        "has_schedule": bool(to.schedule),
        "contents": rows,
        "silence": SILENCES.get(draft.silence, draft.silence),
        "is_silent": bool(draft.silence),
        "near": [
            {
                "lead": words_of(bounded(paper_title(facts[near.change]), 300)),
                "page": page_url(site.url, facts[near.change].key),
                "lacks": bounded(near.lacks, 400) if format == "html" else wrap(apart(bounded(near.lacks, 400)), 5),
            }
            for near in draft.near
        ],
        "missing": [
            {"date": days.without_year(m.date), "page": f"{site.url}/l/{to.token}/{m.key}"} for m in newest
        ],
    }  # fmt: skip


def body(draft: Draft, facts: Mapping[int, Facts], site: Site, to: Addressee, subject: str, format: str) -> str:
    context = {
        "site": site_data(site),
        "edition": {"date": draft.date, "day": days.weekday(draft.date), "year": draft.date[:4]},
    }
    values = frame(draft, facts, site, to, subject, format)
    parts, number = [render("head", format, values, **context)], 0
    for place, s in enumerate((s for s in draft.sections if s.hits or s.more), 1):
        cards = []
        for hit in s.hits:
            number += 1
            cards.append(card(facts[hit.change], hit, number, format, site, draft.length))
        parts.append(section(s, place, "".join(cards), format, pages(site, to), context))
    parts.append(render("foot", format, values, **context))
    if format == "txt":
        return "".join(parts)
    return inliner().inline("".join(parts)).replace(' data-css-inline="ignore"', "") + "\n"


@cache
def inliner() -> CSSInliner:
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    return CSSInliner(keep_style_tags=True, minify_css=True, load_remote_stylesheets=False, extra_css=style)


def mail(draft: Draft, facts: Mapping[int, Facts], site: Site, to: Addressee, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["To"] = to.email
    message.set_content(body(draft, facts, site, to, subject, "txt"), cte="quoted-printable")
    message.add_alternative(body(draft, facts, site, to, subject, "html"), subtype="html", cte="quoted-printable")
    return message
