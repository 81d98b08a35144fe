"""One part of a mail's wording, and what is wrong with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CSS = "css"
STYLE = "style"

Place = tuple[str, str]  # part, format


@dataclass(frozen=True)
class Part:
    """One part of a mail's wording: a template, or the style sheet of its kind (part style, format css).

    `trusted`: it came with the service. What operators write is rendered by a limited process (`limited`).
    """

    kind: str
    part: str
    format: str  # html, txt, css
    body: str
    trusted: bool = False

    @property
    def place(self) -> Place:
        """What it is a version of, within its kind."""
        return self.part, self.format

    def __str__(self) -> str:
        return f"{self.kind}/{self.part}.{self.format}"


class WordingError(ValueError):
    """A wording that can't be rendered: which part, where, what is wrong.

    `place` is the part that raised, where one is known. `spent`: it took more time, memory or room than it may.
    """

    def __init__(self, said: str, place: Place | None = None, spent: bool = False) -> None:
        super().__init__(said)
        self.place = place
        self.spent = spent
