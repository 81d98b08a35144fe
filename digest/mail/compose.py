"""From a draft to the bytes of a mail: everything costly is done once, a reader's mail is only joined. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from digest.editions.draft import Draft, Hit, Section
from digest.mail import days, values
from digest.mail.card import NAME_BYTES, Card
from digest.mail.cells import bounded
from digest.mail.foreign import clean, cut
from digest.mail.form import Form, Values
from digest.mail.form import cut as cut_form
from digest.mail.headers import BEGIN, CLOSE, SUBJECT_MOST, Addressee, Envelope, Site, site_data, subject_line
from digest.mail.notice import compose_notice
from digest.mail.parts import Wording
from digest.mail.slots import HTML, TEXT
from digest.mail.values import Both, total
from digest.sources.listing import Facts
from subscribers.outbox.message import Message

__all__ = ["HTML_MOST", "Addressee", "Composer", "Site", "compose_notice"]

HTML_MOST = 90_000  # bytes, decoded; Gmail clips near 102 kB
_ANY_DAY = "2000-01-01"


class Composer:
    """Composes digests in one wording from the facts of their changes, by change number.

    Frames, sections and cards are rendered when first needed and kept. `failed` names the cards that their
    template could not render (they go out as title and link): change number -> reason.
    """

    def __init__(self, wording: Wording, site: Site, facts: Mapping[int, Facts]) -> None:
        self.failed: dict[int, str] = {}
        self._wording = wording
        self._envelope = Envelope(site, wording.kind)
        self._site = site_data(site)
        self._url = self._envelope.url
        self._facts = facts
        self._cards: dict[int, Card] = {}
        self._forms: dict[str, dict[str, tuple[Form, Form, Form]]] = {}
        self._subjects: dict[str, Form] = {}

    def compose(self, draft: Draft, to: Addressee, message_id: str, date: datetime) -> Message:
        """The mail of a draft: the same bytes for the same arguments, wording and facts.

        ValueError when an argument can't stand in a header, KeyError when the facts of a change are missing,
        WordingError when a part other than a card can't be rendered.
        """
        subject = self.subject(draft)
        header = self._envelope.header(to, subject, message_id, date, draft.date)
        text, html = self._bodies(draft, to, subject)
        data = b"".join([header, BEGIN[TEXT], *text, b"\r\n", BEGIN[HTML], *html, CLOSE])
        return Message(message_id, self._envelope.sender, to.email, data)

    def subject(self, draft: Draft) -> str:
        """The subject of a draft's mail; its date makes it different from every other one of the reader's."""
        form = self._subjects.get(draft.date) or self._new_subject(draft.date)
        shown = _shown(draft)
        papers = sum(map(total, shown))
        found: Values = {
            "count": str(papers).encode(),
            "date": _subject_date(draft).encode(),
            "about": self._about(shown).encode(),
            "found": papers > 0,
            "nothing": papers == 0,
            "is_first": draft.first,
        }
        return subject_line(form.filled(found).decode())

    def card_bytes(self, change: int) -> int:
        """An upper bound of a card's decoded bytes of HTML, whatever is marked and whatever the reason says."""
        return self._card(change).most_bytes()

    def hit_bytes(self, hit: Hit) -> int:
        """The decoded bytes of HTML of a card with the marks and the reason of this hit."""
        return self._card(hit.change).bytes_of(hit)

    def frame_bytes(self) -> int:
        """An upper bound of the decoded bytes of HTML of head and foot, without the head's rows for sections."""
        return self._frame_bytes(sections=0)

    def section_bytes(self) -> int:
        """An upper bound of the decoded bytes of HTML of a section without cards, with its row in the head."""
        row = self._frame_bytes(sections=1) - self._frame_bytes(sections=0)
        return row + self._day(_ANY_DAY)[HTML][1].size(values.bounds(self._url))

    def _frame_bytes(self, sections: int) -> int:
        head, _, foot = self._day(_ANY_DAY)[HTML]
        bounds = values.bounds(self._url) | {"contents": sections}
        return head.size(bounds) + foot.size(bounds)

    def _bodies(self, draft: Draft, to: Addressee, subject: str) -> tuple[list[bytes], list[bytes]]:
        text: list[bytes] = []
        html: list[bytes] = []
        shown = _shown(draft)
        links = values.links(self._url, to)
        frames = self._frame_values(draft, to, subject, shown, links)
        day = self._day(draft.date)
        forms = day[TEXT], day[HTML]
        for (head, _, _), frame, out in zip(forms, frames, (text, html), strict=True):
            head.fill(frame, out)
        self._write_sections(shown, (forms[0][1], forms[1][1]), links, (text, html))
        for (_, _, foot), frame, out in zip(forms, frames, (text, html), strict=True):
            foot.fill(frame, out)
        return text, html

    def _write_sections(
        self, shown: Sequence[Section], forms: tuple[Form, Form], links: Both, outs: tuple[list[bytes], list[bytes]]
    ) -> None:
        number = 0
        for place, section in enumerate(shown, 1):
            cards: tuple[list[bytes], list[bytes]] = [], []
            for hit in section.hits:
                number += 1
                self._card(hit.change).write(hit, number, *cards)
            said = values.section(section, place)
            for form, link, say, card, out in zip(forms, links, said, cards, outs, strict=True):
                form.fill({**link, **say, "cards": b"".join(card)}, out)

    def _frame_values(
        self, draft: Draft, to: Addressee, subject: str, shown: Sequence[Section], links: Both
    ) -> tuple[Values, Values]:
        counts = values.counts(draft, shown)
        leads = [self._lead(section).lead for section in shown]
        lead = leads[0] if leads else (b"", b"")
        times = values.period(draft.date, draft.since, draft.slot, draft.next, draft.zone, draft.first)
        person = values.reader(to, subject)
        contents, missing = values.contents(shown, leads), values.missing(draft, to, self._url)
        text, html = (
            {
                **counts,
                **times[i],
                **person[i],
                **links[i],
                "lead": lead[i],
                "contents": contents[i],
                "missing": missing[i],
            }
            for i in (0, 1)
        )
        return text, html

    def _about(self, shown: Sequence[Section]) -> str:
        """What the subject says: the first title of a single topic, or the topics with their counts."""
        if len(shown) > 1:
            return ", ".join(f"{bounded(section.name, NAME_BYTES)} {total(section)}" for section in shown)
        if not shown:
            return ""
        lead, others = clean(self._lead(shown[0]).title), total(shown[0]) - 1
        return f"{cut(lead, SUBJECT_MOST - 50)} and {others} more" if others else lead

    def _lead(self, section: Section) -> Card:
        """The first paper of a section."""
        return self._card(section.hits[0].change if section.hits else section.more[0])

    def _card(self, change: int) -> Card:
        card = self._cards.get(change)
        if card is None:
            if change not in self._facts:
                raise KeyError(f"the draft names change {change}, whose facts were not given to the composer")
            card = self._cards[change] = Card(self._facts[change], self._wording, self._url)
            if card.failed:
                self.failed[change] = card.failed
        return card

    def _day(self, date: str) -> dict[str, tuple[Form, Form, Form]]:
        """By format: head, section and foot of the edition of a date."""
        return self._forms.get(date) or self._new_day(date)

    def _new_day(self, date: str) -> dict[str, tuple[Form, Form, Form]]:
        context = self._context(date)
        made = {}
        for format in (TEXT, HTML):
            head, foot = self._wording.frame(format, context)
            section = self._wording.fragment("section", format, context)
            made[format] = cut_form(head), cut_form(section), cut_form(foot)
        self._forms[date] = made
        return made

    def _new_subject(self, date: str) -> Form:
        rendered = self._wording.render("subject", TEXT, self._context(date))
        made = self._subjects[date] = cut_form(rendered, encode=str.encode)
        return made

    def _context(self, date: str) -> dict[str, Any]:
        """What every part but the card may see."""
        return {"site": self._site, "edition": {"date": date, "day": days.weekday(date), "year": date[:4]}}


def _shown(draft: Draft) -> list[Section]:
    """The sections that have papers."""
    return [section for section in draft.sections if section.hits or section.more]


def _subject_date(draft: Draft) -> str:
    """The day; with the time when the digest before was of the same day, or may have been."""
    day = days.short(draft.date)
    return f"{day}, {days.clock(draft.slot)}" if draft.first or draft.since[:10] == draft.date else day
