"""The wording of mails, read-only: letters name the versions that they were made with."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from digest.models import Template
from subscribers.admin import History


@admin.register(Template)
class TemplateAdmin(History[Template]):
    list_display = ("kind", "part", "format", "active", "author", "created_at", "digest")
    list_filter = ("active", "kind", "part", "format")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).defer("body")
