"""What stands in a name: signs that are seen, and the joiners that scripts and emoji are written with. Pure."""

from __future__ import annotations

import re

JOINERS = "\u200c\u200d"  # U+200C keeps letters apart (Persian), U+200D makes one sign of several (👩‍💻)
_LOOSE = re.compile(rf"(?<!\S)[{JOINERS}]+|[{JOINERS}]+(?!\S)|(?<=[{JOINERS}])[{JOINERS}]+")


def one_line(text: str) -> str:
    """A name in one line, without signs that nobody sees; a joiner stays between what it joins."""
    seen = "".join(sign if may_stand(sign) else " " for sign in text)
    return " ".join(_LOOSE.sub("", seen).split())


def may_stand(sign: str) -> bool:
    """Whether a sign may be part of a name."""
    return sign.isprintable() or sign in JOINERS
