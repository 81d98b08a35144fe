"""Papers and what was learnt about them: read-only, found by a paper's key."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, IntegerField, Q, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest

from digest.models import Appearance, Change, Counter, Identity, Paper, Told
from subscribers.admin import History, M

A_PAPER = "A whole key: an arXiv id, a DOI, or source:guid"


def papers_named(term: str) -> QuerySet[Identity, Any]:
    """The paper (as a column of ids) that has this key, with or without the name of its kind."""
    names = (term, f"arxiv:{term}", f"doi:{term.lower()}", f"guid:{term}")
    return Identity.objects.filter(key__in=names).values("paper")


class OfPapers(History[M]):
    """Rows that belong to a paper, found by its key."""

    search_fields = ("paper",)  # shows the search box; `found` searches
    search_help_text = A_PAPER
    path: ClassVar[str] = "paper"

    def found(self, term: str) -> Q:
        return Q(**{f"{self.path}__in": papers_named(term)})


@admin.register(Paper)
class PaperAdmin(OfPapers[Paper]):
    path = "pk"
    list_display = ("key", "title", "first_day", "first_seen", "merged_into")
    list_select_related = ("merged_into",)

    @admin.display(description="title")
    def title(self, paper: Paper) -> str:
        return str(paper.facts.get("title", ""))


@admin.register(Identity)
class IdentityAdmin(OfPapers[Identity]):
    list_display = ("key", "paper")
    list_select_related = ("paper",)


@admin.register(Appearance)
class AppearanceAdmin(OfPapers[Appearance]):
    list_display = ("paper", "source", "day", "first_seen", "last_seen", "gone_at", "upvotes", "comments", "news")
    list_filter = ("source", "news", ("gone_at", admin.EmptyFieldListFilter), ("settled", admin.EmptyFieldListFilter))
    list_select_related = ("paper", "source")


@admin.register(Change)
class ChangeAdmin(OfPapers[Change]):
    list_display = ("number", "at", "kind", "news", "paper", "source", "day")
    list_filter = ("kind", "news", "source")
    list_select_related = ("paper", "source")


@admin.register(Told)
class ToldAdmin(OfPapers[Told]):
    """How many readers, never who: the packed ids of a big edition are megabytes a row."""

    path = "change__paper"
    list_display = ("change", "paper", "edition", "readers_told")
    list_select_related = ("change__paper", "edition")
    readonly_fields = ("readers_told",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Told]:
        count = Length(F("readers"), output_field=IntegerField()) / 8
        return (
            super()
            .get_queryset(request)
            .defer("readers", "change__facts", "change__paper__facts")
            .annotate(count=count)
        )

    @admin.display(description="paper")
    def paper(self, told: Told) -> str:
        return told.change.paper.key

    @admin.display(description="readers")
    def readers_told(self, told: Told) -> int:
        return int(getattr(told, "count", 0))


@admin.register(Counter)
class CounterAdmin(History[Counter]):
    list_display = ("name", "value")
