"""The facts of changes by number, read when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from digest.models import Change
from digest.sources.listing import Facts


class ChangeFacts(Mapping[int, Facts]):
    """A mapping from change number to facts, over the change log. KeyError for a number that is none."""

    def __init__(self, known: Mapping[int, Facts] | None = None) -> None:
        self._known: dict[int, Facts] = dict(known or {})

    def load(self, numbers: Iterable[int]) -> None:
        """Read many at once."""
        wanted = set(numbers) - self._known.keys()
        rows = Change.objects.filter(number__in=wanted).values_list("number", "facts", "at") if wanted else ()
        self._known.update((number, Facts.from_json(facts, at.date())) for number, facts, at in rows)

    def __getitem__(self, number: int) -> Facts:
        if number not in self._known:
            self.load([number])
        return self._known[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
