"""A term as it was typed, and what to tell its reader. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """A term as typed: its text without quotes, its place, and what stands around it."""

    text: str
    position: int
    field: str = ""
    quoted: bool = False
    exact: bool = False
    within: int | None = None

    @property
    def marked(self) -> bool:
        """Has it a sign that only words take, `=` or `~5`?"""
        return self.exact or self.within is not None


@dataclass(slots=True)
class Notes:
    """What to tell the reader: notices (rewritten spellings) and warnings (valid, but odd)."""

    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def notice(self, text: str) -> None:
        if text and text not in self.notices:
            self.notices.append(text)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
