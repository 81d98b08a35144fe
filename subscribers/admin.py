"""The operators' tables of people and what is owed to them, all of them read-only; and what every table of ours
has in common. Actions stand beside the tables that show papers, in the other house.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar

import django_stubs_ext
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DataError, transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from subscribers.address import check_address
from subscribers.models import Batch, Bulletin, Event, Filter, Milestone, Subscriber, Topic
from subscribers.outbox.word import WORDS

django_stubs_ext.monkeypatch()  # so that ModelAdmin[X] and Paginator[X] can be written at run time

M = TypeVar("M", bound=Model)
KEY = re.compile(r"[0-9a-f]{32}")
A_READER = "A whole address, or the key in a link or a Message-ID"


class Bounded(Paginator[Any]):
    """Counts no further than `most`: counting a table of many millions for the foot of a list takes minutes."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most].count())


class Table(admin.ModelAdmin[M]):
    """A list that stays quick when its table is big. Nothing is deleted here: rows are the proof of what was said.

    Search finds whole names alone, because those have an index: each table says in `found` which.
    """

    paginator = Bounded
    show_full_result_count = False
    list_per_page = list_max_show_all = 50
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)

    def found(self, term: str) -> Q:
        """The rows that a search term names; a table without a search shows all."""
        return Q()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        term = search_term.strip()
        return (queryset.filter(self.found(term)) if term else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """What an address asks for and no database can look up is answered as Django answers a wrong look-up.

        So is a row chosen for an action that can be no row. What an action raises stays an error.
        """
        wrong = HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        if request.method != "GET":
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            return super().changelist_view(request, extra_context) if all(map(self._is_key, chosen)) else wrong
        try:
            with transaction.atomic():
                response = super().changelist_view(request, extra_context)
                return response.render() if isinstance(response, TemplateResponse) else response
        except (ValueError, OverflowError, DataError):
            if ERROR_FLAG in request.GET:
                raise
            return wrong

    def _is_key(self, chosen: str) -> bool:
        """Whether it may be the key of a row: most are numbers."""
        try:
            self.opts.pk.clean(chosen, None)
        except ValidationError:
            return False
        return "\0" not in chosen

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class History(Table[M]):
    """What has happened: it is read, never written. The forms are read-only too, and a POST is refused."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class OfReaders(History[M]):
    """Rows that belong to a reader, found by who that is."""

    search_fields = ("subscriber",)  # shows the search box; `found` searches
    search_help_text = A_READER

    def found(self, term: str) -> Q:
        return Q(subscriber__in=people(term))


class Reach(admin.SimpleListFilter):
    """How far back a list of rows that grow with the readers goes, unless it is narrowed by something indexed.

    A rare state has no index (a good letter changes its state twice a day): looked for in the whole table it
    would be a scan of everything that was ever sent.
    """

    title = "how far back"
    parameter_name = "reach"
    newest = 100_000
    narrowing = ("q", "subscriber", "edition", "batch", "letter")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "Everything (slow)")]

    def choices(self, changelist: Any) -> Any:
        first, *rest = super().choices(changelist)
        yield {**first, "display": f"The newest {self.newest:,}"}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all" or any(request.GET.get(name) for name in self.narrowing):
            return queryset
        newest = queryset.model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
        return queryset.filter(pk__gt=newest - self.newest)


def people(term: str) -> QuerySet[Subscriber]:
    """The reader whom an address, however it is spelled, or a key names."""
    if KEY.fullmatch(term):
        return Subscriber.objects.filter(key=term)
    try:
        return Subscriber.objects.filter(address=check_address(term)[1])
    except ValueError:
        return Subscriber.objects.none()


@admin.register(Topic)
class TopicAdmin(OfReaders[Topic]):
    list_display = ("name", "subscriber", "text", "cadence", "settled", "revisions", "cap", "threshold", "muted")
    list_filter = ("cadence", "settled", "revisions", "muted")
    list_select_related = ("subscriber",)


@admin.register(Filter)
class FilterAdmin(History[Filter]):
    list_display = ("canonical", "digest")


@admin.register(Milestone)
class MilestoneAdmin(History[Milestone]):
    list_display = ("field", "number")
    ordering = ("field", "number")


@admin.register(Batch)
class BatchAdmin(History[Batch]):
    list_display = ("id", "lane", "posted_at", "oldest", "claim", "lease", "retry_at", "done_at")
    list_filter = ("lane", ("done_at", admin.EmptyFieldListFilter), ("retry_at", admin.EmptyFieldListFilter))


class EventKind(admin.SimpleListFilter):
    """By a list of what there is: asking the table for its distinct kinds would read all of it."""

    title = "kind"
    parameter_name = "kind"
    of_letters = ("accepted", "deferred", "refused", "unknown", "cancelled")
    of_operators = tuple(f"word: {word}" for word in WORDS)
    of_mail = ("bounced", "delayed", "complained", "unsubscribed", "suppressed", "lifted")
    of_people = ("asked", "confirmed", "topics", "schedule", "paused", "resumed", "left", "forgotten")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (kind, kind) for kind in ("alert", *self.of_letters, *self.of_mail, *self.of_operators, *self.of_people)
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(OfReaders[Event]):
    list_display = ("at", "kind", "subscriber", "letter", "data")
    list_filter = (Reach, EventKind)
    list_select_related = ("subscriber", "letter")


@admin.register(Bulletin)
class BulletinAdmin(History[Bulletin]):
    list_display = ("at", "address", "state", "raised", "over", "reply")
    list_filter = ("state",)
