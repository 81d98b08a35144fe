"""What one part of a mail may name, and what is known inside its repetitions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# what is known inside a repetition, and nowhere else unless HERE_TOO says so
_ROWS: Mapping[str, frozenset[str]] = {
    "missing": frozenset({"date", "page"}),
    "contents": frozenset({"anchor", "topic", "count", "number", "lead", "numbered"}),
    "near": frozenset({"lead", "page", "lacks"}),
    "also": frozenset({"topic"}),
    "wanted": frozenset({"topic", "query", "cadence", "is_slower"}),
    "raised": frozenset(
        {"what", "at", "page", "said", "titles", "seen", "before", "believe"}
        | {"has_said", "has_titles", "has_counts", "is_doubt", "is_failing", "is_channel", "is_letter"}
    ),
    "over": frozenset({"what", "at", "page"}),
}
_HERE_TOO = frozenset({"lead"})


@dataclass(frozen=True)
class Names:
    """What one part may name: slots, conditions and repetitions, each with what it says."""

    slots: Mapping[str, str]
    conditions: Mapping[str, str]
    repetitions: Mapping[str, str]

    def rows(self, repetition: str) -> frozenset[str]:
        """The slots and conditions that are known inside one of its repetitions."""
        return _ROWS[repetition]

    def everywhere(self) -> frozenset[str]:
        """The slots and conditions that are known in the whole part."""
        inside = frozenset[str]().union(*(_ROWS[name] for name in self.repetitions)) - _HERE_TOO
        return frozenset({*self.slots, *self.conditions}) - inside
