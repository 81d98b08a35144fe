"""The straightforward way to make a digest: everything rendered for each reader, the standard library's MIME.

It shares the templates with the composer, and the small functions for words of time, cutting and wrapping; not
the forms, spans, cells and encoded pieces.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import cache
from typing import Any

from css_inline import CSSInliner
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from digest.editions.draft import Draft, Hit, Mark, Section
from digest.mail import days
from digest.mail.compose import Addressee, Site
from digest.mail.foreign import apart, clean, cut, cut_to_bytes, fit, words
from digest.mail.headers import site_data
from digest.mail.paper import page_url, paper_title, plain
from digest.mail.silences import SILENCES
from digest.mail.wrap import columns, wrap
from digest.matching.why import reason
from digest.sources.listing import Facts
from subscribers.query.tex import readable
from tests.digest.mail.invented import TEMPLATES

FOLDER = TEMPLATES / "digest"


def bounded(text: str, most: int) -> str:
    return cut_to_bytes(clean(text), most, html.escape)


class Slots:
    """Values by name; those of a row come first while it is rendered."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.layers = [dict(values)]

    def __getattr__(self, name: str) -> Any:
        return next(layer[name] for layer in reversed(self.layers) if name in layer)

    def when(self, name: str, caller: Callable[[], str]) -> str:
        return caller() if getattr(self, name) else ""

    def each(self, name: str, caller: Callable[[], str]) -> str:
        parts = []
        for row in getattr(self, name):
            self.layers.append(row)
            parts.append(caller())
            self.layers.pop()
        joined = "".join(parts)
        return Markup(joined) if parts and isinstance(parts[0], Markup) else joined


@cache
def template(part: str, format: str) -> Template:
    environment = SandboxedEnvironment(
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


def runs(marks: tuple[Mark, ...], texts: Mapping[str, str]) -> dict[str, list[tuple[int, int]]]:
    """By field: marked places widened to whole words, in characters, without overlaps; the first 16 of a card."""
    wide = []
    for order, (field, text) in enumerate(texts.items()):
        places = words(text)
        for mark in marks:
            touched = [p for p in places if mark.field == field and p[1] > mark.start and p[0] < mark.end]
            if touched and mark.end > mark.start:
                wide.append((order, touched[0][0], touched[-1][1], field))
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


def marked_text(text: str, places: list[tuple[int, int]], prefix: int) -> str:
    """The text in lines of 66 columns, stars put around places where the 72 columns of their lines allow."""
    spaced = apart(text)
    old, new = words(text), words(spaced)
    if len(old) != len(new):
        spaced, new = text, old
    starts = {place[0]: new[i][0] for i, place in enumerate(old)}
    ends = {place[1]: new[i][1] for i, place in enumerate(old)}
    lines = wrap(fit(spaced), 3, 66)
    at = alignment(spaced, lines)
    rows = lines.split("\n")
    used = [columns(row) + (prefix if number == 0 else 3 if number == 0 else 0) for number, row in enumerate(rows)]
    stars: list[int] = []
    for start, end in places:
        first, last = at[starts[start]], at[ends[end] - 1] + 1
        touched = [lines.count("\n", 0, first), lines.count("\n", 0, last)]
        if all(used[row] + touched.count(row) <= 72 for row in touched):
            stars += [first, last]
            for row in touched:
                used[row] += 1
    for place in sorted(stars, reverse=True):
        lines = f"{lines[:place]}*{lines[place:]}"
    return lines


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


def card(facts: Facts, hit: Hit, number: int, format: str, site: Site, titles: bool = False) -> str:
    title, abstract = paper_title(facts), "" if titles else cut(readable(facts.abstract), 2_000)
    places = runs(hit.marks, {"title": title, "abstract": abstract})
    paper: dict[str, Any] = plain(facts, page_url(site.url, facts.key))
    quotes = ("“", "”") if format == "html" else ('"', '"')
    why = bounded(reason(hit.marks, quotes), 400) if hit.marks else ""
    also = [bounded(name, 150) for name in hit.also[:2]] + ([f"{len(hit.also) - 2} more"] if len(hit.also) > 2 else [])
    if format == "html":
        paper |= {"title": marked_html(title, places["title"]), "abstract": marked_html(abstract, places["abstract"])}
    else:
        paper["title"] = marked_text(title, places["title"], 2 + 3)
        paper["abstract"] = marked_text(abstract, places["abstract"], 3)
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
        return words_of(bounded(paper_title(facts[change]), 300))

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
            cards.append(card(facts[hit.change], hit, number, format, site, draft.titles))
        parts.append(section(s, place, "".join(cards), format, pages(site, to), context))
    parts.append(render("foot", format, values, **context))
    if format == "txt":
        return "".join(parts)
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    inliner = CSSInliner(keep_style_tags=True, minify_css=True, load_remote_stylesheets=False, extra_css=style)
    return inliner.inline("".join(parts)).replace(' data-css-inline="ignore"', "") + "\n"


def mail(draft: Draft, facts: Mapping[int, Facts], site: Site, to: Addressee, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["To"] = to.email
    message.set_content(body(draft, facts, site, to, subject, "txt"), cte="quoted-printable")
    message.add_alternative(body(draft, facts, site, to, subject, "html"), subtype="html", cte="quoted-printable")
    return message
