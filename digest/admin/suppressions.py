"""Addresses that must not be mailed: why, until when, whose; and the way to lift it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from digest.admin import acting
from digest.cockpit import clock, may
from subscribers.address import check_address
from subscribers.admin import History
from subscribers.links import address_hash
from subscribers.models import Suppression
from subscribers.outbox import feedback


@admin.register(Suppression)
class SuppressionAdmin(History[Suppression]):
    """Lifting is the right to change one; each is in the reader's timeline and in the admin's log."""

    list_display = ("id", "subscriber", "reason", "since", "until", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), ("until", admin.EmptyFieldListFilter))
    list_select_related = ("subscriber",)
    search_fields = ("address_hash",)  # shows the search box; `found` searches
    search_help_text = "A whole address, also of somebody who was erased"
    actions = ("lift",)

    def found(self, term: str) -> Q:
        try:
            return Q(address_hash=address_hash(settings.LINK_KEY.encode(), check_address(term)[1]))
        except ValueError:
            return Q(pk__in=())

    def has_act_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.change_suppression"])

    @admin.action(description="Lift: these addresses may be mailed again", permissions=["act"])
    def lift(self, request: HttpRequest, rows: QuerySet[Suppression]) -> TemplateResponse | None:
        question = (
            "Lift these? Whoever is mailed again after a complaint may complain again, and mail from here suffers"
        )
        asked = acting.asked(self, request, rows, "lift", question, "Lift them")
        if asked is not None:
            return asked
        now, by = clock(), f"operator {request.user.pk}"
        acting.each(self, request, rows, lambda row: _lifted(feedback.lift(row.pk, now, by=by)))
        return None


def _lifted(done: bool) -> str:
    if not done:
        raise ValueError("it holds no more: it has ended, or was lifted before")
    return "Lifted."
