"""Sources, which an operator adds and edits and looks at now; and what the looks brought, which stays as it is."""

from __future__ import annotations

import zlib
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from digest.admin import acting
from digest.admin.source_url import refused
from digest.cockpit import clock, may
from digest.models import Body, Host, Snapshot, Source, SourceDay
from digest.pipeline import visiting
from digest.pipeline.accepting import NothingToAccept, accept
from digest.pipeline.front_panel import BAD
from digest.pipeline.snapshots import Taken
from subscribers.admin import History, Table

DAYS = 7  # of a source, in one click
BEGINNING = 4_000  # bytes of a body that its page shows
WRITTEN = ("url", "enabled", "every", "closes")


class SourceForm(forms.ModelForm[Source]):
    """A source's address is fetched by this machine, so it must not name what only this machine can reach."""

    class Meta:
        model = Source
        fields = ("slug", "short", "kind", *WRITTEN)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (low, high) in {"every": (5, 10_080), "closes": (24, 72)}.items():
            self.fields[name].validators += [MinValueValidator(low), MaxValueValidator(high)]

    def clean_slug(self) -> str:
        return _lower(self.cleaned_data["slug"])

    def clean_short(self) -> str:
        return _lower(self.cleaned_data["short"])

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        wrong = refused(url, frozenset({self.instance.allow} if self.instance.allow else ()))
        if wrong:
            raise ValidationError(wrong)
        return url


def _lower(slug: str) -> str:
    if slug != slug.lower() or slug[:1] in "-_":
        raise ValidationError("Lower-case letters, digits, - and _, a letter or digit first.")
    return slug


@admin.register(Source)
class SourceAdmin(Table[Source]):
    list_display = ("slug", "kind", "url", "enabled", "every", "closes", "next_look", "first_look")
    list_filter = ("enabled", "kind")
    form = SourceForm
    actions = ("look_now",)
    ordering = ("slug",)

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """What papers and filters name a source by stays as it is; the timetable and the allowed host are not ours."""
        return () if obj is None else ("slug", "short", "kind", "next_look", "first_look", "allow")

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """Only what was edited is written: a look that ends meanwhile moves `next_look` in the same row."""
        obj.save(update_fields=[name for name in form.changed_data if name in WRITTEN] if change else None)

    @admin.action(description="Look now (at most 7 days of a source)", permissions=["change"])
    def look_now(self, request: HttpRequest, sources: QuerySet[Source]) -> None:
        now = clock()
        for source in sources[: acting.MOST]:
            if not source.enabled:
                self.message_user(request, f"{source} is not enabled: it was not looked at.", messages.WARNING)
                continue
            looks = list(visiting.looks(source, now, most=DAYS))
            said = ", ".join(map(_said, looks)) or "no day is due"
            bad = any(taken.verdict in BAD for taken in looks)
            acting.log(request, source, f"Looked at by hand: {said}.")
            self.message_user(request, f"{source}: {said}.", messages.WARNING if bad else messages.INFO)


def _said(taken: Taken) -> str:
    """A look in a few words, and why it can't be believed."""
    if taken.verdict in BAD:
        return f"{taken.day:%d %b} {taken.verdict}: {taken.reason.rstrip('.')}"
    return f"{taken.day:%d %b} {taken.verdict} ({taken.entries})"


@admin.register(SourceDay)
class SourceDayAdmin(History[SourceDay]):
    list_display = ("source", "day", "settled_at", "looked_again_at", "accepted_at", "alert")
    list_filter = ("source", ("settled_at", admin.EmptyFieldListFilter))
    list_select_related = ("source", "alert")
    ordering = ("-day", "source")


@admin.register(Host)
class HostAdmin(History[Host]):
    list_display = ("name", "free_at")


@admin.register(Snapshot)
class SnapshotAdmin(History[Snapshot]):
    list_display = ("at", "source", "day", "verdict", "entries", "reason", "head")
    list_filter = ("source", "verdict")
    list_select_related = ("source",)
    search_fields = ("day",)  # shows the search box; `found` searches
    search_help_text = "A day of a listing: 2026-11-25"
    actions = ("believe",)

    def has_believe_permission(self, request: HttpRequest) -> bool:
        return may(request, ["digest.change_source"])

    @admin.action(description="Believe this look (for suspect ones)", permissions=["believe"])
    def believe(self, request: HttpRequest, looks: QuerySet[Snapshot]) -> TemplateResponse | None:
        """Lower the guard for these days, and look again. Each is fetched outside of any transaction."""
        question = "Believe these looks? Their days are taken as the source shows them, and readers hear of it"
        asked = acting.asked(self, request, looks, "believe", question, "Believe them")
        if asked is not None:
            return asked
        now, days = clock(), {(look.source_id, look.day): look for look in looks.select_related("source")[:DAYS]}
        for look in sorted(days.values(), key=lambda look: (look.source_id, look.day)):
            self._believe(request, look, now)
        return None

    def _believe(self, request: HttpRequest, look: Snapshot, now: datetime) -> None:
        try:
            taken = accept(look.source, look.day, now)
        except NothingToAccept as why:
            self.message_user(request, f"{why}.", messages.ERROR)
            return
        said = f"{look.source}, {look.day}: believed from now on. The look: {taken.verdict}. {taken.reason}"
        acting.log(request, look, said)
        self.message_user(request, said, messages.WARNING if taken.verdict in BAD else messages.SUCCESS)

    def found(self, term: str) -> Q:
        try:
            return Q(day=date.fromisoformat(term))
        except ValueError:
            return Q(pk__in=())


@admin.register(Body)
class BodyAdmin(History[Body]):
    list_display = ("digest",)
    search_fields = ("digest",)  # shows the search box; `found` searches
    search_help_text = "A whole digest, as a snapshot names it"
    readonly_fields = ("beginning",)

    def found(self, term: str) -> Q:
        return Q(digest=term.lower())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Body]:
        return super().get_queryset(request).defer("data")

    @admin.display(description="how it begins")
    def beginning(self, body: Body) -> str:
        """A few thousand bytes; it is a stranger's, so it is shown as text and never inflated whole."""
        plain = zlib.decompressobj().decompress(bytes(body.data), BEGINNING)
        return plain.decode("utf-8", "replace")
