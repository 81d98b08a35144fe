"""The handbook: the files of digest/docs as pages, and the pictures in them. Readers' help comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from digest.views.handbook import Text, written

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.png")
KEPT = 30 * 24 * 3600  # seconds that browsers may keep a picture


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the handbook: its place in the address, its file, and how links call it."""

    name: str
    file: str
    called: str

    @property
    def url(self) -> str:
        """Its address on the site."""
        return f"/help/{self.name}/" if self.name else "/help/"


PAGES = (
    Page("", "readers.md", "Help"),
    Page("filters", "filters.md", "How filters are written"),
    Page("mails", "mails.md", "The mails, as they look"),
    Page("operations", "operations.md", "Operating it"),
    Page("faults", "faults.md", "What was done to it"),
    Page("decisions", "decisions.md", "Decisions"),
)


@require_safe
def page(request: HttpRequest, name: str = "") -> HttpResponse:
    """A page of the handbook."""
    found = next((one for one in PAGES if one.name == name), None)
    if found is None:
        raise Http404("no such page in the handbook")
    text = _text(found.file)
    shown = {"page": found, "pages": PAGES, "text": text, "body": mark_safe(text.html)}  # noqa: S308 - our own renderer
    return render(request, "web/help.html", shown)


@cache
def _text(file: str) -> Text:
    """Rendered once: the files don't change while we run."""
    return written((DOCS / file).read_text(encoding="utf-8"), "/help/")


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:  # noqa: ARG001 - a view gets it
    """A picture of the handbook: a plain name of a file that is there."""
    path = DOCS / "pictures" / name
    if PICTURE.fullmatch(name) is None or not path.is_file():
        raise Http404("no such picture in the handbook")
    return FileResponse(path.open("rb"), content_type="image/png", headers={"Cache-Control": f"max-age={KEPT}"})
