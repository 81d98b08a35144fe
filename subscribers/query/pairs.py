"""Where what opens in a TeX text closes, and which dollars enclose mathematics. Pure, linear."""

from __future__ import annotations

import re

SIGN = re.compile(r"\\.?|[{}$]", re.DOTALL)  # a backslash takes the sign behind it along
CLOSERS = {"(": ")", "[": "]"}


def pairs(text: str) -> dict[int, int]:
    """Where what opens at a place closes: `{` to `}`, `\\(` to `\\)`, `\\[` to `\\]`, `$` to the next `$`."""
    closing: dict[int, int] = {}
    groups: list[int] = []
    formulas: dict[str, int] = {}
    dollar = -1
    for found in SIGN.finditer(text):
        place, sign = found.start(), found[0][0]
        if sign == "\\":
            _formula(found[0][1:], place, formulas, closing)
        elif sign == "{":
            groups.append(place)
        elif sign == "}" and groups:
            closing[groups.pop()] = place
        elif sign == "$":
            closing[dollar] = place
            dollar = place
    return closing


def _formula(sign: str, place: int, opened: dict[str, int], closing: dict[int, int]) -> None:
    if sign in CLOSERS:
        opened[CLOSERS[sign]] = place
    elif sign in opened:
        closing[opened.pop(sign)] = place


def is_math(content: str, after: str) -> bool:
    """Do the dollars around `content`, with `after` behind them, enclose mathematics? Or are they prices?"""
    if not content.strip() or after.isdigit():
        return False
    if any(sign in content for sign in "\\^_{"):
        return True
    if content[0].isspace() or content[-1].isspace():
        return False
    words = sum(word.strip(".,;:!?()").isalpha() and len(word) > 1 for word in content.split())
    return words < (1 if content[0].isdigit() else 2)
