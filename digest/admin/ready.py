"""Ready-made topics: what people can choose from, and what the followers of one get when it is changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from subscribers import ready
from subscribers.admin import Table
from subscribers.forms import FilterField, query_trouble
from subscribers.models import ReadyTopic
from subscribers.query.boosts import read_boosts


class ReadyTopicForm(forms.ModelForm[ReadyTopic]):
    """The filter and the boosts are read as readers' own are, and refused with the same words."""

    text = FilterField(label="Filter", widget=forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false"}))
    threshold = forms.IntegerField(
        min_value=0, max_value=100, initial=0, help_text="Score below which papers stay behind “more”: 0 to 100."
    )
    cap = forms.IntegerField(
        min_value=1,
        max_value=1_000,
        required=False,
        help_text="Most papers in a digest that somebody begins with; they may change it. Empty: all.",
    )
    boosts = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "code", "spellcheck": "false"}),
        help_text='One on each line: +3 "kv cache", -2 survey, pin author:"I Quorndal".',
    )

    class Meta:
        model = ReadyTopic
        fields = (
            "name", "note", "text", "settled", "revisions", "cap", "threshold", "boosts", "place", "offered",
        )  # fmt: skip
        help_texts = {  # noqa: RUF012 - Django reads it so
            "settled": "Judged when the day is over and its votes are in, not as papers are listed.",
            "place": "The lower, the earlier it is offered; the first one is what people get who name nothing.",
            "offered": "Not offered any more, it stays with its followers.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["boosts"] = "\n".join(self.instance.boosts or ())

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).strip()

    def clean_boosts(self) -> list[str]:
        try:
            return [boost.line for boost in read_boosts(self.cleaned_data["boosts"].splitlines())]
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None

    def trouble(self) -> dict[str, str] | None:
        """What is wrong with the filter as it was typed, with the caret."""
        return query_trouble(self.data.get("text", ""))


@admin.register(ReadyTopic)
class ReadyTopicAdmin(Table[ReadyTopic]):
    list_display = ("name", "text", "settled", "cap", "place", "offered", "follow")
    list_filter = ("offered",)
    ordering = ("place", "name")
    form = ReadyTopicForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReadyTopic]:
        return super().get_queryset(request).annotate(followed=Count("followers"))

    @admin.display(description="followers")
    def follow(self, topic: ReadyTopic) -> int:
        return int(getattr(topic, "followed", 0))

    def save_model(self, request: HttpRequest, obj: ReadyTopic, form: Any, change: bool) -> None:
        """Followers get what it says now, in the same transaction."""
        followers = ready.keep(obj)
        if change and followers:
            self.message_user(request, f"Its {followers:,} followers have it from their next digest on.", messages.INFO)
