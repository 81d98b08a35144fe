"""What the operators' actions have in common: being asked once more, one commit a row, a line in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from subscribers import membership
from subscribers.outbox import word

M = TypeVar("M", bound=Model)
MOST = 500  # rows that one click may touch
NOT_POSSIBLE = (membership.NotPossible, word.NotPossible, ValueError)


def asked(
    table: ModelAdmin[M], request: HttpRequest, rows: QuerySet[M], action: str, question: str, button: str
) -> TemplateResponse | None:
    """The page that asks once more before something that can't be taken back; None when the answer was yes.

    It names the rows one by one and sends these back, so that the yes is about what was seen, whatever has come
    into the list since. An action is always a POST with its token, and so is the answer.
    """
    if request.POST.get("sure") == "yes":
        return None
    shown = list(rows[: MOST + 1])
    context = {
        **table.admin_site.each_context(request),
        "title": question,
        "opts": table.opts,
        "rows": shown[:MOST],
        "too_many": len(shown) > MOST,
        "most": MOST,
        "action": action,
        "button": button,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/sure.html", context)


def each(table: ModelAdmin[M], request: HttpRequest, rows: QuerySet[M], act: Callable[[M], str]) -> None:
    """Do it to each row by itself. What was done and its line in the log are one commit; what can't be is said."""
    done = 0
    for row in rows[:MOST]:
        try:
            with transaction.atomic():
                log(request, row, act(row))
        except NOT_POSSIBLE as why:
            table.message_user(request, f"{row}: {why}.", messages.ERROR)
        else:
            done += 1
    if done:
        name = table.opts.verbose_name if done == 1 else table.opts.verbose_name_plural
        table.message_user(request, f"Done for {done} {name}.", messages.SUCCESS)


def log(request: HttpRequest, row: Model, said: str) -> None:
    """A line in the admin's log. It names the row by number: an erased reader's address must not live on here."""
    assert request.user.pk is not None
    kind = ContentType.objects.get_for_model(row)
    LogEntry.objects.create(
        user_id=request.user.pk,
        content_type=kind,
        object_id=str(row.pk),
        object_repr=f"{row._meta.verbose_name} {row.pk}",
        action_flag=CHANGE,
        change_message=said[:1_000],
    )
