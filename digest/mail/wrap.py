"""Lines of the text part: at most 72 columns, as a terminal shows them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from digest.mail.foreign import RESERVED, is_wide

WIDTH = 72
# A line of marked text leaves room for the stars of three marks.
MARKED_WIDTH = WIDTH - 6

_RESERVED = f"[{chr(RESERVED.start)}-{chr(RESERVED.stop - 1)}]"
_MARKS = re.compile(_RESERVED)
# What may not be broken in a script without spaces: a markable word, a run of ASCII, one other character.
_UNIT = re.compile(f"{_RESERVED}[^{_RESERVED[1:-1]}]*{_RESERVED}|[ -~]+|.", re.DOTALL)


def columns(text: str) -> int:
    """The columns that a text takes; our own marks and combining marks take none."""
    shown = text if text.isascii() else _MARKS.sub("", text)
    return len(shown) if shown.isascii() else sum(map(_columns, shown))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if is_wide(letter) else 1


def wrap(text: str, indent: int = 0, width: int = WIDTH) -> str:
    """The text in lines of at most `width` columns; all but the first begin with `indent` spaces.

    The first line is taken to stand behind `indent` columns as well. A word that is wider (a URL) stays whole,
    unless its script is written without spaces.
    """
    room = width - indent
    if text.isascii() and "  " not in text and text == text.strip(" "):
        return f"\n{' ' * indent}".join(_plain_lines(text, room))
    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        for space, unit, size in _units(word, room):
            gap = space if line else ""
            if line and used + len(gap) + size > room:
                lines.append(line)
                line, used, gap = "", 0, ""
            line, used = line + gap + unit, used + len(gap) + size
    return f"\n{' ' * indent}".join([*lines, line])


def _plain_lines(text: str, room: int) -> list[str]:
    """The same for ASCII without spaces beside spaces, which is most of what there is."""
    lines: list[str] = []
    while len(text) > room:
        end = text.rfind(" ", 0, room + 1)
        if end < 0:
            end = text.find(" ", room)
        if end < 0:
            break
        lines.append(text[:end])
        text = text[end + 1 :]
    return [*lines, text]


def _units(word: str, room: int) -> Iterator[tuple[str, str, int]]:
    """(space before it, text, columns) of what must stay together in one line."""
    size = columns(word)
    if size <= room or not any(map(is_wide, word)):
        yield " ", word, size
        return
    space = " "
    for unit in _letters(word):
        yield space, unit, columns(unit)
        space = ""


def _letters(word: str) -> list[str]:
    units: list[str] = []
    for unit in _UNIT.findall(word):
        if units and _stays(unit[0]):
            units[-1] += unit
        else:
            units.append(unit)
    return units


def _stays(letter: str) -> bool:
    """Whether the character may not begin a line: a combining mark, a full stop, a closing bracket."""
    return unicodedata.category(letter) in ("Mn", "Mc", "Me", "Pe", "Pf", "Po")
