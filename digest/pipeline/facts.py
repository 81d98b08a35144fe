"""The facts of changes by number, and of which paper they are, read when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from digest.models import Change
from digest.sources.listing import Facts


class ChangeFacts(Mapping[int, Facts]):
    """A mapping from change number to facts, over the change log. KeyError for a number that is none."""

    def __init__(self, known: Mapping[int, Facts] | None = None, papers: Mapping[int, int] | None = None) -> None:
        self._known: dict[int, Facts] = dict(known or {})
        self._papers: dict[int, int] = dict(papers or {})
        self._expected: Callable[[], Iterable[int]] = tuple

    def expect(self, numbers: Callable[[], Iterable[int]]) -> None:
        """Which will be asked for: they are read together when one of them is not there yet."""
        self._expected = numbers

    def load(self, numbers: Iterable[int]) -> None:
        """Read many at once."""
        wanted = set(numbers) - self._known.keys()
        rows = Change.objects.filter(number__in=wanted).values_list("number", "facts", "at") if wanted else ()
        self._known.update((number, Facts.from_json(facts, at.date())) for number, facts, at in rows)

    def paper(self, number: int) -> int:
        """The paper that a change is of, or was merged into: it stays the same when its key does not."""
        if number not in self._papers:
            paper, into = Change.objects.values_list("paper_id", "paper__merged_into").get(number=number)
            self._papers[number] = into or paper
        return self._papers[number]

    def __getitem__(self, number: int) -> Facts:
        if number not in self._known:
            expected, self._expected = self._expected, tuple
            self.load([number, *expected()])
        return self._known[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
