"""How fast letters leave, and what is held: set here while they go, and logged with who did it."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from digest.admin import acting
from digest.cockpit import clock, may
from digest.pipeline import holding
from subscribers.admin import History, Table
from subscribers.models import Hold, Rate
from subscribers.outbox import holds, rates

NAMES = [(rates.ALL, "by all channels together"), *((name, f"by {name}") for name in rates.CHANNELS)]


class RateForm(forms.ModelForm[Rate]):
    name = forms.ChoiceField(choices=NAMES, label="Letters that leave")
    per_second = forms.FloatField(
        label="A second, at most",
        min_value=rates.SLOWEST,
        max_value=rates.FASTEST,
        help_text="Felt by all senders within a second. To stop, pause an edition or all sending; no limit: delete it.",
    )

    class Meta:
        model = Rate
        fields = ("name", "per_second")


@admin.register(Rate)
class RateAdmin(Table[Rate]):
    form = RateForm
    list_display = ("name", "per_second")

    def has_delete_permission(self, request: HttpRequest, obj: Rate | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Rate | None = None) -> tuple[str, ...]:
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Rate, form: forms.ModelForm[Rate], change: bool) -> None:
        rates.limit(obj.name, obj.per_second, request.user.get_username(), clock())
        obj.pk = Rate.objects.get(name=obj.name).pk

    def delete_model(self, request: HttpRequest, obj: Rate) -> None:
        rates.limit(obj.name, None, request.user.get_username(), clock())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Rate]) -> None:
        for row in queryset:
            self.delete_model(request, row)


class HoldForm(forms.ModelForm[Hold]):
    edition = forms.DateField(required=False, help_text="The date of the edition that waits. Empty: all sending.")

    class Meta:
        model = Hold
        fields = ()


@admin.register(Hold)
class HoldAdmin(History[Hold]):
    """What waits until somebody resumes it. To pause is to add a row."""

    form = HoldForm
    list_display = ("__str__", "at", "by")
    actions = ("resume",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.add_hold"])

    def has_word_permission(self, request: HttpRequest) -> bool:
        return may(request, ["subscribers.delete_hold"])

    def save_model(self, request: HttpRequest, obj: Hold, form: forms.ModelForm[Hold], change: bool) -> None:
        now, by = clock(), request.user.get_username()
        day: date | None = form.cleaned_data["edition"]
        if day is None:
            holds.hold(holds.EVERYTHING, by, now)
        else:
            holding.hold(day, by, now)
        obj.label = day.isoformat() if day else holds.EVERYTHING  # the row's name in message and log
        obj.pk = Hold.objects.get(label=obj.label).pk

    @admin.action(description="Let these letters go on", permissions=["word"])
    def resume(self, request: HttpRequest, rows: QuerySet[Hold]) -> None:
        now, by = clock(), request.user.get_username()

        def let_go(row: Hold) -> str:
            holds.let_go(row.label, by, now)
            return f"Resumed: {row}."

        acting.each(self, request, rows, let_go)
