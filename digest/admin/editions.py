"""Editions and copies: the books of each date, read-only; and whether an edition's letters go on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from digest.admin import acting
from digest.cockpit import clock, may
from digest.models import Copy, Edition
from digest.pipeline import holding
from digest.pipeline.front_panel import Sum, day_of
from subscribers.admin import History, OfReaders, Reach

PAUSED = {True: "Paused.", False: "It was paused."}
RESUMED = {True: "Resumed.", False: "It was not paused."}
OFFERED = 14  # editions in the filter of copies


@admin.register(Edition)
class EditionAdmin(History[Edition]):
    list_display = ("date", "closed_at", "kept")
    ordering = ("-date",)
    readonly_fields = ("balance",)
    fields = ("date", "closed_at", "balance")
    actions = ("pause", "resume", "cancel")

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.add_hold", "subscribers.delete_hold"])

    def has_word_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.change_letter"])

    @admin.action(description="Pause its letters", permissions=["pause"])
    def pause(self, request: HttpRequest, editions: QuerySet[Edition]) -> None:
        now, by = clock(), request.user.get_username()
        acting.each(self, request, editions, lambda one: PAUSED[holding.hold(one.date, by, now)])

    @admin.action(description="Resume its letters", permissions=["pause"])
    def resume(self, request: HttpRequest, editions: QuerySet[Edition]) -> None:
        now, by = clock(), request.user.get_username()
        acting.each(self, request, editions, lambda one: RESUMED[holding.let_go(one.date, by, now)])

    @admin.action(description="Cancel its letters that have not left", permissions=["word"])
    def cancel(self, request: HttpRequest, editions: QuerySet[Edition]) -> TemplateResponse | None:
        question = "Cancel the letters of these editions that have not left? Their papers come in the next digest"
        if answer := acting.asked(self, request, editions, "cancel", question, "Cancel them"):
            return answer
        now, by = clock(), request.user.get_username()
        acting.each(self, request, editions, lambda one: f"Cancelled: {holding.cancel(one.date, by, now):,} letters.")
        return None

    @admin.display(description="balance")
    def kept(self, edition: Edition) -> str | SafeString:
        """Of a closed one. To count each open one again for a list would take a while on a big day."""
        return "open: see its page" if edition.totals is None else self.balance(edition)

    @admin.display(description="balance")
    def balance(self, edition: Edition) -> SafeString:
        return format_html_join("", "{}", ((_line(one),) for one in day_of(edition).sums))


def _line(one: Sum) -> SafeString:
    parts = " + ".join(f"{n:,} {name}" for name, n in one.parts)
    said = ("good", "✓ balances") if one.holds else ("bad", "✕ does not balance")
    return format_html('<div>{} {} = {} <span class="v {}">{}</span></div>', f"{one.total:,}", one.what, parts, *said)


class OfEdition(admin.SimpleListFilter):
    """The newest editions; an older one's copies are reached from its own page's address."""

    title = "edition"
    parameter_name = "edition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Edition.objects.order_by("-date").values_list("pk", "date")[:OFFERED]
        return [(str(number), f"{day:%d %b %Y}") for number, day in newest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Copy]) -> QuerySet[Copy]:
        value = self.value() or ""
        return queryset.filter(edition=int(value)) if value.isdecimal() else queryset


@admin.register(Copy)
class CopyAdmin(OfReaders[Copy]):
    list_display = ("slot", "edition", "subscriber", "result", "reason", "letter")
    list_filter = (Reach, OfEdition, "result")
    list_select_related = ("edition", "subscriber", "letter")
