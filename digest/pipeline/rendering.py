"""From letters to bytes: loads what the letters name and composes each. Changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from django.conf import settings

from digest.editions.draft import changes, current
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
        self._facts.expect(partial(_changes, letters))
        if len(letters) > 1:
            self._prepare(letters)
        made = {letter.pk: self._one(letter) for letter in letters}
        self._log_failures()
        return made

    def digest(self, letter: Owed, content: Mapping[str, Any]) -> Message:
        """The mail of a digest letter; its Date is the time it was posted, so that a retry is the same bytes."""
        wording = tuple(content["wording"])
        composer = self._composers.get(wording) or self._composer(wording)
        token, leave_token = _tokens(letter.key, letter.slot)
        return composer.join(content, letter.email, token, leave_token, letter.message_id, letter.posted_at)

    def _prepare(self, letters: Sequence[Owed]) -> None:
        """Makes the cards of all these digests at once. A letter that can't be read is told of when it is rendered."""
        contents: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
        for letter in letters:
            if letter.kind == DIGEST:
                with suppress(KeyError, TypeError, ValueError):
                    content = current(letter.content)
                    contents.setdefault(tuple(content["wording"]), []).append(content)
        for wording, mine in contents.items():
            with suppress(Exception):  # nothing depends on it but time
                composer = self._composers.get(wording) or self._composer(wording)
                composer.prepare(mine)

    def _log_failures(self) -> None:
        for composer in self._composers.values():
            for change, reason in composer.failures():
                log.error("the card of change %d goes out as title and link: %s", change, reason)

    def _composer(self, wording: tuple[int, ...]) -> Composer:
        made = self._composers[wording] = Composer(wordings.wording(wording), wordings.site(), self._facts)
        return made

    def _one(self, letter: Owed) -> Message | Exception:
        try:
            if not letter.email:
                raise Gone(f"the reader of {letter.message_id} was erased")
            message = self.digest(letter, current(letter.content)) if letter.kind == DIGEST else _notice(letter)
            return replace(message, sender=_returns_to(letter)) if settings.BOUNCE_ADDRESS else message
        except Exception as error:
            return error


def _changes(letters: Sequence[Owed]) -> set[int]:
    """Every change that these letters show. Letters that can't be read are told of when they are rendered."""
    found: set[int] = set()
    for letter in letters:
        if letter.kind == DIGEST:
            with suppress(KeyError, TypeError, ValueError):
                found.update(changes(current(letter.content)))
    return found


def _returns_to(letter: Owed) -> str:
    """The envelope sender that names this letter, so that what comes back is known to be about it."""
    named = f"{letter.key}:{_moment(letter.slot)}"
    return verp.address(settings.BOUNCE_ADDRESS, sign(settings.LINK_KEY.encode(), verp.PURPOSE, named))


def _tokens(key: str, slot: datetime) -> tuple[str, str]:
    """For reading what is about a slot, and for leaving."""
    secret = settings.LINK_KEY.encode()
    return sign(secret, "read", f"{key}:{_moment(slot)}"), sign(secret, "leave", key)


@lru_cache(maxsize=1_024)
def _moment(slot: datetime) -> str:
    return slot.astimezone(UTC).strftime(SLOT)


def _notice(letter: Owed) -> Message:
    """A mail of people's lane; its links are signed for the time it was asked for."""
    words = wordings.wording(wordings.in_force(letter.kind, letter.posted_at))
    token, leave_token = _tokens(letter.key, letter.slot)
    to = Addressee(letter.email, letter.key, token, leave_token)
    told = _said(letter, to)
    return compose_notice(letter.kind, words, wordings.site(), to, told, letter.message_id, letter.posted_at)


def _said(letter: Owed, to: Addressee) -> Said:
    """What a mail of people's lane says. KeyError for a kind that we don't know."""
    leave = f"{settings.SITE_URL}/leave/{to.leave_token}"
    if letter.kind == "confirm":
        asked = f"{letter.key}:{_moment(letter.slot)}"
        return said.one_link(f"{settings.SITE_URL}/confirm/{sign(settings.LINK_KEY.encode(), 'confirm', asked)}")
    if letter.kind == "goodbye":
        return said.one_link(leave)
    says = {"known": said.known, "welcome": said.welcome}[letter.kind]
    return says(letter.content, f"{settings.SITE_URL}/me/{to.token}", leave)
