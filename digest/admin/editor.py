"""The editor of a part of a mail's wording: its text, a mail made with it beside it, its versions.

What stands in the editor is shown by posting it to an address of its own, in a sandboxed frame: nothing is kept of
it, and no script is needed. A GET shows what is kept already.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from digest.admin import acting
from digest.admin.difference import Line, difference
from digest.admin.meanwhile import began, newer_than
from digest.cockpit import clock, may
from digest.mail import samples
from digest.mail.limited import NotStarted
from digest.mail.part import CSS, Part, WordingError
from digest.mail.slots import TEXT, data_of, names_of
from digest.models import Template
from digest.pipeline import proofing, rewording, wordings
from subscribers.admin import people
from subscribers.models import Subscriber

EDITS = "digest.change_template"
SEES_READERS = "subscribers.view_subscriber"
KINDS = ("digest", "welcome", "confirm", "known", "goodbye", "alert")
VERSIONS = 30  # named beside the editor
# The policy of a mail that is shown: nothing runs, nothing is loaded, no form is sent, no window is left.
MAIL = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
SIDES = [("html", "HTML"), ("dark", "HTML in the dark"), ("txt", "text")]
AT_NIGHT = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
TROUBLE = (WordingError, rewording.NotPossible, NotStarted)


class TextForm(forms.Form):
    """What is in the editor, and what it is to be tried with."""

    body = forms.CharField(strip=False, max_length=200_000, widget=forms.Textarea)
    note = forms.CharField(required=False, max_length=200, label="What has changed")
    sample = forms.ChoiceField(required=False, label="Shown with")
    reader = forms.CharField(required=False, max_length=254, label="or a reader’s next digest")
    side = forms.ChoiceField(choices=SIDES, required=False, label="as")
    # of the text that was in force when the form was opened, its digest
    began = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, part: Part, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sample"] = forms.ChoiceField(choices=_samples(part), required=False, label="Shown with")
        self.fields["body"].widget.attrs = {"rows": 28, "cols": 80, "spellcheck": "false", "dir": "ltr"}
        self.fields["body"].label = str(part)
        self.fields["reader"].help_text = "An address. The mail shown has none of their links."
        if part.kind != "digest":
            del self.fields["reader"]

    def clean_reader(self) -> Subscriber | None:
        term = str(self.cleaned_data["reader"]).strip()
        found = people(term).first() if term else None
        if term and found is None:
            raise ValidationError("There is no reader of this address.")
        return found


def _samples(part: Part) -> list[tuple[str, str]]:
    if part.kind == "digest":
        return [(day.name, day.says) for day in samples.days()]
    return [(name, name) for name in samples.notices(part.kind, "https://digest.example.org")]


class Editor:
    """The pages of the editor, for the admin of wordings."""

    def __init__(self, table: ModelAdmin[Template]) -> None:
        self._table = table

    def parts(self, request: HttpRequest) -> HttpResponse:
        """Every part of every mail, with the version that is in force."""
        if not self._table.has_view_or_change_permission(request):
            raise PermissionDenied
        active = Template.objects.filter(active=True).defer("body")
        rows = {(row.kind, row.part, row.format): row for row in active}
        kinds = [
            (kind, [(part, rows.get((kind, *part.place))) for part in wordings.shipped_parts(kind)]) for kind in KINDS
        ]
        return self._page(request, "admin/wording_parts.html", "Parts of the mails", {"kinds": kinds})

    def edit(self, request: HttpRequest, kind: str, part: str, format: str) -> HttpResponse:
        """The editor: GET shows a version, POST keeps or sends what is in it."""
        self._must_edit(request)
        if request.method != "POST":
            body, version = self._kept(request, kind, part, format)
            shown = _part(kind, part, format, body)
            side = "txt" if shown.format == TEXT else "html"
            initial = {"body": body, "side": side, "began": began(shown, version)}
            return self._editor(request, shown, TextForm(shown, initial=initial))
        shown = _part(kind, part, format, request.POST.get("body", ""))
        form = TextForm(shown, request.POST)
        if form.is_valid():
            try:
                return self._undoing(request, shown, form) or self._done(request, shown, form)
            except TROUBLE as trouble:
                for line in str(trouble).splitlines():
                    form.add_error("body", line)
            except ValueError as trouble:
                form.add_error(None, str(trouble))
        return self._editor(request, shown, form)

    def _undoing(self, request: HttpRequest, part: Part, form: TextForm) -> HttpResponse | None:
        """The form again when it would undo what has come into force meanwhile, which is shown; saved once more, the
        form has seen it."""
        known = form.cleaned_data["began"]
        newer = newer_than(known, part, request.user.get_username()) if "_activate" in request.POST else None
        if newer is None:
            return None
        row = rewording.here(part).filter(active=True, digest=wordings.digest_of(newer)).first()
        whose = f"Version {row.pk}, by {row.author}," if row is not None else "A text that came with the service"
        form.add_error(
            None,
            f"{whose} has come into force since you opened this, and your text would undo what it changed. Take over "
            "what you want of it: below is the way from it to your text. Then keep yours again.",
        )
        form.data = {**request.POST.dict(), "began": wordings.digest_of(newer)}  # a bound form shows what was posted
        return self._editor(request, part, form, list(difference(newer, part.body)))

    def mail(self, request: HttpRequest, kind: str, part: str, format: str) -> HttpResponse:
        """A mail made with what is in the editor (POST), or with a version that is kept (GET), for the frame."""
        self._must_edit(request)
        posted = request.method == "POST"
        body = request.POST.get("body", "") if posted else self._kept(request, kind, part, format)[0]
        shown = _part(kind, part, format, body)
        form = TextForm(shown, request.POST if posted else {"body": body, "side": "txt" if format == TEXT else "html"})
        if not form.is_valid():
            return _framed(_said("\n".join(str(e) for errors in form.errors.values() for e in errors)))
        try:
            made = self._made(request, shown, form, "reader@example.org", clock())
        except (*TROUBLE, ValueError) as trouble:
            return _framed(_said(str(trouble)))
        return _framed(_side(made.data, form.cleaned_data["side"]))

    def _must_edit(self, request: HttpRequest) -> None:
        if not may(request, [EDITS]):
            raise PermissionDenied

    def _kept(self, request: HttpRequest, kind: str, part: str, format: str) -> tuple[str, int | None]:
        """The text of the version that the address names, or of the one in force."""
        asked = request.GET.get("version", "")
        rows = Template.objects.filter(kind=kind, part=part, format=format)
        row = rows.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
        if row is not None:
            return row.body, row.pk
        found = next((one for one in wordings.parts_in_force(kind) if one.place == (part, format)), None)
        if found is None or asked:
            raise Http404("no such part, or no such version of it")
        return found.body, None

    def _done(self, request: HttpRequest, part: Part, form: TextForm) -> HttpResponse:
        """Keep it, put it in force, or send it to whoever wrote it."""
        now, author = clock(), request.user.get_username()
        here = reverse("admin:digest_template_edit", args=[part.kind, *part.place])
        if "_send" in request.POST:
            self._send(request, part, form, now)
            return self._editor(request, part, form)
        row = rewording.write(part, author, form.cleaned_data["note"], now)
        acting.log(request, row, "Written." + (f" {row.note}" if row.note else ""))
        if "_activate" in request.POST:
            rewording.put_in_force(row, author, now)
            acting.log(request, row, "Put in force.")
            messages.success(request, f"{row} is in force: letters posted from now on are worded with it.")
            return HttpResponseRedirect(here)
        messages.success(request, f"{row} is kept as a draft.")
        return HttpResponseRedirect(f"{here}?version={row.pk}")

    def _send(self, request: HttpRequest, part: Part, form: TextForm, now: datetime) -> None:
        to = getattr(request.user, "email", "")
        if not to:
            raise ValueError("Your account here has no e-mail address to send it to: give it one first.")
        made = self._made(request, part, form, to, now)
        outcome = proofing.mail(made, now)
        row = rewording.here(part).filter(active=True).first() or rewording.here(part).order_by("-pk").first()
        said = f"Test mail of {part} to their own address: {outcome.kind}. {outcome.reply}".strip()
        if row is not None:
            acting.log(request, row, said)
        level = messages.SUCCESS if outcome.kind == "accepted" else messages.ERROR
        messages.add_message(request, level, f"To {to}: {outcome.kind}. {outcome.reply}")

    def _made(self, request: HttpRequest, part: Part, form: TextForm, to: str, now: datetime) -> Any:
        person = form.cleaned_data.get("reader")
        if person is not None and not may(request, [SEES_READERS]):
            raise ValueError("You may not look at readers.")
        return proofing.shown(part, form.cleaned_data["sample"], person, to, now)

    def _editor(self, request: HttpRequest, part: Part, form: TextForm, undone: Sequence[Line] = ()) -> HttpResponse:
        names = None if part.format == CSS else names_of(part.kind, part.part)
        context = {
            "part": part,
            "form": form,
            "names": names,
            "data": {} if names is None else data_of(part.kind, part.part),
            "versions": rewording.here(part).defer("body").order_by("-pk")[:VERSIONS],
            "to": getattr(request.user, "email", ""),
            "version": request.GET.get("version", ""),
            "undone": undone,
        }
        return self._page(request, "admin/wording_editor.html", str(part), context)

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        common = {**self._table.admin_site.each_context(request), "opts": self._table.opts, "title": title}
        return TemplateResponse(request, template, {**common, **context})


def _part(kind: str, part: str, format: str, body: str) -> Part:
    try:
        return rewording.candidate(kind, part, format, body)
    except rewording.NotPossible as why:
        raise Http404(str(why)) from None


def _side(data: bytes, side: str) -> HttpResponse:
    message = email.message_from_bytes(data, policy=email.policy.default)
    if side in ("html", "dark"):
        part = message.get_body(("html",))
        html = part.get_content() if part is not None else ""
        return HttpResponse(AT_NIGHT.sub("@media all", html) if side == "dark" else html)
    part = message.get_body(("plain",))
    return _said(f"Subject: {message['Subject']}\n\n{part.get_content() if part is not None else ''}")


def _said(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _framed(response: HttpResponse) -> HttpResponse:
    """A mail's own policy in the place of the admin's; it may stand in a frame of ours, and is kept nowhere."""
    response["Content-Security-Policy"] = MAIL
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
