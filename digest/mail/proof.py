"""Whether a part may come into force: read, rendered and composed with ordinary and extreme data first. Pure.

All of it that reads the template happens in the limited process. What is refused is said with the part, the line where
there is one, and what to do.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from css_inline import CSSInliner

from digest.mail import samples
from digest.mail.compose import HTML_MOST, Composer, Site, compose_notice
from digest.mail.foreign import RESERVED
from digest.mail.form import END, SLOT, cut
from digest.mail.headers import site_data
from digest.mail.limited import Limited, NotStarted
from digest.mail.markup import UNQUOTED, Reading, fetched
from digest.mail.part import CSS, STYLE, Part, WordingError
from digest.mail.parts import Wording
from digest.mail.slots import HTML, TEXT, data_of, names_of
from subscribers.outbox.message import Message

BODY_MOST = 60_000  # characters of a template
MESSAGE_ID = "<sample@example.org>"
EDITION = {"date": "2027-02-01", "day": "Monday, 1 February", "year": "2027"}  # a day of no sample
# By kind, the slots of the links without which its mail is of no use, and what each is.
NEEDED: Mapping[str, Mapping[str, str]] = {
    "digest": {"leave": "leave"},
    "welcome": {"me": "the reader’s page", "leave": "leave"},
    "known": {"me": "the reader’s page", "leave": "leave"},
    "confirm": {"link": "confirm"},
    "goodbye": {"link": "come back"},
    "alert": {"panel": "the front panel"},
}
# A style element of the mail hides as well as the style sheet does: its rules are written into the elements, too.
ALL_STYLES = CSSInliner(load_remote_stylesheets=False)
Made = tuple[str, Message, Mapping[str, str]]  # what a mail was made with, the mail, its links by slot


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
        found = fetched(part.body)
        if found:
            said, line = found
            raise WordingError(f"{part}, line {line}: {said} has no place in a mail: nothing is loaded from anywhere")
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
        raise WordingError(
            f"{part}: the link to leave is missing. Each head and foot of a digest has {_how('leave', part.format)}, "
            "outside of any block, where it is seen"
        )


def _context(kind: str, site: Site) -> Mapping[str, Any]:
    return {"site": site_data(site)} | ({"edition": EDITION} if kind == "digest" else {})


def _composed(wording: Wording, part: Part, site: Site) -> None:
    """Whole mails of ordinary and of extreme days."""
    if part.place == ("card", HTML):
        _harmless(part, _card(wording, site))
    for says, made, links in _digests(wording, part, site) if part.kind == "digest" else _notices(wording, part, site):
        mail = email.message_from_bytes(made.data, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        if part.part == "subject" and not str(mail["Subject"]).strip():
            raise WordingError(f"{part}: with {says} the subject is empty. Write words outside of the blocks, too")
        if part.part in ("head", "foot", STYLE):
            _linked(part, says, mail, links)
        if part.format == HTML:
            _harmless(part, _content(mail, HTML))


def _digests(wording: Wording, part: Part, site: Site) -> Iterator[Made]:
    links = {"leave": f"{site.url.rstrip('/')}/leave/{samples.TOKEN}"}
    for day in samples.days():
        composer = Composer(wording, site, day.facts)
        yield day.says, composer.compose(day.draft, samples.READER, MESSAGE_ID, samples.NOW), links
        for reason in composer.failed.values():
            raise WordingError(f"with {day.says}: {reason}")
        cards = [composer.card_bytes(number) for number in day.draft.changes()]
        _fits(part, composer.frame_bytes() + composer.section_bytes() + max(cards, default=0))


def _notices(wording: Wording, part: Part, site: Site) -> Iterator[Made]:
    for name, said in samples.notices(part.kind, site.url).items():
        made = compose_notice(part.kind, wording, site, samples.READER, said, MESSAGE_ID, samples.NOW)
        _fits(part, len(made.data))
        yield f"the sample “{name}”", made, said.links


def _card(wording: Wording, site: Site) -> str:
    composer = Composer(wording, site, samples.ORDINARY)
    composer.compose(samples.DRAFT, samples.READER, MESSAGE_ID, samples.NOW)
    paper = dict.fromkeys(data_of("digest", "card")["paper"], UNQUOTED)
    lists = {"authors": [], "organisations": [], "links": [{"name": "Code", "url": "https://example.org/"}]}
    counts = dict.fromkeys(("upvotes", "comments", "more_authors", "more_organisations"), 1)
    return wording.render("card", HTML, {"paper": {**paper, **lists, **counts, "page": site.url}})


def _fits(part: Part, size: int) -> None:
    if size > HTML_MOST:
        raise WordingError(f"{part}: a mail of one paper then has {size:,} bytes; {HTML_MOST:,} are the most")


def _harmless(part: Part, html: str) -> None:
    """Nothing that runs, asks or loads: mail programs refuse it, and readers would be followed by it."""
    for at, said in Reading(html).wrong:
        raise WordingError(f"{part}: {said} has no place in a mail (line {at} of what it writes). Take it out")


def _leaves(made: str, format: str) -> bool:
    if format == TEXT:
        return "leave" in cut(made, encode=str.encode).nodes
    return f"{SLOT}leave{END}" in Reading(made).links


def _linked(part: Part, says: str, mail: EmailMessage, links: Mapping[str, str]) -> None:
    """The links that its mail is sent for are there, for everybody to see."""
    format = TEXT if part.format == TEXT else HTML
    seen = _seen(_content(mail, format), format)
    for slot, what in NEEDED[part.kind].items():
        if links[slot] not in seen:
            raise WordingError(
                f"{part}: with {says} the link to {what} is missing, or nobody sees it. "
                f"Write {_how(slot, format)}, outside of any block, and hide nothing around it"
            )


def _seen(content: str, format: str) -> set[str]:
    """The addresses that a reader sees: between white space in text, behind words in HTML."""
    if format == TEXT:
        return set(content.split())
    return Reading(ALL_STYLES.inline(content)).links


def _content(mail: EmailMessage, format: str) -> str:
    body = mail.get_body(("html" if format == HTML else "plain",))
    return str(body.get_content()) if body is not None else ""


def _how(slot: str, format: str) -> str:
    return f'<a href="{{{{ slot.{slot} }}}}">words</a>' if format == HTML else f"{{{{ slot.{slot} }}}} between spaces"
