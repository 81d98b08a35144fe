"""What is said about a filter text that can't be read. Pure."""

from __future__ import annotations


class QueryError(ValueError):
    """A filter text can't be read: what is wrong, where (character, from 0), and how to mend it."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


def caret(text: str, position: int) -> str:
    """The text in one line, and under it a caret at the position."""
    line = "".join(" " if sign.isspace() or not sign.isprintable() else sign for sign in text)
    return f"{line}\n{' ' * max(0, min(position, len(line)))}^"
