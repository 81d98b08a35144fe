"""The parts of a mail's wording: template files and operators' versions of them.

A digest has five parts (subject, head, section, card, foot), a notice two (subject, head); all but the subject
in HTML and text. What a part sees is plain data about the site, the edition or one paper, **never the reader**;
what differs per reader it names as slots, conditions and repetitions (digest.mail.slots).

A kind has a style sheet, too: css-inline writes it into the elements; what must stay a rule (dark mode, narrow
screens) stands in the head's <style>.

What came with the service is rendered here. A wording with as much as one part of an operator's is rendered whole by
a limited process, since its parts meet: the style sheet is written into all of them, head and foot are one document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from digest.mail.form import MIDDLE
from digest.mail.limited import Limited
from digest.mail.part import CSS, STYLE, Part, Place, WordingError
from digest.mail.sandbox import Compiled
from digest.mail.scope import astray
from digest.mail.slots import HTML, TEXT, Names, of_digest

__all__ = ["CSS", "RENDERER", "STYLE", "Part", "Rescue", "Wording", "WordingError", "shipped"]

RENDERER = 5  # raised when the code changes the bytes of a mail

T = TypeVar("T")
# What to go on with when one of these parts fails: other ones in its place; None: nothing, so the error is raised.
Rescue = Callable[[WordingError, "tuple[Part, ...]"], "tuple[Part, ...] | None"]


def shipped(folder: Path) -> tuple[Part, ...]:
    """The parts that come with the service: FOLDER/<kind>/<part>.html, .txt and style.css.

    WordingError when the folder holds none.
    """
    files = sorted(path for path in folder.glob("*/*.*") if path.suffix[1:] in (HTML, TEXT, CSS))
    if not files:
        raise WordingError(f"no wording in {folder}: expected <kind>/<part>.html and .txt there")
    return tuple(Part(f.parent.name, f.stem, f.suffix[1:], f.read_text(encoding="utf-8"), trusted=True) for f in files)


class Wording:
    """One set of parts of one kind.

    `style` replaces the style sheet among the parts. `rescue` is asked when a part fails. WordingError when the parts
    are of several kinds, or when one that came with the service doesn't compile.
    """

    def __init__(self, parts: Iterable[Part], style: str = "", rescue: Rescue | None = None) -> None:
        given = tuple(parts)
        kinds = {part.kind for part in given}
        if len(kinds) != 1:
            raise WordingError(f"a wording is of one kind, not of {sorted(kinds) or 'none'}")
        (self.kind,) = kinds
        self._style, self._rescue = style, rescue
        self._take(given)

    def _take(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._places = frozenset(part.place for part in parts)
        self._trusted = all(part.trusted for part in parts)
        self._made: Compiled | Limited = _made(parts, self._style)
        self._marks: Mapping[str, tuple[str, str]] | None = None

    @property
    def marks(self) -> Mapping[str, tuple[str, str]]:
        """By format, what stands before and behind a marked word."""
        if self._marks is None:
            before, _, after = self._rescued(self._mark).partition(MIDDLE)
            self._marks = {HTML: (before, after), TEXT: ("*", "*")}
        return self._marks

    def render(self, part: str, format: str, context: Mapping[str, Any], names: Names | None = None) -> str:
        """A part with its slots, blocks and words still marked. Raises WordingError.

        `names` are what it may name; None: what that part of a digest may.
        """
        return self._rescued(lambda: self._render(part, format, context, names))

    def frame(self, format: str, context: Mapping[str, Any], names: Names | None = None) -> tuple[str, str]:
        """Head and foot (empty where the kind has none), the style sheet written into their elements.

        They are one document: the head leaves open what the foot closes.
        """
        return self._rescued(lambda: self._frame(format, context, names))

    def fragment(self, part: str, format: str, context: Mapping[str, Any]) -> str:
        """A part that is whole in itself: a section, a card."""
        names = of_digest(part)
        return self._rescued(
            lambda: self._checked(self._made.fragment(part, format, context, names), (part, format), names)
        )

    def _mark(self) -> str:
        return self._made.mark()

    def _rescued(self, do: Callable[[], T]) -> T:
        while True:
            try:
                return do()
            except WordingError as error:
                instead = self._rescue(error, self._parts) if self._rescue else None
                if instead is None:
                    raise
                self._take(instead)

    def _render(self, part: str, format: str, context: Mapping[str, Any], names: Names | None) -> str:
        names = names or of_digest(part)
        return self._checked(self._made.render(part, format, context, names), (part, format), names)

    def _checked(self, rendered: str, place: Place, names: Names) -> str:
        wrong = "" if self._trusted else astray(rendered, names)
        if wrong:
            raise WordingError(f"{self.kind}/{'.'.join(place)}: {wrong}", place)
        return rendered

    def _frame(self, format: str, context: Mapping[str, Any], names: Names | None) -> tuple[str, str]:
        head = self._render("head", format, context, names)
        foot = self._render("foot", format, context, names) if ("foot", format) in self._places else ""
        if format == TEXT:
            return head, foot
        before, _, after = self._made.document(head + MIDDLE + foot).partition(MIDDLE)
        return before, after + "\n"


@lru_cache(maxsize=32)
def _made(parts: tuple[Part, ...], style: str) -> Compiled | Limited:
    # By what they say, not by their numbers: SQLite gives the number of a row that was rolled back to another one.
    return Compiled(parts, style) if all(part.trusted for part in parts) else Limited(parts, style)
