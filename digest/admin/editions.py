"""Editions and copies: the books of each date, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from digest.models import Copy, Edition
from digest.pipeline.front_panel import Sum, day_of
from subscribers.admin import History, OfReaders, Reach

OFFERED = 14  # editions in the filter of copies


@admin.register(Edition)
class EditionAdmin(History[Edition]):
    list_display = ("date", "closed_at", "kept")
    ordering = ("-date",)
    readonly_fields = ("balance",)
    fields = ("date", "closed_at", "balance")

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
