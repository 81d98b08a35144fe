"""Letters and the channel they go out by: read-only, and the operator's word where one is needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from digest.admin import acting
from digest.cockpit import clock, may
from digest.pipeline import books
from subscribers.admin import History, OfReaders, Reach
from subscribers.models import Channel, Letter
from subscribers.outbox import channel
from subscribers.outbox.message import read_message_id
from subscribers.outbox.word import named, say

Answer = TemplateResponse | None


@admin.register(Letter)
class LetterAdmin(OfReaders[Letter]):
    """An operator's word is the right to change a letter; the row itself is changed by nobody here."""

    list_display = ("slot", "kind", "subscriber", "state", "reason", "attempts", "posted_at", "decided_at", "reply")
    list_filter = (Reach, "state", "batch__lane")
    list_select_related = ("subscriber",)
    search_help_text = "A reader’s whole address or key, or a Message-ID"
    actions = ("arrived", "did_not_arrive", "again", "retry", "cancel")

    def found(self, term: str) -> Q:
        name = read_message_id(term if term.startswith("<") else f"<{term}>")
        return super().found(term) if name is None else Q(pk__in=named(*name).values("pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        return super().get_queryset(request).defer("content")

    def has_word_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.change_letter"])

    @admin.action(description="It arrived (for unknown letters)", permissions=["word"])
    def arrived(self, request: HttpRequest, letters: QuerySet[Letter]) -> Answer:
        question = "Say that these letters arrived? They are then never sent again"
        asked = acting.asked(self, request, letters, "arrived", question, "They arrived")
        return asked or self._said(request, letters, "delivered")

    @admin.action(description="It did not arrive (for unknown letters)", permissions=["word"])
    def did_not_arrive(self, request: HttpRequest, letters: QuerySet[Letter]) -> Answer:
        question = "Say that these letters did not arrive? Their papers come again in the reader’s next digest"
        asked = acting.asked(self, request, letters, "did_not_arrive", question, "They did not arrive")
        return asked or self._said(request, letters, "not-delivered")

    @admin.action(description="Send again (for unknown letters)", permissions=["word"])
    def again(self, request: HttpRequest, letters: QuerySet[Letter]) -> Answer:
        question = "Send these letters again, under the same Message-ID? Those that did arrive may be seen twice"
        asked = acting.asked(self, request, letters, "again", question, "Send them again")
        return asked or self._said(request, letters, "again")

    @admin.action(description="Try again now (for deferred letters)", permissions=["word"])
    def retry(self, request: HttpRequest, letters: QuerySet[Letter]) -> Answer:
        return self._said(request, letters, "retry")

    @admin.action(description="Cancel (for letters that wait)", permissions=["word"])
    def cancel(self, request: HttpRequest, letters: QuerySet[Letter]) -> Answer:
        question = "Cancel these letters? A digest’s papers come in the reader’s next one"
        asked = acting.asked(self, request, letters, "cancel", question, "Cancel them")
        return asked or self._said(request, letters, "cancel")

    def _said(self, request: HttpRequest, letters: QuerySet[Letter], word: str) -> Answer:
        acting.each(self, request, letters, _saying(word))
        return None  # back to the list


def _saying(word: str) -> Callable[[Letter], str]:
    """Say the word about a letter, at the time of this request; its edition's books are open again."""
    now = clock()

    def of(letter: Letter) -> str:
        say(letter.kind, letter.subscriber.key, letter.slot, word, now)
        books.reopen([letter.pk])
        return f"The operator’s word: {word}."

    return of


@admin.register(Channel)
class ChannelAdmin(History[Channel]):
    list_display = ("name", "paused_until", "failures", "reason")
    actions = ("open_now",)

    def has_word_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.change_channel"])

    @admin.action(description="Try again now (what it rests for is mended)", permissions=["word"])
    def open_now(self, request: HttpRequest, channels: QuerySet[Channel]) -> None:
        acting.each(self, request, channels, _opening(clock()))


def _opening(now: datetime) -> Callable[[Channel], str]:
    return lambda _: "Opened by hand." if channel.open_now(now) else "It was open."
