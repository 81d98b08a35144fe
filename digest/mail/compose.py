"""From a letter's content to the bytes of a mail: everything costly is done once, a mail is only joined. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from digest.editions.draft import ABSTRACTS, LENGTHS, Draft, Hit, length_of
from digest.mail import values
from digest.mail.because import why_most
from digest.mail.card import LEAD_BYTES, NAME_BYTES, Card
from digest.mail.cells import Pair, bounded, pair, whole_pair
from digest.mail.deck import Deck, Out
from digest.mail.edition import Edition
from digest.mail.headers import BEGIN, CLOSE, Addressee, Envelope, Site, site_data
from digest.mail.notice import compose_notice
from digest.mail.pages import Links, missing, topic_pages
from digest.mail.parts import Wording
from digest.mail.quoted import decoded
from digest.mail.sheet import NO_ROWS, Cells, Rows
from digest.mail.slots import HTML, TEXT
from digest.sources.listing import Facts
from subscribers.outbox.message import Message

__all__ = ["HTML_MOST", "Addressee", "Composer", "Site", "compose_notice"]

HTML_MOST = 90_000  # bytes, decoded; Gmail clips near 102 kB
EDITIONS_KEPT = 32
INDENTED, NEAR_INDENT = 5, 3  # the renderer from which on the titles that came close stay behind their indent
_ANY_DAY = "2000-01-01"
NOBODY: Pair = (b"", b"")
BETWEEN = b"\r\n" + BEGIN[HTML]

Part = tuple[int, str, str, list[str], str]  # a section as a content keeps it: topic, name, query, hits, more


class _Body(NamedTuple):
    """The sections of a mail."""

    papers: int  # in the mail and on the web
    above: int  # in the mail
    lead: Card | None  # the first paper
    rows: list[Cells]  # of the list of sections
    text: Out
    html: Out


class Composer:
    """Composes digests in one wording from the facts of their changes, by change number.

    Frames, sections and cards are rendered when first needed and kept. `failed` names the cards that their
    template could not render (they go out as title and link): change number -> reason.
    """

    def __init__(self, wording: Wording, site: Site, facts: Mapping[int, Facts]) -> None:
        self.failed: dict[int, str] = {}
        self._told = 0  # of them
        self._wording = wording
        self._envelope = Envelope(site, wording.kind)
        self._site = site_data(site)
        self._url = self._envelope.url
        self._links = Links(self._url)
        self._decks = {length: Deck(wording, self._url, facts, self.failed, length) for length in LENGTHS}
        self._editions: dict[str, Edition] = {}

    def compose(self, draft: Draft, to: Addressee, message_id: str, date: datetime) -> Message:
        """The mail of a draft that is no letter: the same bytes for the same arguments, wording and facts.

        What the foot says of the reader is the addressee's. Raises as `join` does.
        """
        theirs = replace(draft, asked=to.since, added=to.added, topics=to.topics, schedule=to.schedule)
        return self.join(theirs.to_json(), to.email, to.token, to.leave_token, message_id, date)

    def prepare(self, contents: Sequence[Mapping[str, Any]]) -> None:
        """Makes the cards that the mails of these contents show, before `join` is asked for each of them."""
        lines: dict[str, list[str]] = {length: [] for length in LENGTHS}
        for content in contents:
            mine = lines[length_of(content)]
            for section in content["sections"]:
                mine += section[3]
        for length, deck in self._decks.items():
            deck.prepare(lines[length])

    def join(
        self, content: Mapping[str, Any], email: str, token: str, leave_token: str, message_id: str, date: datetime
    ) -> Message:
        """The mail of a letter's content (`Draft.to_json`). `token` is for reading, `leave_token` for leaving.

        ValueError when an argument can't stand in a header, KeyError when the facts of a change are missing,
        WordingError when a part other than a card can't be rendered.
        """
        when = values.when(content["when"], content["renderer"])
        edition = self._editions.get(when.date) or self._edition(when.date)
        links = self._links.cells(token, leave_token)
        shown = _shown(content)
        deck = self._decks[length_of(content)]
        body = self._body(shown, edition, links, deck)
        subject = edition.subject(when.told, when.first, body.papers, _about(shown, body.lead))
        header = self._envelope.folded(email, leave_token, subject.folded, message_id, date, when.date)
        cells = (
            *when.cells,
            *values.counts(content["counts"], body.papers, body.above),
            *values.person(content["person"]),
            *links,
            *subject.cells,
            *whole_pair(email),
            *(body.lead.lead if body.lead else NOBODY),
            *values.silence(content.get("silence", "")),
        )
        rows = self._rows(content, body, token, deck)
        out = [header, BEGIN[TEXT]]
        for parts, sections, end in ((edition.text, body.text, BETWEEN), (edition.html, body.html, CLOSE)):
            parts.head.fill(cells, rows, out)
            out += sections
            parts.foot.fill(cells, rows, out)
            out.append(end)
        return Message(message_id, self._envelope.sender, email, b"".join(out))

    def failures(self) -> list[tuple[int, str]]:
        """Those of `failed` that were not given before."""
        found = list(self.failed.items())[self._told :]
        self._told += len(found)
        return found

    def _rows(self, content: Mapping[str, Any], body: _Body, token: str, deck: Deck) -> Rows:
        """Of the repetitions of head and foot."""
        rows: dict[str, Sequence[Cells]] = {"contents": body.rows}
        if "missing" in content:
            rows["missing"] = missing(content["missing"], self._links, token)
        if "near" in content:
            indent = NEAR_INDENT if content["renderer"] >= INDENTED else 0
            rows["near"] = [_near(deck.card(str(change)), lacks, indent) for change, lacks in content["near"]]
        return rows

    def subject(self, draft: Draft) -> str:
        """The subject of a draft's mail; its date makes it different from every other one of the reader's."""
        content = draft.to_json()
        shown, when = _shown(content), values.when(content["when"], content["renderer"])
        lead = _lead(shown[0], self._decks[draft.length]) if shown else None
        papers = sum(map(_papers, shown))
        return self._edition(when.date).subject(when.told, when.first, papers, _about(shown, lead)).text

    def card_bytes(self, change: int, length: str = ABSTRACTS) -> int:
        """An upper bound of a card's decoded bytes of HTML, whatever is marked and whatever the reason says."""
        return self._decks[length].card(str(change)).most_bytes()

    def most_bytes(self, hit: Hit, length: str = ABSTRACTS) -> int:
        """An upper bound of `hit_bytes`, in a fraction of its time."""
        card = self._decks[length].card(str(hit.change))
        return card.most_bytes(len(hit.marks), len(hit.also), why_most(hit.marks))

    def hit_bytes(self, hit: Hit, length: str = ABSTRACTS) -> int:
        """The decoded bytes of HTML of a card with the marks and the reason of this hit."""
        return self._decks[length].card(str(hit.change)).bytes_of(hit.line())

    def frame_bytes(self) -> int:
        """An upper bound of the decoded bytes of HTML of head and foot, without the head's rows for sections."""
        return self._frame_bytes({}, sections=0)

    def section_bytes(self) -> int:
        """An upper bound of the decoded bytes of HTML of a section without cards, with its row in the head."""
        return self._section_bytes({})

    def part_bytes(self, name: str, query: str, lead: int, length: str = ABSTRACTS) -> int:
        """As `section_bytes`, for a section with this name and filter whose first paper is that of this change."""
        topic, first = values.topic(name, query), self._decks[length].card(str(lead))
        took = {"topic": topic.cells[1], "query": topic.cells[3], "lead": first.lead[1]}
        least, times = self._shares
        return least + sum([times[slot] * len(decoded(cell)) for slot, cell in took.items()])

    @cached_property
    def _shares(self) -> tuple[int, Mapping[str, int]]:
        """The bytes of a section that says nothing of itself, and how often it says what."""
        nothing = dict.fromkeys(("topic", "query", "lead"), 0)
        least = self._section_bytes(nothing)
        return least, {slot: self._section_bytes(nothing | {slot: 1}) - least for slot in nothing}

    def _section_bytes(self, told: dict[str, int]) -> int:
        row = self._frame_bytes(told, sections=1) - self._frame_bytes(told, sections=0)
        return row + self._edition(_ANY_DAY).html.section.size(values.bounds(self._url) | told)

    def _frame_bytes(self, told: dict[str, int], sections: int) -> int:
        parts, bounds = self._edition(_ANY_DAY).html, values.bounds(self._url) | told | {"contents": sections}
        return parts.head.size(bounds) + parts.foot.size(bounds)

    def _body(self, shown: Sequence[Part], edition: Edition, links: Cells, deck: Deck) -> _Body:
        papers = above = 0
        leads: list[Card] = []
        rows: list[Cells] = []
        text: Out = []
        html: Out = []
        for place, section in enumerate(shown, 1):
            topic_id, name, query, hits, _ = section
            count, here = _papers(section), len(hits)
            topic, placed = values.topic(name, query), values.placed(place, above + 1, count, here)
            leads.append(_lead(section, deck))
            rows.append((*placed.row, *topic.row, *leads[-1].lead))
            pages, gap = topic_pages(links, topic_id), values.gap(topic.name, count, here)
            cells = (*links, *pages, *placed.section, *topic.cells, gap, b"", *deck.joined(hits, above + 1))
            edition.text.section.fill(cells, NO_ROWS, text)
            edition.html.section.fill(cells, NO_ROWS, html)
            papers += count
            above += here
        return _Body(papers, above, leads[0] if leads else None, rows, text, html)

    def _edition(self, date: str) -> Edition:
        """What digests of a date have in common."""
        made = self._editions.get(date)
        if made is None:
            if len(self._editions) >= EDITIONS_KEPT:
                self._editions.clear()
            made = self._editions[date] = Edition(self._wording, self._site, date)
        return made


def _shown(content: Mapping[str, Any]) -> list[Part]:
    """The sections that have papers."""
    return [section for section in content["sections"] if section[3] or section[4]]


def _papers(section: Part) -> int:
    """How many papers a section has, in the mail and on the web."""
    _, _, _, hits, more = section
    return len(hits) + (more.count(" ") + 1 if more else 0)


def _near(card: Card, lacks: str, indent: int) -> Cells:
    lead = pair(bounded(card.title, LEAD_BYTES), indent)
    return (*lead, *whole_pair(card.page), *values.lacks(lacks))


def _about(shown: Sequence[Part], lead: Card | None) -> str:
    """What the subject says: the first title of a single topic, or the topics with their counts."""
    if len(shown) > 1:
        return ", ".join([f"{bounded(section[1], NAME_BYTES)} {_papers(section)}" for section in shown])
    if lead is None:
        return ""
    others = _papers(shown[0]) - 1
    return f"{lead.short} and {others} more" if others else lead.plain


def _lead(section: Part, deck: Deck) -> Card:
    """The first paper of a section."""
    _, _, _, hits, more = section
    change = hits[0].partition("|")[0] if hits else more.partition(" ")[0]
    return deck.card(change)
