"""A reader's page: what they asked for and what they got. What they are is changed by use cases alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from digest.admin import acting
from digest.cockpit import clock, may
from subscribers import membership, pausing, suppression
from subscribers.admin import A_READER, History, people
from subscribers.models import Subscriber
from subscribers.outbox import feedback, scores

LATEST = 12  # digests and events on a reader's page


@admin.register(Subscriber)
class SubscriberAdmin(History[Subscriber]):
    """Pausing and the like is the right to change a reader; no field of theirs is written here."""

    list_display = ("__str__", "state", "zone", "times", "days", "due", "cursor", "confirmed_at", "left_at")
    list_filter = ("state",)
    search_fields = ("address",)  # shows the search box; `found` searches
    search_help_text = A_READER
    actions = ("pause", "resume", "leave")
    readonly_fields = ("topics", "digests", "mail", "events")
    fieldsets = (
        (None, {"fields": ("email", "state", "topics", "digests", "mail", "events")}),
        (
            "Schedule",
            {"fields": ("zone", "times", "days", "length", "empty_too", "due", "scheduled_at", "paused_until")},
        ),
        ("Where they are", {"fields": ("cursor", "owed_from", "first_slot")}),
        ("Consent", {"fields": ("asked_at", "asked_from", "confirmed_at", "confirmed_from", "consent", "left_at")}),
        ("Names", {"fields": ("address", "key")}),
    )

    def found(self, term: str) -> Q:
        return Q(pk__in=people(term))

    def has_act_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.change_subscriber"])

    @admin.action(description="Pause", permissions=["act"])
    def pause(self, request: HttpRequest, readers: QuerySet[Subscriber]) -> None:
        now = clock()
        acting.each(self, request, readers, lambda r: f"Paused; now {pausing.pause(r.pk, now).state}.")

    @admin.action(description="Resume, from the next slot on", permissions=["act"])
    def resume(self, request: HttpRequest, readers: QuerySet[Subscriber]) -> None:
        now = clock()
        acting.each(self, request, readers, lambda r: f"Resumed; now {pausing.resume(r.pk, now).state}.")

    @admin.action(description="Leave, for a reader who asked us to", permissions=["act"])
    def leave(self, request: HttpRequest, readers: QuerySet[Subscriber]) -> TemplateResponse | None:
        question = "Make these readers leave? They get nothing more, and come back only by confirming a new request"
        asked = acting.asked(self, request, readers, "leave", question, "They leave")
        if asked is not None:
            return asked
        now, journal = clock(), settings.JOURNAL
        leave = membership.leave
        acting.each(
            self,
            request,
            readers,
            lambda r: f"Left; now {leave(r.pk, now, how='operator', journal_file=journal).state}.",
        )
        return None

    @admin.display(description="topics")
    def topics(self, reader: Subscriber) -> SafeString:
        rows = reader.topics.order_by("id")
        return _listed([(topic.name, topic.text, topic.get_cadence_display()) for topic in rows], "none")

    @admin.display(description="last digests")
    def digests(self, reader: Subscriber) -> SafeString:
        rows = reader.copies.select_related("letter").order_by("-slot")[:LATEST]
        shown = [(f"{row.slot:%Y-%m-%d %H:%M} UTC", row.reason or row.result, _state(row.letter)) for row in rows]
        return _listed(shown, "none yet") + _all("digest_copy", reader) + _all("subscribers_letter", reader)

    @admin.display(description="mail that came back")
    def mail(self, reader: Subscriber) -> SafeString:
        now = clock()
        held = suppression.in_force(reader.address, now) if reader.address else None
        score = format_html("Score {} of {}", f"{feedback.score(reader, now):g}", f"{scores.MOST:g}")
        if held is None:
            return score
        url = reverse("admin:subscribers_suppression_change", args=[held.pk])
        return score + format_html('; <a href="{}">must not be mailed: {}</a>', url, held)

    @admin.display(description="last events")
    def events(self, reader: Subscriber) -> SafeString:
        rows = reader.events.order_by("-at", "-id")[:LATEST]
        shown = [(f"{row.at:%Y-%m-%d %H:%M} UTC", row.kind, _said(row.data)) for row in rows]
        return _listed(shown, "none yet") + _all("subscribers_event", reader)


def _state(letter: Any) -> SafeString:
    if letter is None:
        return SafeString()
    said = f"{letter.state} ({letter.reason})" if letter.reason else letter.state
    return format_html('<a href="{}">{}</a>', reverse("admin:subscribers_letter_change", args=[letter.pk]), said)


def _said(data: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in data.items())


def _listed(rows: list[tuple[Any, ...]], none: str) -> SafeString:
    if not rows:
        return SafeString(none)
    return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b> {} <i>{}</i></li>", rows))


def _all(name: str, reader: Subscriber) -> SafeString:
    """A link to all of a reader's rows of a kind."""
    label = name.rpartition("_")[2]
    plural = {"copy": "copies", "letter": "letters", "event": "events"}[label]
    url = reverse(f"admin:{name}_changelist")
    return format_html('<p><a href="{}?subscriber={}">All their {}</a></p>', url, reader.pk, plural)
