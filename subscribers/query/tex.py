"""TeX reduced to what a reader sees: the text that is shown, and the text that filters read. Pure.

The work is linear in the length of the text: brackets and dollars are paired once, an argument is found
before it is read, and every piece is read once per nesting level, of which there are at most `DEEPEST`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from subscribers.query.pairs import formulas, pairs
from subscribers.query.signs import (
    ACCENTS,
    CHARACTERS,
    DOUBLE_STRUCK,
    DROPPED,
    FUNCTIONS,
    LOWERED,
    RAISED,
    RECOLOURED,
    SHOWN,
    SIGNS,
    SWITCHES,
)

DEEPEST = 12  # nesting beyond this is shown as it is written
LONGEST_ACCENTED = 8  # characters of an accent's argument, as written
SPECIAL = "\\$`~"  # a text without any of them is shown as it is
PLAIN = re.compile(r"[^\\${}^_~`']+")
NAME = re.compile(r"[A-Za-z]+")
SUPERSCRIPT_SIGNS = {"∘": "°", "°": "°", "′": "′", "″": "″", "∗": "*", "*": "*", "†": "†", "‡": "‡"}
# Bidirectional controls turn the text around them; zero-width signs and soft hyphens split words unseen.
UNSEEN = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD]
    + [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    + [code for code in [*range(0x20), *range(0x7F, 0xA0)] if not chr(code).isspace()]
)


def readable(text: str) -> str:
    """The text in one line as a reader sees it: `$3 \\times 2^{15}$` is `3 × 2¹⁵`, `{\\"o}` is `ö`.

    Dollars enclose mathematics by the rule of `pairs.formulas`: "costs $5 to $10 per run" stays. Outside of
    mathematics an unknown command without argument stays as written, within it its name is shown; of an unknown
    command with an argument the argument. Whatever is not closed is shown as written. Never raises.
    """
    line = " ".join(unicodedata.normalize("NFC", text.translate(UNSEEN)).split())
    if not any(sign in line for sign in SPECIAL):
        return line
    return " ".join(_Tex(line).read(0, _Frame(len(line), math=False, depth=0)).split())


class _Frame(NamedTuple):
    """The piece that is being read: where it ends, and how."""

    end: int
    math: bool
    depth: int

    def within(self, end: int, *, math: bool) -> _Frame:
        return _Frame(end, math, self.depth + 1)


class _Span(NamedTuple):
    """The place of an argument, and where the text goes on."""

    start: int
    stop: int
    after: int


Read = tuple[str, int]  # what is seen, and where the text goes on


class _Tex:
    def __init__(self, text: str) -> None:
        self.text = text
        self.closing = pairs(text)
        self.formulas = {formula.start: formula for formula in formulas(text)}
        self.special: dict[str, Callable[[int, _Frame], Read]] = {
            "\\": self._command,
            "$": self._dollar,
            "{": self._group,
            "}": self._as_written,
            "^": self._script,
            "_": self._script,
            "~": self._tie,
            "`": self._quote,
            "'": self._quote,
        }

    def read(self, start: int, frame: _Frame) -> str:
        if frame.depth > DEEPEST:
            return self.text[start : frame.end]
        pieces: list[str] = []
        place = start
        while place < frame.end:
            plain = PLAIN.match(self.text, place, frame.end)
            if plain:
                pieces.append(plain[0])
                place = plain.end()
                continue
            piece, place = self.special[self.text[place]](place, frame)
            pieces.append(piece)
        return "".join(pieces)

    def _inside(self, span: _Span, frame: _Frame, *, math: bool) -> Read:
        return self.read(span.start, frame.within(span.stop, math=math)), span.after

    def _close(self, place: int) -> int:
        return self.closing.get(place, len(self.text))

    def _as_written(self, place: int, _frame: _Frame) -> Read:
        return self.text[place], place + 1

    def _dollar(self, place: int, frame: _Frame) -> Read:
        formula = self.formulas.get(place)
        if formula is None or formula.after > frame.end:
            return "$", place + 1
        return self._inside(_Span(formula.inner, formula.stop, formula.after), frame, math=True)

    def _group(self, place: int, frame: _Frame) -> Read:
        """A group loses its brackets in mathematics, and elsewhere where it serves a command: {\\it vs.}."""
        close = self._close(place)
        if close >= frame.end or not (frame.math or self.text[place + 1] == "\\"):
            return "{", place + 1
        return self._inside(_Span(place + 1, close, close + 1), frame, math=frame.math)

    def _tie(self, place: int, frame: _Frame) -> Read:
        """A tie is a space between words; the sign of "~10 %" stays."""
        before, after = self.text[max(place - 1, 0)], self.text[place + 1 : min(place + 2, frame.end)]
        tied = (before.isalpha() or before == ".") and (after.isalnum() or after in ("\\", "$"))
        return (" " if frame.math or tied else "~"), place + 1

    def _quote(self, place: int, frame: _Frame) -> Read:
        sign = self.text[place]
        run = place
        while run < frame.end and self.text[run] == sign:
            run += 1
        if frame.math:
            return ("′" if sign == "'" else sign) * (run - place), run
        if run - place == 2:
            return ("“" if sign == "`" else "”"), run
        return sign * (run - place), run

    def _span(self, place: int, frame: _Frame) -> _Span | None:
        """Where the argument that begins here (after spaces) stands; None where there is none.

        Found before it is read, so that an argument that turns out useless is never read twice.
        """
        while place < frame.end and self.text[place] == " ":
            place += 1
        if place >= frame.end or self.text[place] in "}$^_":
            return None
        if self.text[place] == "{":
            close = self._close(place)
            return _Span(place + 1, close, close + 1) if close < frame.end else None
        if self.text[place] != "\\":
            return _Span(place, place + 1, place + 1)
        name = NAME.match(self.text, place + 1, frame.end)
        after = name.end() if name else min(place + 2, frame.end)
        if name and name[0] in SHOWN and self.text[after : after + 1] == "{":
            after = min(self.closing.get(after, after - 1) + 1, frame.end)
        return _Span(place, after, after)

    def _braced(self, place: int, frame: _Frame) -> _Span | None:
        return self._span(place, frame) if self.text[place : min(place + 1, frame.end)] == "{" else None

    def _script(self, place: int, frame: _Frame) -> Read:
        """Digits and signs are raised or lowered; whatever else keeps its ^ or _."""
        sign = self.text[place]
        span = self._span(place + 1, frame) if frame.math else None
        if span is None:
            return sign, place + 1
        content, after = self._inside(span, frame, math=True)
        content = content.strip()
        if sign == "^" and content in SUPERSCRIPT_SIGNS:
            return SUPERSCRIPT_SIGNS[content], after
        moved = content.translate(RAISED if sign == "^" else LOWERED)
        if content and not set(moved) & set(content):
            return moved, after
        return (f"{sign}{content}" if content.isalnum() else f"{sign}({content})"), after

    def _command(self, place: int, frame: _Frame) -> Read:
        name = NAME.match(self.text, place + 1, frame.end)
        if name:
            return self._word(name, frame)
        sign = self.text[place + 1 : min(place + 2, frame.end)]
        after = place + 1 + len(sign)
        if sign in ACCENTS:
            return self._accented(sign, after, frame)
        close = self._close(place)
        if sign in ("(", "[") and close < frame.end:
            return self._inside(_Span(after, close, close + 2), frame, math=True)
        return CHARACTERS.get(sign, self.text[place:after]), after

    def _accented(self, name: str, after: int, frame: _Frame) -> Read:
        """A letter with its accent; as written where there is no such letter."""
        if self._is_apostrophe(name, after, frame):
            return "'", after
        apart = not name.isalpha() and self.text[after : after + 1] == " "
        span = None if apart else self._span(after, frame)
        if span is None or span.stop - span.start > LONGEST_ACCENTED:
            return f"\\{name}", after
        letter, further = self._inside(span, frame, math=False)
        letter = {"ı": "i", "ȷ": "j"}.get(letter, letter)
        accented = unicodedata.normalize("NFC", letter[:1] + ACCENTS[name]) + letter[1:]
        return (accented, further) if letter and len(accented) == len(letter) else (f"\\{name}", after)

    def _is_apostrophe(self, name: str, after: int, frame: _Frame) -> bool:
        """`it\\'s` is a badly escaped apostrophe and no accent."""
        if name != "'" or not self.text[max(after - 3, 0)].isalpha():
            return False
        follows = self.text[after : min(after + 2, frame.end)]
        return follows[:1] in ("s", "t") and not (follows[1:].isalpha() or follows[1:] == "\\")

    def _word(self, found: re.Match[str], frame: _Frame) -> Read:
        """A command with a name."""
        name, after = found[0], found.end()
        spaced = after + (self.text[after : min(after + 1, frame.end)] == " ")
        if name in DROPPED:
            return self._dropped(name, after, frame)
        if name in SWITCHES:
            return "", spaced
        if name in SIGNS:
            # TeX takes the space after a letter's name: "S\o rensen" is Sørensen; a sign keeps its spaces.
            return SIGNS[name], spaced if SIGNS[name].isalpha() and not frame.math else after
        if name in ACCENTS and not frame.math:
            return self._accented(name, after, frame)
        return (name, after) if name in FUNCTIONS else self._argued(name, after, frame)

    def _dropped(self, name: str, after: int, frame: _Frame) -> Read:
        """Without the arguments that nobody reads; of a coloured text or a link the second one is read."""
        for _ in range(DROPPED[name]):
            span = self._braced(after, frame)
            after = span.after if span else after
        shown = self._braced(after, frame) if name in RECOLOURED else None
        return self._inside(shown, frame, math=frame.math) if shown else ("", after)

    def _argued(self, name: str, after: int, frame: _Frame) -> Read:
        if name in ("frac", "dfrac", "tfrac", "binom"):
            return self._fraction(name, after, frame)
        bare = frame.math and (name in SHOWN or name in ("sqrt", "mathbb"))
        span = self._span(after, frame) if bare else self._braced(after, frame)
        if span is None:
            return (name if frame.math else f"\\{name}"), after
        math = frame.math and not name.startswith("text") and name not in ("mbox", "hbox", "url")
        content, further = self._inside(span, frame, math=math)
        if name == "sqrt":
            content = f"√{content}" if content.isalnum() else f"√({content})"
        return (content.translate(DOUBLE_STRUCK) if name == "mathbb" else content), further

    def _fraction(self, name: str, after: int, frame: _Frame) -> Read:
        over = self._span(after, frame)
        under = self._span(over.after, frame) if over else None
        if over is None or under is None:
            return f"\\{name}", after
        parts = [self._inside(part, frame, math=True)[0] for part in (over, under)]
        return "/".join(part if part.isalnum() else f"({part})" for part in parts), under.after
