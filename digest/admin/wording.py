"""The wording of mails: its versions, which are only added, and the way to the editor.

Whoever may change wordings may write versions, put them in force and move letters to them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from digest.admin import acting
from digest.admin.difference import difference
from digest.admin.editor import EDITS, Editor
from digest.cockpit import clock, may
from digest.mail.limited import NotStarted
from digest.models import Template
from digest.pipeline import rewording
from subscribers.admin import History


@admin.register(Template)
class TemplateAdmin(History[Template]):
    list_display = ("__str__", "state", "author", "note", "created_at", "activated_at")
    list_filter = ("active", "kind", "part", "format")
    actions = ("put_in_force", "move_letters")
    readonly_fields = ("state", "changed", "text")
    fields = ("state", "author", "note", "created_at", "activated_at", "changed", "text")
    change_list_template = "admin/wordings.html"
    change_form_template = "admin/wording.html"

    def get_urls(self) -> list[URLPattern]:
        editor = Editor(self)
        view = self.admin_site.admin_view
        return [
            path("parts/", view(editor.parts), name="digest_template_parts"),
            path("parts/<slug:kind>/<slug:part>.<slug:format>/", view(editor.edit), name="digest_template_edit"),
            path("parts/<slug:kind>/<slug:part>.<slug:format>/mail/", view(editor.mail), name="digest_template_mail"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        rows = super().get_queryset(request).select_related("instead")
        return rows.defer("body", "instead__body")

    def has_edit_permission(self, request: HttpRequest) -> bool:
        return may(request, [EDITS])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        more = {"may_edit": self.has_edit_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(
            request, {"may_edit": self.has_edit_permission(request), **(extra_context or {})}
        )

    @admin.action(description="Put in force", permissions=["edit"])
    def put_in_force(self, request: HttpRequest, versions: QuerySet[Template]) -> TemplateResponse | None:
        question = "Put these versions in force? Letters posted from now on are worded with them"
        asked = acting.asked(self, request, versions, "put_in_force", question, "Put in force")
        if asked is not None:
            return asked
        now, author = clock(), request.user.get_username()
        try:
            acting.each(self, request, versions, lambda row: _put(row, rewording.put_in_force(row, author, now)))
        except NotStarted as trouble:
            self.message_user(request, f"{trouble}.", messages.ERROR)
        return None

    @admin.action(description="Move waiting digests to this version", permissions=["edit"])
    def move_letters(self, request: HttpRequest, versions: QuerySet[Template]) -> TemplateResponse | None:
        """One commit a batch: so the line in the log comes last, and moving twice does no harm."""
        question = (
            "Move the digests that wait to this version? Those that were sent, or are being sent, stay as they are"
        )
        asked = acting.asked(self, request, versions, "move_letters", question, "Move them")
        if asked is not None:
            return asked
        for row in versions[:1]:
            try:
                moved = rewording.move_letters(row, clock())
            except rewording.NotPossible as why:
                self.message_user(request, f"{row}: {why}.", messages.ERROR)
                continue
            said = f"Moved {moved.letters:,} waiting digests to it."
            said += f" {moved.held} batches are being sent just now and stay as they are." if moved.held else ""
            said += f" {moved.left} batches are left: do it again." if moved.left else ""
            acting.log(request, row, said)
            self.message_user(request, f"{row}: {said}", messages.WARNING if moved.left else messages.SUCCESS)
        return None

    @admin.display(description="state")
    def state(self, row: Template) -> SafeString:
        return state(row)

    @admin.display(description="difference to the one before")
    def changed(self, row: Template) -> SafeString:
        before = rewording.here(rewording.part_of(row)).filter(pk__lt=row.pk).order_by("-pk").first()
        if before is None:
            return SafeString("It is the first one.")
        lines = list(difference(before.body, row.body))
        shown = format_html_join("\n", '<span class="{}">{}</span>', lines)
        head = format_html("<p>Against version {}, by {}:</p>", before.pk, before.author)
        return format_html('{}<pre class="difference">{}</pre>', head, shown) if lines else format_html("{}None.", head)

    @admin.display(description="text")
    def text(self, row: Template) -> SafeString:
        return format_html('<pre class="difference" dir="ltr">{}</pre>', row.body)


def _put(asked: Template, done: Template) -> str:
    return "Put in force." if asked.pk == done.pk else f"Put in force again, as version {done.pk}."


def state(row: Template) -> SafeString:
    """What has become of a version."""
    if row.failed_at is not None:
        said = format_html("failed {}; version {} stands in", f"{row.failed_at:%d %b %H:%M}", row.instead_id)
        return format_html('<span class="v bad">✕ {}</span> {}', said, row.failure)
    noted = format_html(' <span class="v warn">! failed for a paper</span> {}', row.failure) if row.failure else ""
    if row.active:
        return format_html('<span class="v good">✓ in force</span>{}', noted)
    return format_html('<span class="v off">{}</span>{}', "was in force" if row.activated_at else "draft", noted)
