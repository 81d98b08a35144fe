"""From letters to bytes: loads what the letters name and composes each. Changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from django.conf import settings

from digest.editions.draft import Draft
from digest.mail import said
from digest.mail.compose import Addressee, Composer, compose_notice
from digest.mail.said import Said
from digest.pipeline import wordings
from digest.pipeline.facts import ChangeFacts
from subscribers.links import sign
from subscribers.outbox import verp
from subscribers.outbox.message import SLOT, Message
from subscribers.outbox.queue import Owed

DIGEST = "digest"
MOST_KEPT = 5_000  # changes whose facts and cards are kept
log = logging.getLogger(__name__)


class Gone(Exception):
    """The letter's reader was erased: there is nobody to mail it to."""


class Renderer:
    """Renders letters; cards and facts are kept from one call to the next, since many letters share them."""

    def __init__(self, facts: ChangeFacts | None = None) -> None:
        self._facts = ChangeFacts() if facts is None else facts
        self._composers: dict[tuple[int, ...], Composer] = {}

    def __call__(self, letters: Sequence[Owed]) -> Mapping[int, Message | Exception]:
        """Each letter's message by its id, or the error that it met: one that raises stops only itself.

        The address was read at the claim.
        """
        if len(self._facts) > MOST_KEPT:
            self._facts, self._composers = ChangeFacts(), {}
        drafts = _drafts(letters)
        named = (number for draft in drafts.values() if isinstance(draft, Draft) for number in draft.changes())
        self._facts.load(named)
        return {letter.pk: self._one(letter, drafts.get(letter.pk)) for letter in letters}

    def digest(self, letter: Owed, draft: Draft) -> Message:
        """The mail of a digest letter; its Date is the time it was posted, so that a retry is the same bytes."""
        composer = self._composers.get(draft.wording)
        if composer is None:
            composer = Composer(wordings.wording(draft.wording), wordings.site(), self._facts)
            self._composers[draft.wording] = composer
        failed = len(composer.failed)
        moment = letter.slot.astimezone(UTC).strftime(SLOT)
        to = _addressee(letter, f"{letter.key}:{moment}", draft)
        message = composer.compose(draft, to, letter.message_id, letter.posted_at)
        for change, reason in list(composer.failed.items())[failed:]:
            log.error("the card of change %d goes out as title and link: %s", change, reason)
        return message

    def _one(self, letter: Owed, draft: Draft | Exception | None) -> Message | Exception:
        try:
            if isinstance(draft, Exception):
                raise draft
            if not letter.email:
                raise Gone(f"the reader of {letter.message_id} was erased")
            message = _notice(letter) if draft is None else self.digest(letter, draft)
            return replace(message, sender=_returns_to(letter)) if settings.BOUNCE_ADDRESS else message
        except Exception as error:
            return error


def _returns_to(letter: Owed) -> str:
    """The envelope sender that names this letter, so that what comes back is known to be about it."""
    named = f"{letter.key}:{letter.slot.astimezone(UTC).strftime(SLOT)}"
    return verp.address(settings.BOUNCE_ADDRESS, sign(settings.LINK_KEY.encode(), verp.PURPOSE, named))


def _drafts(letters: Sequence[Owed]) -> dict[int, Draft | Exception]:
    drafts: dict[int, Draft | Exception] = {}
    for letter in letters:
        if letter.kind == DIGEST:
            try:
                drafts[letter.pk] = Draft.from_json(letter.content)
            except (KeyError, TypeError, ValueError) as error:
                drafts[letter.pk] = error
    return drafts


def _addressee(person: Owed, reading: str, draft: Draft | None = None) -> Addressee:
    secret = settings.LINK_KEY.encode()
    return Addressee(
        email=person.email,
        key=person.key,
        token=sign(secret, "read", reading),
        leave_token=sign(secret, "leave", person.key),
        since=draft.asked if draft else "",
        added=draft.added if draft else False,
        topics=draft.topics if draft else 0,
        schedule=draft.schedule if draft else "",
    )


def _notice(letter: Owed) -> Message:
    """A mail of people's lane; its links are signed for the time it was asked for."""
    words = wordings.wording(wordings.in_force(letter.kind, letter.posted_at))
    asked = f"{letter.key}:{letter.slot.astimezone(UTC).strftime(SLOT)}"
    to = _addressee(letter, asked)
    told = _said(letter, to, asked)
    return compose_notice(letter.kind, words, wordings.site(), to, told, letter.message_id, letter.posted_at)


def _said(letter: Owed, to: Addressee, asked: str) -> Said:
    """What a mail of people's lane says. KeyError for a kind that we don't know."""
    leave = f"{settings.SITE_URL}/leave/{to.leave_token}"
    if letter.kind == "confirm":
        return said.one_link(f"{settings.SITE_URL}/confirm/{sign(settings.LINK_KEY.encode(), 'confirm', asked)}")
    if letter.kind == "goodbye":
        return said.one_link(leave)
    says = {"known": said.known, "welcome": said.welcome}[letter.kind]
    return says(letter.content, f"{settings.SITE_URL}/me/{to.token}", leave)
